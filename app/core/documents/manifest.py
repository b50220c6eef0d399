"""Document templates, declared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.documents import services
from app.core.documents.models import DocumentTemplate, DocumentVersion
from app.kernel.manifest import Action, Module, Related, Resource

templates = Resource(
    DocumentTemplate,
    columns=("name", "subject", "scope", "kind", "language", "active", "edition"),
    filters=("kind", "language", "active"),
    facts=("name", "subject", "scope", "kind", "language", "active", "edition"),
    search={"name": "A"},
    form={_l("Document template"): ("name", "subject", "scope", "kind", "language", "active")},
    importable=False,
    sort="name",
    title="name",
    subtitle=("kind", "scope"),
    icon="file-text",
    empty=_l("A template is a Word or Excel file of yours with variables in it: name it here, then upload the file."),
    before_save=services.before_save,
    related=(Related("documents.version", "template", _l("Versions")),),
    actions=(Action("upload", services.upload, label=_l("Upload a file"), done="uploaded",
                    said=_l("%(name)s uploaded a file for %(record)s"), form=services.Upload, icon="upload", tone="primary"),),
)

versions = Resource(
    DocumentVersion,
    columns=("reference", "template", "edition", "file_name", "note", "created_at"),
    filters=("template",),
    facts=("template", "edition", "file_name", "note"),
    search={"file_name": "B"},
    importable=False,
    exportable=False,
    creatable=False,
    editable=False,
    sort="-reference",
    title="file_name",
    subtitle=("template", "edition"),
    icon="history",
    menu=False,
)

module = Module(
    "documents", label=_l("Document templates"), icon="file-text", section="organisation", resources=(templates, versions),
    screens=("app.core.documents.views",),
)
