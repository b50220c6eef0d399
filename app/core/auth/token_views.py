"""The pages of tokens: one's own, and those of the organisation's services, which administrators keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from babel.dates import format_date
from flask import Blueprint, current_app, flash, g, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access
from app.core.auth import answering, tokens
from app.core.auth.factors.stepping import require_proof
from app.core.auth.models import ApiToken
from app.core.auth.scopes import READ_ONLY, SCOPES
from app.core.people import Member, Status
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Forbidden, Invalid, NotFound
from app.kernel.kinds import show_moment
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("tokens", __name__)
LIVES = ((7, _l("7 days")), (30, _l("30 days")), (90, _l("90 days")))
MOST_NAMES = 1_000


@screens.get("/<org>/settings/tokens")
def listing() -> Response:
    """One's own tokens for the API."""
    return _own({})


@screens.post("/<org>/settings/tokens")
def make() -> Response:
    """Make a token and show its value this once."""
    _surely_here()
    form = request.form
    try:
        _token, value = tokens.make_token(form.get("name", ""), form.getlist("scopes"), _days(), addresses=form.get("addresses", ""))
    except Invalid as error:
        return _own(error.errors, status=422)
    return _own({}, made=value)


@screens.post("/<org>/settings/tokens/<uuid:token>/rotate")
def rotate(token: UUID) -> Response:
    """Give a token of one's own another value, shown this once."""
    _surely_here()
    return _own({}, made=_rotated(token, service=False), rotated=True)


@screens.post("/<org>/settings/tokens/<uuid:token>/revoke")
def revoke(token: UUID) -> Response:
    """End a token at once."""
    return _revoked(token, "tokens.listing")


@screens.get("/<org>/settings/service-tokens")
def services() -> Response:
    """The tokens of services, and those of members."""
    access.require(current.user, tokens.MANAGE)
    return _services({})


@screens.post("/<org>/settings/service-tokens")
def make_service() -> Response:
    """Make a token for a service and show its value this once."""
    access.require(current.user, tokens.MANAGE)
    _surely_here()
    form = request.form
    try:
        _token, value = tokens.make_service_token(form.get("name", ""), _role(), _member(), form.getlist("scopes"), _days(),
                                                  addresses=form.get("addresses", ""))
    except Invalid as error:
        return _services(error.errors, status=422)
    return _services({}, made=value)


@screens.post("/<org>/settings/service-tokens/<uuid:token>/rotate")
def rotate_service(token: UUID) -> Response:
    """Give a service's token another value, shown this once."""
    access.require(current.user, tokens.MANAGE)
    _surely_here()
    return _services({}, made=_rotated(token, service=True), rotated=True)


@screens.post("/<org>/settings/service-tokens/<uuid:token>/revoke")
def revoke_any(token: UUID) -> Response:
    """End a service's token, or a member's, at once."""
    access.require(current.user, tokens.MANAGE)
    return _revoked(token, "tokens.services")


@screens.post("/<org>/settings/service-tokens/<uuid:token>/owner")
def hand_over(token: UUID) -> Response:
    """Let another member answer for a service."""
    access.require(current.user, tokens.MANAGE)
    _surely_here()
    found = tokens.hand_over(token, _member())
    flash(_("You answer for the token from now on.") if found.asked_id is None
          else _("Asked. Until it is accepted, the same member answers for the token."), "good")
    return redirect(url_for("tokens.services"), 303)


@screens.post("/<org>/settings/tokens/<uuid:token>/answer")
def answer(token: UUID) -> Response:
    """Accept to answer for a service, or decline."""
    accept = request.form.get("answer") == "accept"
    if accept:
        _surely_here()
    found = answering.answer(token, accept=accept)
    flash(_("You answer for “%(name)s” from now on.", name=found.name) if accept
          else _("Declined. The same member as before answers for “%(name)s”.", name=found.name), "good")
    return redirect(url_for("tokens.listing"), 303)


def _surely_here() -> None:
    """Tokens are made by people, and by somebody who is surely there: whoever holds a token may not make it last."""
    if g.entry.session_id is None:
        raise Forbidden(_("This needs you to be signed in yourself."))
    require_proof()


def _rotated(token: UUID, *, service: bool) -> str:
    found = session().get(ApiToken, (current.organisation.id, token))
    if found is None or (found.role_id is not None) != service:
        raise NotFound
    return tokens.rotate_token(token)[1]


def _revoked(token: UUID, back: str) -> Response:
    tokens.revoke_token(token)
    flash(_("The token is revoked. What used it is refused from now on."), "good")
    return redirect(url_for(back), 303)


def _days() -> int:
    try:
        return int(request.form.get("days", tokens.DAYS))
    except ValueError:
        return 0


def _role() -> UUID | None:
    try:
        return access.role_named(request.form.get("role", "")).id
    except NotFound:
        return None


def _member() -> UUID | None:
    return session().scalar(select(Member.id).where(Member.reference == request.form.get("owner", "")))


def _own(errors: Mapping[str, Sequence[Any]], *, made: str = "", rotated: bool = False, status: int = 200) -> Response:
    return screen("account/tokens.html", status=status, **_form(errors, made, rotated=rotated), action=url_for("tokens.make"),
                  tokens=[_shown(each, "tokens") for each in tokens.tokens()], asked=_asked(), settings_url=url_for("account.settings"))


def _services(errors: Mapping[str, Sequence[Any]], *, made: str = "", rotated: bool = False, status: int = 200) -> Response:
    found, own = tokens.service_tokens(), tokens.personal_tokens()
    people = {each.id: each for each in session().scalars(select(Member).where(
        Member.id.in_({who for token in (*found, *own) for who in (token.member_id, token.asked_id) if who})))}
    labels = access.role_labels()
    roles = {each.id: labels.get(each.key, each.label) for each in session().scalars(select(access.Role))}
    services = [{**_shown(each, "services"), "role": roles[each.role_id], "owner": _owner(people[each.member_id]),
                 "asked": people[each.asked_id].name if each.asked_id else "", "owner_url": url_for("tokens.hand_over", token=each.id)}
                for each in found if each.role_id]
    members = [{**_shown(each, "services"), "owner": _owner(people[each.member_id]), "asked": ""} for each in own]
    return screen("account/service_tokens.html", status=status, **_form(errors, made, rotated=rotated), services=services, members=members,
                  action=url_for("tokens.make_service"), roles=access.role_choices(), people=_choices(), me=_me().reference)


def _form(errors: Mapping[str, Sequence[Any]], made: str, *, rotated: bool) -> dict[str, Any]:
    """What both pages say of a token that is to be made or was made."""
    typed: Mapping[str, Any] = {**request.form.to_dict(), "addresses": request.form.get("addresses", "")} if errors else {}
    return {"errors": errors, "typed": {"scopes": READ_ONLY, "days": tokens.DAYS, **typed}, "lives": LIVES, "scopes": list(SCOPES.items()),
            "made": made, "rotated": rotated, "example": _example(), "api_url": url_for("developers.listing"),
            "overlap": int(tokens.OVERLAP.total_seconds() // 60)}


def _example() -> str:
    """An address of the API that whoever looks may read, whole, as a program asks for it."""
    found = next((each for each in registry if access.can(current.user, each.permission("view"))), None)
    below = f"{current.organisation.slug}/{found.module}/{found.slug}/" if found else "openapi.json"
    return f"{current_app.extensions['settings'].base_url}/api/v1/{below}"


def _shown(token: ApiToken, page: str) -> dict[str, Any]:
    locale, now = get_locale(), clock.now()
    rotate, revoke = ("tokens.rotate", "tokens.revoke") if page == "tokens" else ("tokens.rotate_service", "tokens.revoke_any")
    overlaps = token.former_until is not None and token.former_until > now
    return {"name": token.name, "prefix": token.hint, "scopes": ", ".join(_scope(scope) for scope in token.scopes),
            "addresses": ", ".join(token.addresses), "when": show_moment(token.created_at),
            "used": show_moment(token.last_used_at) if token.last_used_at else "", "used_from": token.last_used_from,
            "expires": format_date(token.expires_at, "medium", locale=locale), "soon": token.expires_at - now < answering.SOON,
            "former_until": show_moment(token.former_until) if overlaps and token.former_until else "",
            "rotate_url": url_for(rotate, token=token.id), "revoke_url": url_for(revoke, token=token.id)}


def _scope(scope: str) -> str:
    """The first word of a scope's label; a pattern stands for itself."""
    return str(SCOPES[scope]).partition(":")[0] if scope in SCOPES else scope


def _owner(member: Member) -> dict[str, Any]:
    return {"name": member.name, "reference": member.reference, "active": member.active and member.archived_at is None}


def _asked() -> list[dict[str, str]]:
    """The services for which one is asked to answer."""
    labels, found = access.role_labels(), answering.asked()
    roles = {each.id: labels.get(each.key, each.label) for each in session().scalars(select(access.Role).where(
        access.Role.id.in_({token.role_id for token in found if token.role_id})))}
    return [{"name": each.name, "role": str(roles.get(each.role_id, "")), "scopes": ", ".join(_scope(scope) for scope in each.scopes),
             "url": url_for("tokens.answer", token=each.id)} for each in found]


def _choices() -> list[tuple[str, str]]:
    wanted = select(Member.reference, Member.name).where(Member.status == Status.ACTIVE, Member.archived_at.is_(None))
    return [(row.reference, row.name) for row in session().execute(wanted.order_by(Member.name).limit(MOST_NAMES))]


def _me() -> Member:
    return session().get_one(Member, (current.organisation.id, current.user.id))


for _view in (listing, make, rotate, revoke, answer):
    _view.needs = "member"  # type: ignore[attr-defined]
for _view in (services, make_service, rotate_service, revoke_any, hand_over):
    _view.needs = tokens.MANAGE  # type: ignore[attr-defined]
