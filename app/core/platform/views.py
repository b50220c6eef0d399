"""The console of the platform at /platform/, and making an organisation of one's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import auth
from app.core.auth import Identity
from app.core.auth.edge import sign_in_url
from app.core.platform import services
from app.core.platform.keepers import keeper, keeping
from app.core.platform.settings import LONGEST, SHORTEST, allows_own, holding_days
from app.kernel import limits
from app.kernel.current import Actor
from app.kernel.db import as_identity, session
from app.kernel.errors import Invalid, NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen
from app.kernel.zones import offered_zones

screens = Blueprint("platform", __name__)
screens.needs = "public"  # type: ignore[attr-defined]
FOUND = limits.Limit("found", 20, 3600)
TYPED = ("name", "slug", "owner", "email", "person", "currency", "timezone", "language")


@screens.get("/platform/")
def console() -> Response:
    """Every organisation with its figures."""
    if not current_user.is_authenticated:
        return redirect(sign_in_url("/platform/"), 303)
    return _console({}, 200)


@screens.post("/platform/")
def create() -> Response:
    """Make an organisation and invite its first owner."""
    typed = _typed()
    with keeping() as who:
        _sure()
        try:
            made = services.found(who, typed["slug"], typed["name"], owner=typed["owner"], email=typed["email"], currency=typed["currency"],
                                  timezone=typed["timezone"], language=typed["language"])
        except Invalid as error:
            return _console(error.errors, 422)
    flash(_("%(name)s is made. %(email)s is invited as its owner.", name=made.name, email=typed["email"]), "good")
    return redirect(url_for("platform.organisation", organisation_id=made.id), 303)


@screens.get("/platform/<uuid:organisation_id>")
def organisation(organisation_id: UUID) -> Response:
    """One organisation: its state, its figures, and what was done to it from here."""
    with keeping() as who:
        return _organisation(who, services.one(who, organisation_id), {}, 200)


@screens.post("/platform/<uuid:organisation_id>/suspend")
def suspend(organisation_id: UUID) -> Response:
    """Close it to everybody in it."""
    with keeping() as who:
        _sure()
        services.suspend(who, services.one(who, organisation_id))
    flash(_("It is suspended: nobody can come in."), "good")
    return redirect(url_for("platform.organisation", organisation_id=organisation_id), 303)


@screens.post("/platform/<uuid:organisation_id>/resume")
def resume(organisation_id: UUID) -> Response:
    """Open it again."""
    with keeping() as who:
        _sure()
        services.resume(who, services.one(who, organisation_id))
    flash(_("It is open again."), "good")
    return redirect(url_for("platform.organisation", organisation_id=organisation_id), 303)


@screens.post("/platform/<uuid:organisation_id>/delete")
def close(organisation_id: UUID) -> Response:
    """Let it be deleted once the holding period is over: with a reason, its name typed, and the keeper sure to be there."""
    with keeping() as who:
        found = services.one(who, organisation_id)
        try:
            _require_proof(who)
            services.close(who, found, request.form.get("reason", ""), request.form.get("typed", ""))
        except Invalid as error:
            return _organisation(who, found, error.errors, 422)
    flash(_("It is closed and will be deleted. Its owners are told."), "good")
    return redirect(url_for("platform.organisation", organisation_id=organisation_id), 303)


@screens.post("/platform/<uuid:organisation_id>/reopen")
def reopen(organisation_id: UUID) -> Response:
    """Take the deletion back."""
    with keeping() as who:
        _sure()
        services.reopen(who, services.one(who, organisation_id))
    flash(_("It is open again."), "good")
    return redirect(url_for("platform.organisation", organisation_id=organisation_id), 303)


@screens.post("/platform/settings")
def settings() -> Response:
    """Say whether people may make organisations of their own, and how long a deletion waits."""
    days = request.form.get("holding", "")
    with keeping() as who:
        _sure()
        try:
            services.set_up(who, own=request.form.get("own") == "true", days=int(days) if days.isdigit() else holding_days())
        except Invalid as error:
            return _console(error.errors, 422)
    flash(_("The settings are saved."), "good")
    return redirect(url_for("platform.console"), 303)


@screens.get("/organisations/new")
def own() -> Response:
    """The form for an organisation of one's own, where the platform allows it."""
    _may_found()
    return _own({}, 200)


@screens.post("/organisations/new")
def create_own() -> Response:
    """Make it, and be its owner."""
    entry = _may_found()
    limits.take(FOUND, entry.identity_id)
    typed = _typed()
    with as_identity(entry.identity_id):
        email = session().scalar(select(Identity.email).where(Identity.id == entry.identity_id)) or ""
    try:
        made = services.found_own(email, typed["person"], typed["slug"], typed["name"], currency=typed["currency"],
                                  timezone=typed["timezone"], language=typed["language"])
    except Invalid as error:
        return _own(error.errors, 422)
    return redirect(f"/{made.slug}/", 303)


def _console(errors: dict[str, list[Any]], status: int) -> Response:
    who = keeper()
    return screen("platform/console.html", status=status, organisations=[_shown(each) for each in services.kept(who)], errors=errors,
                  typed=_typed(), zones=_zones(), allows_own=allows_own(), days=holding_days(), shortest=SHORTEST, longest=LONGEST, who=who)


def _organisation(who: Actor, found: services.Kept, errors: dict[str, list[Any]], status: int) -> Response:
    typed = {name: request.form.get(name, "") for name in ("reason", "typed")}
    return screen("platform/organisation.html", status=status, organisation=_shown(found), records=services.records_of(found.place),
                  entries=services.trail(found), who=who, errors=errors, typed=typed, days=holding_days())


def _sure() -> None:
    """What counts for everybody in an organisation, or in all, is done by a keeper who is surely there. Raises `ProofNeeded`."""
    auth.take_here()
    auth.require_proof()


def _require_proof(who: Actor) -> None:
    if not auth.is_you(who.identity_id, request.form.get("proof", "")):
        raise Invalid({"proof": [_("This is not right. Try again.")]})


def _own(errors: dict[str, list[Any]], status: int) -> Response:
    return screen("platform/own.html", status=status, errors=errors, typed=_typed(), zones=_zones())


def _may_found() -> Any:
    entry: Any = current_user
    if not (entry.is_authenticated and entry.stage == "full" and entry.confined_to is None and allows_own()):
        raise NotFound
    return entry


def _typed() -> dict[str, str]:
    usual = {"currency": "EUR", "timezone": "UTC", "language": "en"}
    return {name: request.form.get(name, usual.get(name, "")).strip()[:254] for name in TYPED}


def _zones() -> list[tuple[str, str]]:
    return [(zone, zone.replace("_", " ")) for zone in offered_zones()]


def _shown(each: services.Kept) -> dict[str, Any]:
    return {"name": each.name, "slug": each.slug, "members": each.members, "bytes": each.bytes, "created": show_moment(each.created),
            "suspended": show_moment(each.suspended) if each.suspended else "",
            "seen": show_moment(each.seen) if each.seen else "",
            "erase_after": show_moment(each.erase_after) if each.erase_after else "",
            "close_url": url_for("platform.close", organisation_id=each.id),
            "reopen_url": url_for("platform.reopen", organisation_id=each.id),
            "url": url_for("platform.organisation", organisation_id=each.id),
            "suspend_url": url_for("platform.suspend", organisation_id=each.id),
            "resume_url": url_for("platform.resume", organisation_id=each.id)}


