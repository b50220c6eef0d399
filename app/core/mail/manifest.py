"""Mail, declared."""

from flask_babel import lazy_gettext as _l

from app.core.mail import blocking, providers
from app.core.mail.models import Block, Provider
from app.kernel.manifest import Action, MenuItem, Module, Resource, Setting

ways = Resource(
    Provider,
    columns=("name", "kind", "place", "per_minute", "active"),
    filters=("kind", "active"),
    search={"name": "A", "address": "B", "account": "B"},
    form={_l("Mail provider"): ("name", "kind", "place", "active", "per_minute"), _l("Where it is"): ("address", "account", "region")},
    importable=False,
    sort="place",
    title="name",
    subtitle=("kind",),
    icon="mail",
    before_save=providers.before_save,
    actions=(Action("set_secret", providers.set_secret, label=_l("Set the secret"), done="set_secret",
                    said=_l("%(name)s set the secret of %(record)s"), form=providers.Secret, icon="lock"),),
)

blocks = Resource(
    Block,
    columns=("address", "reason", "said", "created_at"),
    filters=("reason",),
    search={"address": "A", "said": "C"},
    form={_l("Blocked address"): ("address", "reason", "said")},
    import_key="address",
    sort="address",
    title="address",
    subtitle=("reason",),
    icon="ban",
    before_save=blocking.before_save,
)

module = Module(
    "mail", label=_l("Mail"), icon="mail", section="core", resources=(ways, blocks),
    settings=(Setting("mail.sender", _l("Sender's address"), "text", "",
                      help=_l("What mail comes from; empty for this installation's own.")),
              Setting("mail.test_address", _l("Test mode: all mail goes to"), "text", "",
                      help=_l("As long as an address stands here, nobody else gets mail. The mail says whom it was for."))),
    menu=(MenuItem("mail", _l("Mail log"), "mail", "letters.log", section="core", permission="mail.message.view"),),
)
