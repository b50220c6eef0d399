"""The audit trail, declared."""

from flask_babel import lazy_gettext as _l

from app.core.audit import models  # noqa: F401 -- the tables belong to the schema
from app.core.audit.sealing import seal_all
from app.kernel.manifest import MenuItem, Module, every

module = Module("audit", label=_l("Audit"), icon="scroll-text", section="settings", schedule=(every(2, seal_all),),
                menu=(MenuItem("audit", _l("Audit trail"), "scroll-text", "audit.trail", section="settings", permission="audit.entry.view",
                               keys="g u"),))
