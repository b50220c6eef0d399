"""Tags, declared: whoever may change a record puts them on it, and an administrator keeps them in order."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.tags.merging import Merging, merge
from app.core.tags.models import Tag
from app.kernel.manifest import Action, Module, Resource

tags = Resource(
    Tag,
    columns=("title", "colour", "merged_into", "created_at"),
    filters=("colour", "created_at"),
    search={"title": "A"},
    form={_l("Tag"): ("title", "colour")},
    facts=("title", "colour", "merged_into"),
    import_key="title",
    sort="title",
    subtitle=("colour",),
    icon="tag",
    empty=_l("The first tag comes about on the page of a record, or is made here."),
    bulk_edit=("colour",),
    actions=(Action("merge", merge, label=_l("Merge"), done="merged", said=_l("%(name)s merged %(record)s into another tag"),
                    form=Merging, icon="tag"),),
)

module = Module("tags", label=_l("Tags"), icon="tag", section="organisation", resources=(tags,))
