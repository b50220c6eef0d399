"""Step-up: what weighs much asks again who one is, by password or factor, and then goes on; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask, Response, flash, g, has_request_context, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import event, inspect, update
from sqlalchemy.orm import Session

from app.core.access.models import MemberGrant, Role, RoleGrant
from app.core.auth.entry import Entry
from app.core.auth.factors import passkeys, proving
from app.core.auth.factors.held import held_by
from app.core.auth.identities import verify_password
from app.core.auth.models import UserSession
from app.core.auth.source import source_address
from app.core.people import Member
from app.core.people.groups import GroupMember, GroupRole
from app.core.people.models import MemberRole
from app.core.settings.models import SettingValue
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import as_identity, session
from app.kernel.errors import Forbidden, Invalid, TooMany
from app.kernel.faults import refused
from app.kernel.frame import fill_slot
from app.kernel.preferences import page_shown, within
from app.kernel.rehearsal import rehearsing
from app.kernel.screens import screen

MINUTES, MARK = 10, "proof_of_you"
_weighty: dict[type[Any], tuple[str, ...]] = {
    MemberRole: (), MemberGrant: (), RoleGrant: (), GroupRole: (), GroupMember: (), Member: ("role_id",), Role: ("parent_id",),
    SettingValue: ()}
OWN = (MARK, "csrf_token", "proof", "proof_ticket", "proof_credential", "proof_way", "proof_name", "password", "next")


@dataclass(frozen=True)
class Way:
    """Another server that says who somebody is: at `url`; or, without one, by the name and password that it knows."""

    key: str
    name: str
    url: str = ""


_vouchers: list[tuple[Callable[[Entry], list[Way]], Callable[[Entry, str, str, str], None]]] = []


class ProofNeeded(Forbidden):
    """It must be made sure first who is asking."""


def recently_proved(minutes: int = MINUTES) -> bool:
    """Whether whoever is signed in proved who they are in the last minutes; a token never did."""
    entry = g.get("entry")
    proved = entry.proved_at if entry is not None and entry.session_id else None
    return proved is not None and clock.now() - proved < timedelta(minutes=minutes)


def require_proof(minutes: int = MINUTES) -> None:
    """Ask again who one is, unless that was proved in the last minutes. Raises `ProofNeeded`, which becomes the page that asks.

    Tokens and jobs cannot be asked; what they may do was decided when they were made.
    """
    entry = g.get("entry")
    if entry is not None and entry.session_id and not recently_proved(minutes):
        raise ProofNeeded(_("Confirm that it is you first."))


def vouched_by(ways: Callable[[Entry], list[Way]], confirm: Callable[[Entry, str, str, str], None]) -> None:
    """What stands above the sign-in knows who vouches for people: it names the `ways`, and can `confirm` one by name and password."""
    _vouchers[:] = [(ways, confirm)]


def is_you(identity_id: UUID | None, typed: str) -> bool:
    """Whether this is the password of the person, or a code of their authenticator. Counted like a sign-in; raises `TooMany`.

    Whom a provider let in is asked by that provider, and for no password of their own, which it could guess: raises `ProofNeeded`.
    """
    if identity_id is not None and _is_code(identity_id, typed):
        return True
    if _within() is not None:
        require_proof()
        return True
    return identity_id is not None and bool(typed) and not _looks_like_code(identity_id, typed) and verify_password(identity_id, typed)


def _is_code(identity_id: UUID, typed: str) -> bool:
    """Whether it is the code of the person's authenticator."""
    if not _looks_like_code(identity_id, typed):
        return False
    try:
        proving.prove(identity_id, "totp", "".join(typed.split()), source=source_address() if has_request_context() else "",
                      within=_within())
    except Invalid:
        return False
    return True


def _looks_like_code(identity_id: UUID, typed: str) -> bool:
    code = "".join(typed.split())
    return len(code) == 6 and code.isdigit() and "totp" in held_by(identity_id).kinds


def _within() -> UUID | None:
    entry: Entry | None = g.get("entry") if has_request_context() else None
    return entry.confined_to if entry is not None else None


def take(entry: Entry) -> None:
    """What came along as proof, looked at before the view is: the view then runs with what was asked at first."""
    if request.method != "POST" or MARK not in request.form or entry.session_id is None:
        return
    try:
        _look_at(entry)
    except TooMany as error:
        g.proof_errors, g.proof_status = [str(error)], 429
    except Invalid as error:
        g.proof_errors, g.proof_status = [said for sentences in error.errors.values() for said in sentences], 422
    else:
        g.entry = replace(entry, proved_at=clock.now())
        with as_identity(entry.identity_id):
            mine = update(UserSession).where(UserSession.id == entry.session_id)
            session().execute(mine.values(proved_at=clock.now()).execution_options(synchronize_session=False))
        return
    raise ProofNeeded


def take_here() -> None:
    """What came along as proof, on a page outside any organisation, which the edge does not look at."""
    entry: Entry | None = g.get("entry")
    if entry is not None:
        take(entry)


def _look_at(entry: Entry) -> None:
    form, source, typed = request.form, source_address(), request.form.get("proof", "")
    if answer := form.get("proof_credential"):
        proving.prove(entry.identity_id, "passkey", answer, ticket=form.get("proof_ticket", ""), source=source, within=entry.confined_to)
    elif (way := form.get("proof_way")) and _vouchers:
        _vouchers[0][1](entry, way, form.get("proof_name", ""), typed)
    elif not (_is_code(entry.identity_id, typed) if entry.confined_to else is_you(entry.identity_id, typed)):
        raise Invalid({"proof": [_("This is not right. Try again.")]})


def prove() -> Any:
    """Where the proof for something that was only looked at goes."""
    flash(_("Confirmed. Go on."), "good")
    return redirect(within(request.form.get("next")), 303)


def _ask(error: ProofNeeded) -> Any:
    if request.path.startswith(("/api/", "/scim/")) or g.get("entry") is None:
        return refused(error)
    by_script = request.headers.get("HX-Request") == "true"
    if by_script and request.method == "GET" and current.has_organisation:
        return Response("", 200, {"HX-Redirect": url_for("security.prove_page", next=page_shown())})
    again = request.method == "POST" and request.endpoint != "security.prove"
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in OWN] if again else []
    wanted = request.form.get("next") or (request.full_path if request.method == "GET" else "")
    answer = asked(request.full_path.rstrip("?") if again else url_for("security.prove"), kept, within(wanted), again=again)
    if by_script:  # in place of the whole page, which keeps what was typed
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "body", "outerHTML"
    return answer


def asked(action: str, kept: list[tuple[str, str]], wanted: str, *, again: bool = False) -> Any:
    """The page that asks; what was sent is sent `again` with the proof, as it was: `kept`. Otherwise it leads on to what is `wanted`."""
    entry: Entry = g.entry
    question = passkeys.ask(entry.identity_id) if "passkey" in held_by(entry.identity_id).kinds else None
    ways = _vouchers[0][0](entry) if _vouchers and entry.confined_to else []
    return screen("account/prove.html" if current.has_organisation else "account/prove_apart.html", status=g.get("proof_status", 200),
                  action=action, kept=kept, next=wanted, question=question, mark=MARK, errors=g.get("proof_errors", []),
                  label=proof_label(), ways=ways, again=again)


def proof_label() -> str:
    """What the field for a proof is called, by what the person has; empty when nothing of their own counts, but their provider's word."""
    entry: Entry | None = g.get("entry")
    by_code = entry is not None and "totp" in held_by(entry.identity_id).kinds
    if entry is not None and entry.confined_to:
        return str(_("A code of your authenticator app")) if by_code else ""
    return str(_("Your password, or a code of your authenticator app") if by_code else _("Your password"))


def install(app: Flask) -> None:
    """Turn `ProofNeeded` into the page that asks, and ask before roles change hands."""
    app.register_error_handler(ProofNeeded, _ask)
    fill_slot(app, "proof_label", proof_label)
    if not event.contains(Session, "before_flush", _before_roles):
        event.listen(Session, "before_flush", _before_roles)


def weighs(model: type[Any], *attributes: str) -> None:
    """Ask for a proof before a record of a kind is made, changed or taken away; with `attributes`, before one of these changes."""
    _weighty[model] = attributes


def _before_roles(work: Session, _context: Any, _instances: Any) -> None:
    """Who may do what, and who comes in how, is changed only by somebody who is surely there."""
    coming = [each for each in (*work.new, *work.deleted) if _weighs_much(each, whole=True)]
    changed = [each for each in work.dirty if _weighs_much(each, whole=False)]
    if (coming or changed) and current.is_signed_in and not current.user.is_system and not rehearsing():
        require_proof()


def _weighs_much(record: Any, *, whole: bool) -> bool:
    """Whether a record that comes or goes (`whole`), or what changed in it, is what the proof is for."""
    attributes = _weighty.get(type(record))
    if attributes is None or (isinstance(record, SettingValue) and not record.key.startswith("auth.")):
        return False
    return not attributes or (not whole and any(inspect(record).attrs[name].history.has_changes() for name in attributes))
