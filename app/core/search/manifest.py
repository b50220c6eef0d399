"""Search, declared."""

from flask_babel import lazy_gettext as _l

from app.core.search import models  # noqa: F401 -- the tables belong to the schema
from app.kernel.manifest import Module

module = Module("search", label=_l("Search"), icon="search", section="settings")
