"""Sign-in providers and domains, as records that an administrator keeps."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.sso import domains, providers
from app.core.sso.models import Domain, Provider, ProviderGroup
from app.kernel.manifest import Action, Lines, Module, Resource, Setting

sources = Resource(
    Provider,
    columns=("name", "kind", "address", "joining", "active"),
    filters=("kind", "active"),
    search={"name": "A", "address": "B"},
    form={_l("Provider"): ("name", "kind", "active"),
          _l("Where it is"): ("address", "client_id", "metadata_xml", "search_base", "groups_base", "groups_filter", "authority"),
          _l("Who comes in"): ("joining", "role", "groups_in")},
    lines=Lines(ProviderGroup, "provider", ("group", "role"), _l("Roles by group"), maximum=100),
    importable=False,
    sort="name",
    title="name",
    subtitle=("kind",),
    icon="key-round",
    before_save=providers.before_save,
    actions=(Action("set_secret", providers.set_secret, label=_l("Set the secret"), done="set_secret",
                    said=_l("%(name)s set the secret of %(record)s"), form=providers.Secret, when=providers.has_client, icon="lock"),
             Action("new_key", providers.new_key, label=_l("Make a new key pair"), done="new_key",
                    said=_l("%(name)s made a new key pair for %(record)s"), when=providers.has_key, icon="key-round",
                    tone="danger")),
)

places = Resource(
    Domain,
    columns=("name", "confirmed_at"),
    search={"name": "A"},
    form={_l("Domain"): ("name",)},
    importable=False,
    sort="name",
    title="name",
    icon="at-sign",
    before_save=domains.before_save,
    actions=(Action("ask", domains.ask, label=_l("Send a code"), done="asked", said=_l("%(name)s asked for the confirmation of %(record)s"),
                    form=domains.Asking, when=domains.may_be_confirmed, icon="mail"),
             Action("confirm", domains.confirm, label=_l("Confirm"), done="confirmed", said=_l("%(name)s confirmed %(record)s"),
                    form=domains.Confirming, when=domains.may_be_confirmed, icon="badge-check")),
)

module = Module("sso", label=_l("Single sign-on"), icon="key-round", section="security", resources=(sources, places),
                settings=(Setting("auth.sso_only", _l("Single sign-on only"), "text", "", options=providers.exceptions,
                                  help=_l("Passwords and passkeys then open this organisation for nobody but the owner named here, for "
                                          "the day on which the provider is out of order.")),),
                says={"sso.sign_in": _l("%(name)s signed in through a provider"), "sso.link.made": _l("%(name)s linked %(record)s"),
                      "sso.link.removed": _l("%(name)s removed a way in"),
                      "sso.proof": _l("%(name)s confirmed through a provider that it is them"),
                      "sso.provider.join": _l("%(name)s joined")})
