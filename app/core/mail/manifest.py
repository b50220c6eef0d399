"""Mail, declared."""

from flask_babel import lazy_gettext as _l

from app.core.mail import blocking, opening, providers, replies, signing, trying, wordings
from app.core.mail.models import Block, Provider, SigningDomain, Wording
from app.kernel.manifest import Action, MenuItem, Module, Resource, Setting, every

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

templates = Resource(
    Wording,
    columns=("subject", "kind", "language", "active"),
    filters=("kind", "language", "active"),
    search={"subject": "A", "body": "C"},
    form={_l("Mail template"): ("kind", "language", "active"), _l("Words"): ("subject", "body", "button")},
    importable=False,
    sort="subject",
    title="subject",
    subtitle=("kind", "language"),
    icon="file-text",
    before_save=wordings.before_save,
    actions=(Action("test", trying.send_test, label=_l("Send me a test"), done="tested",
                    said=_l("%(name)s sent a test of %(record)s"), icon="mail"),),
)

signers = Resource(
    SigningDomain,
    columns=("name", "selector", "active", "record_name"),
    filters=("active",),
    search={"name": "A"},
    form={_l("Signing domain"): ("name", "selector", "active")},
    importable=False,
    sort="name",
    title="name",
    subtitle=("selector",),
    icon="badge-check",
    before_save=signing.before_save,
    actions=(Action("make_key", signing.make_key, label=_l("Make a key"), done="made_key",
                    said=_l("%(name)s made a key for %(record)s"), icon="key-round", tone="danger"),),
)

module = Module(
    "mail", label=_l("Mail"), icon="mail", section="messages", resources=(ways, blocks, templates, signers),
    settings=(Setting("mail.sender", _l("Sender's address"), "text", "",
                      help=_l("What mail comes from; empty for this installation's own.")),
              Setting("mail.test_address", _l("Test mode: all mail goes to"), "text", "",
                      help=_l("As long as an address stands here, nobody else gets mail. The mail says whom it was for.")),
              Setting(opening.SETTING, _l("Note when mails are opened"), "boolean", False,
                      help=_l("Only of readers who agreed to it, and never of mail about security."))),
    schedule=(every(30, replies.call, once=True),),
    menu=(MenuItem("mail", _l("Mail log"), "mail", "letters.log", section="messages", permission="mail.message.view"),),
)
