"""What the sign-in functions say about a request: who it is, for which organisation, with which rights."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import current_app, request
from flask_login import UserMixin
from sqlalchemy import text

from app.core import audit
from app.core.auth import apps, passes, sessions, tokens
from app.core.auth.scopes import narrowed, spread
from app.core.auth.secrets import hash_secret
from app.core.auth.source import source_address
from app.core.auth.workspaces import WORK_FOR
from app.core.people import actor_from
from app.kernel import clock, limits
from app.kernel.current import Actor, Impersonator, Organisation, Service
from app.kernel.db import session
from app.kernel.registry import registry

_ENTER = text("SELECT proof, rights FROM auth_enter(:kind, :secret, :address, :now)")
MACHINES = {"/api/": "api", "/scim/": "scim"}
KEPT = ("create", "edit", "archive")
REFUSED = limits.Limit("refused token", 10)  # how often a token's refusal stands in the trail


@dataclass(frozen=True)
class Credentials:
    """What a request brought along: `session` or `token` and the hash of the secret; or what a pass proved and whose it is, by id."""

    kind: str
    secret_hash: str


@dataclass(frozen=True)
class Entry(UserMixin):  # type: ignore[misc]
    """Who came in. `organisation` and `actor` are None when the address asked for is none of theirs.

    `elsewhere` is the organisation that wants its own provider to vouch, though they belong to it.
    """

    identity_id: UUID
    session_id: UUID | None = None
    token_id: UUID | None = None
    last_seen: datetime | None = None
    last_organisation: UUID | None = None
    organisation: Organisation | None = None
    actor: Actor | None = None
    stage: str = "full"
    method: str = ""
    factor: str = ""
    proved_at: datetime | None = None
    enrol_by: datetime | None = None
    confined_to: UUID | None = None
    elsewhere: str = ""
    scopes: tuple[str, ...] = ()
    last_from: str = ""

    @property
    def is_app(self) -> bool:
        """Whether an app came in with a pass, rather than a browser with its cookie."""
        return self.session_id is not None and bool(self.scopes)

    @property
    def id(self) -> str:
        """What Flask-Login calls the user's id."""
        return str(self.identity_id)


def cookie_name() -> str:
    """The name of the cookie that holds a session's secret."""
    return str(current_app.extensions["settings"].cookie("session"))


def is_for_machines() -> bool:
    """Whether the request is to the API."""
    return way_in() != "page"


def way_in() -> str:
    """The channel by which the request comes: `page`, `api` or `scim`."""
    return next((name for start, name in MACHINES.items() if request.path.startswith(start)), "page")


def credentials() -> Credentials | None:
    """The token (to the API only) or the session's cookie that the request brought along."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if is_for_machines() and scheme.lower() == "bearer":
        secret = secret.strip()
        return _bearer(secret) if secret else None
    secret = request.cookies.get(cookie_name(), "")
    return Credentials("session", hash_secret(secret)) if secret else None


def _bearer(secret: str) -> Credentials | None:
    if not passes.is_shaped_like(secret):
        return Credentials("token", hash_secret(secret))
    found = passes.read(secret)
    return Credentials(found.kind, str(found.id)) if found else None


def enter(given: Credentials, slug: str | None) -> Entry | None:
    """Ask the one function; None when the session or token is dead, or its identity disabled."""
    row = session().execute(_ENTER, {"kind": given.kind, "secret": given.secret_hash, "address": slug, "now": clock.now()}).one()
    if row.proof is None or _is_refused(row.proof):
        return None
    organisation, actor = _understood(row.rights, tuple(row.proof.get("scopes") or ())) if row.rights else (None, None)
    return _entry(row.proof, organisation, actor)


def _is_refused(proof: dict[str, Any]) -> bool:
    """Whether a token that is known is not let in: it is over, or comes from where it may not. The trail alone tells why."""
    reason = proof.get("dead") or ("" if tokens.is_allowed_from(proof.get("addresses") or (), source_address()) else "address")
    if reason and limits.count(REFUSED, proof["token"]).left >= 0:
        audit.note("auth.token.refused", result="refused", resource="auth.token", record_id=UUID(proof["token"]), apart=True,
                   organisation_id=UUID(proof["place"]), context={"reason": reason, "source": source_address()})
    return bool(reason)


def _entry(proof: dict[str, Any], organisation: Organisation | None, actor: Actor | None) -> Entry:
    return Entry(UUID(proof["identity"]), _id(proof.get("session")), _id(proof.get("token")), _moment(proof.get("seen")),
                 _id(proof.get("organisation")), organisation, actor, proof.get("stage", "full"), proof.get("method", ""),
                 proof.get("factor", ""), _moment(proof.get("proved")), _moment(proof.get("enrol_by")), _id(proof.get("confined")),
                 proof.get("elsewhere", ""), tuple(proof.get("scopes") or ()), proof.get("from", ""))


def note_use(entry: Entry) -> None:
    """Note that the session or token is in use, once a minute at most."""
    place = entry.organisation.id if entry.organisation else None
    if entry.is_app and entry.session_id:
        apps.seen(entry.session_id, entry.identity_id, entry.last_seen, place)
    elif entry.session_id and entry.last_seen:
        sessions.seen(entry.session_id, entry.identity_id, entry.last_seen, place, moved=place != entry.last_organisation)
    elif entry.token_id:
        tokens.seen(entry.token_id, entry.last_seen, entry.last_from, source_address())


@lru_cache(maxsize=4096)
def _understood(rights: str, scopes: tuple[str, ...]) -> tuple[Organisation, Actor | None]:
    """The same text means the same rights, so an actor keeps what it has worked out; another text is another actor."""
    found: dict[str, Any] = json.loads(rights)
    actor: Actor | None = actor_from(found["member"])
    if "home" in found and not actor_from(found["home"]).grants_of(WORK_FOR):
        actor = None  # their own organisation lets them work for its clients no more
    if scopes and actor:
        actor = replace(actor, grants=narrowed(actor.grants, spread(scopes)), token=spread(scopes))
    if (service := found["member"].get("service")) and actor:
        actor = replace(actor, service=Service(UUID(service["id"]), service["name"]))
    if "case" in found and actor:
        actor = _impersonated(actor, actor_from(found["by"]), found["case"])
    place = found["organisation"]
    return Organisation(**{**place, "id": UUID(place["id"]), "languages": tuple(place["languages"])}), actor


def _impersonated(target: Actor, by: Actor, case: dict[str, Any]) -> Actor | None:
    """The target as `by` may be them: narrowed like a token, never to decide; None when `by` may impersonate no more."""
    if not by.grants_of("impersonation.impersonation.begin"):
        return None
    looks = case["reach"] != "act"
    patterns = reach_of_impersonation(looks_only=looks)
    behind = Impersonator(by.id, by.name, by.email, UUID(case["id"]), case["until"], looks)
    return replace(target, grants=narrowed(target.grants, patterns), token=patterns, impersonator=behind)


def reach_of_impersonation(*, looks_only: bool) -> tuple[str, ...]:
    """What an impersonator may do at most: look; with consent also keep records, short of what is decided, exported or imported."""
    if looks_only:
        return ("*.*.view",)
    kept = [f"{resource.key}.{verb}" for module in registry.modules.values() if module.section in ("business", "operations")
            for resource in module.resources for verb in KEPT + tuple(a.name for a in resource.actions if not a.approval)]
    return ("*.*.view", *kept)


def _id(raw: str | None) -> UUID | None:
    return UUID(raw) if raw else None


def _moment(raw: str | None) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None
