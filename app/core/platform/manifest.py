"""The platform has tables, functions and screens, but no records."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.platform import gate, models  # noqa: F401 -- the tables and the functions are declared by being imported
from app.kernel.manifest import Module

module = Module("platform", label=_l("Platform"), icon="server", section="system",
                says={"platform.organisation.invite": _l("%(name)s invited the first owner of %(record)s"),
                      "platform.organisation.suspend": _l("%(name)s suspended %(record)s"),
                      "platform.organisation.resume": _l("%(name)s opened %(record)s again"),
                      "platform.setting.edit": _l("%(name)s changed a setting of the platform"),
                      "platform.admin.add": _l("%(name)s let somebody keep the platform"),
                      "platform.admin.end": _l("%(name)s took the platform from somebody")})
