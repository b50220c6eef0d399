"""Settings, declared."""

from flask_babel import lazy_gettext as _l

from app.core.settings import models  # noqa: F401 -- the table belongs to the schema
from app.kernel.manifest import MenuItem, Module

module = Module("settings", label=_l("Settings"), icon="settings", section="organisation",
                menu=(MenuItem("organisation_settings", _l("Organisation settings"), "sliders-horizontal", "settings.organisation",
                               section="organisation", permission="settings.setting.manage"),))
