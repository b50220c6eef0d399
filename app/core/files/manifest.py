"""The file service as the rest of the system knows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.files import models  # noqa: F401 -- its tables
from app.core.files.temporary import clear_away
from app.kernel.manifest import Module, Setting, Task, daily

module = Module(
    "files", label=_l("Files"), icon="folder", section="system",
    settings=(Setting("files.max_megabytes", _l("Largest file, in megabytes"), "integer", 25, minimum=1, maximum=100),),
    schedule=(daily("03:40", clear_away),), tasks=(Task("files.clear_away", _l("Delete old temporary files"), clear_away),),
)
