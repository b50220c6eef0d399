"""The end of an organisation, declared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.closing import gate  # noqa: F401 -- the functions are declared by being imported
from app.kernel.manifest import Module

module = Module(
    "closing", label=_l("Deletion of the organisation"), icon="trash-2", section="organisation",
    says={"platform.organisation.close": _l("%(name)s had %(record)s closed, to be deleted"),
          "platform.organisation.reopen": _l("%(name)s took back the deletion of %(record)s"),
          "platform.organisation.erase": _l("%(record)s was deleted with all that belonged to it"),
          "closing.organisation.export": _l("%(name)s took along everything of the organisation")})
