"""The file service as the rest of the system knows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.files import models  # noqa: F401 -- its tables
from app.kernel.manifest import Module, Setting

module = Module(
    "files", label=_l("Files"), icon="folder", section="core",
    settings=(Setting("files.max_megabytes", _l("Largest file, in megabytes"), "integer", 25, minimum=1, maximum=100),),
)
