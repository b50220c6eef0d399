"""Who vouches for people: the providers of an organisation, its domains, and whom a provider's people are here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, Index, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock, fields
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted


class Kind(Choices):
    """What a provider speaks; the first five are presets of OpenID Connect and OAuth 2."""

    OIDC = "oidc", _l("OpenID Connect")
    GOOGLE = "google", "Google"
    MICROSOFT = "microsoft", "Microsoft"
    GITHUB = "github", "GitHub"
    GITLAB = "gitlab", "GitLab"
    SAML = "saml", "SAML 2.0"
    LDAP = "ldap", "LDAP"
    DIRECTORY = "directory", "Active Directory"


DIRECTORY_KINDS = frozenset({"ldap", "directory"})
BY_ADDRESS = DIRECTORY_KINDS | {"oidc", "microsoft", "github", "gitlab"}  # Google has but one
BY_CLIENT = frozenset(each.value for each in Kind) - {"saml"}


class Joining(Choices):
    """Who becomes a member by signing in for the first time."""

    NOBODY = "nobody", _l("Nobody: members are invited")
    DOMAINS = "domains", _l("Whoever has an address of a confirmed domain")
    EVERYBODY = "everybody", _l("Everybody whom the provider lets in")


class Provider(Record):
    """A server that vouches for people of this organisation, and for nobody elsewhere."""

    __tablename__ = "sso_provider"
    __prefix__ = "SSO"
    __label__, __plural__, __slug__ = _l("Sign-in provider"), _l("Sign-in providers"), "providers"

    name: Mapped[str] = fields.text(_l("Name"), max_length=60, help=_l("Stands on the button: “Continue with …”."))
    kind: Mapped[Kind] = fields.choice(_l("Kind"), Kind, default=Kind.OIDC, extra={"samples": ("oidc", "google", "github", "gitlab")})
    active: Mapped[bool] = fields.boolean(_l("In use"), default=True)
    address: Mapped[str | None] = fields.text(
        _l("Address"), max_length=300, required=False, sortable=False, extra={"samples": ("https://login.example.org",)},
        shown_when=("kind", BY_ADDRESS), needed_when=DIRECTORY_KINDS | {"oidc", "microsoft"},
        help=_l("The issuer, the tenant's id (Microsoft), your own server (GitHub, GitLab), or ldaps://… (directories)."))
    client_id: Mapped[str | None] = fields.text(
        _l("Client"), max_length=300, required=False, sortable=False,
        shown_when=("kind", BY_CLIENT), needed_when=BY_CLIENT - DIRECTORY_KINDS,
        help=_l("The client's id as the provider gave it; for directories the DN of the account that searches."))
    metadata_xml: Mapped[str | None] = fields.long_text(
        _l("Metadata"), max_length=200_000, shown_when=("kind", frozenset({"saml"})), needed_when=frozenset({"saml"}),
        help=_l("SAML: the provider's metadata (XML)."))
    search_base: Mapped[str | None] = fields.text(
        _l("Search below"), max_length=300, required=False, sortable=False,
        shown_when=("kind", DIRECTORY_KINDS), needed_when=DIRECTORY_KINDS,
        help=_l("Directories: the DN below which people are, like ou=people,dc=example,dc=org."))
    groups_base: Mapped[str | None] = fields.text(
        _l("Search groups below"), max_length=300, required=False, sortable=False, shown_when=("kind", DIRECTORY_KINDS),
        help=_l("Directories whose people do not name their groups: the DN below which groups are, like ou=groups,dc=example,dc=org."))
    groups_filter: Mapped[str | None] = fields.text(
        _l("Groups of a person"), max_length=300, required=False, sortable=False, shown_when=("kind", DIRECTORY_KINDS),
        help=_l("The filter that finds them, with {dn} for the person. Left empty: by their members; in Active Directory those of nested "
                "groups too."))
    authority: Mapped[str | None] = fields.long_text(
        _l("Certificate authority"), max_length=20_000, shown_when=("kind", DIRECTORY_KINDS), extra={"samples": ("",)},
        help=_l("Directories: who signed the server's certificate (PEM)."))
    groups_in: Mapped[str | None] = fields.text(_l("Groups stand in"), max_length=120, required=False, sortable=False,
                                                help=_l("The claim or attribute that names groups, when it is not the usual one."))
    joining: Mapped[Joining] = fields.choice(_l("Who joins by signing in"), Joining, default=Joining.DOMAINS)
    role_id: Mapped[UUID | None] = fields.reference("role", _l("Role of who joins"), required=False)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"secret": True, "label": _l("Client secret")})
    certificate: Mapped[str | None] = mapped_column(Text, info={"label": _l("Certificate for encryption")})
    sealed_pair: Mapped[bytes | None] = mapped_column(LargeBinary, info={"secret": True, "label": _l("Private key for decryption")})


class ProviderGroup(Tenanted):
    """Whoever is in a group there has a role here, for as long as they are."""

    __tablename__ = "sso_group"
    __label__ = _l("Role by group")
    __audited__ = True

    provider_id: Mapped[UUID] = fields.reference("sso_provider", _l("Sign-in provider"))
    group: Mapped[str] = fields.text(_l("Group"), max_length=300, sortable=False)
    role_id: Mapped[UUID] = fields.reference("role", _l("Role"))


class Domain(Record):
    """A mail domain of the organisation; once confirmed, its people are led here and may join."""

    __tablename__ = "sso_domain"
    __prefix__ = "DOM"
    __label__, __plural__, __slug__ = _l("Domain"), _l("Domains"), "domains"

    name: Mapped[str] = fields.text(_l("Domain"), max_length=253, extra={"samples": tuple(f"sample-{n}.example" for n in range(997))})
    confirmed_at: Mapped[datetime | None] = fields.moment(_l("Confirmed"), required=False)
    mailbox: Mapped[str | None] = mapped_column(Text, info={"label": _l("Asked at")})
    asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"audited": False})


class Link(Tenanted):
    """Whom somebody at a provider is here: the provider's own name for them (`subject`) never changes, addresses do."""

    __tablename__ = "sso_link"

    provider_id: Mapped[UUID] = fields.reference("sso_provider", _l("Sign-in provider"))
    member_id: Mapped[UUID] = fields.reference("member", _l("Member"), groups=False)
    subject: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    given: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class Attempt(Tenanted):
    """A way to a provider and back: answered once, by the browser that set out."""

    __tablename__ = "sso_attempt"

    provider_id: Mapped[UUID] = fields.reference("sso_provider", _l("Sign-in provider"))
    state_hash: Mapped[str] = mapped_column(Text)
    browser_hash: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(Text)
    verifier: Mapped[str] = mapped_column(Text)
    wanted: Mapped[str] = mapped_column(Text)
    linking: Mapped[UUID | None] = mapped_column(Uuid)
    proving: Mapped[UUID | None] = mapped_column(Uuid)
    vouched: Mapped[UUID | None] = mapped_column(Uuid)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


_provider, _group, _domain = Provider.__table__, ProviderGroup.__table__, Domain.__table__
_link, _attempt = Link.__table__, Attempt.__table__
Index("uq_sso_provider_name", _provider.c.organisation_id, _provider.c.name_key, unique=True,
      postgresql_where=_provider.c.archived_at.is_(None))
Index("uq_sso_group_provider_id_group_role_id", _group.c.organisation_id, _group.c.provider_id, _group.c.group, _group.c.role_id,
      unique=True)
Index("uq_sso_domain_name", _domain.c.organisation_id, _domain.c.name_key, unique=True, postgresql_where=_domain.c.archived_at.is_(None))
# A mailbox of the domain answered for one organisation: no other can capture it as long as that stands.
Index("uq_sso_domain_confirmed", _domain.c.name, unique=True,
      postgresql_where=_domain.c.confirmed_at.isnot(None) & _domain.c.archived_at.is_(None))
Index("uq_sso_link_subject", _link.c.organisation_id, _link.c.provider_id, _link.c.subject, unique=True)
Index("uq_sso_attempt_state_hash", _attempt.c.organisation_id, _attempt.c.state_hash, unique=True)
_domain.info["gate"] = ("organisation_id", "name", "confirmed_at", "archived_at")
