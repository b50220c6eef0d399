"""Sign-in providers and domains, as records that an administrator keeps."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.sso import domains, providers
from app.core.sso.models import Domain, Provider, ProviderGroup
from app.kernel.manifest import Action, Lines, Module, Resource

sources = Resource(
    Provider,
    columns=("name", "kind", "address", "joining", "active"),
    filters=("kind", "active"),
    search={"name": "A", "address": "B"},
    form={_l("Provider"): ("name", "kind", "active"),
          _l("Where it is"): ("address", "client_id", "metadata_xml", "search_base", "authority"),
          _l("Who comes in"): ("joining", "role", "groups_in")},
    lines=Lines(ProviderGroup, "provider", ("group", "role"), _l("Roles by group"), maximum=100),
    importable=False,
    sort="name",
    title="name",
    subtitle=("kind",),
    icon="key-round",
    before_save=providers.before_save,
    actions=(Action("set_secret", providers.set_secret, label=_l("Set the secret"), done="set_secret",
                    said=_l("%(name)s set the secret of %(record)s"), form=providers.Secret, when=providers.has_client, icon="lock"),),
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
)

module = Module("sso", label=_l("Single sign-on"), icon="key-round", section="settings", resources=(sources, places))
