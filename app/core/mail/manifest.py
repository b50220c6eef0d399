"""Mail, declared."""

from flask_babel import lazy_gettext as _l

from app.core.mail import models  # noqa: F401 -- the tables belong to the schema
from app.kernel.manifest import MenuItem, Module, Setting

module = Module(
    "mail", label=_l("Mail"), icon="mail", section="core",
    settings=(Setting("mail.sender", _l("Sender's address"), "text", "",
                      help=_l("What mail comes from; empty for this installation's own.")),),
    menu=(MenuItem("mail", _l("Mail log"), "mail", "mail.log", section="core", permission="mail.message.view"),),
)
