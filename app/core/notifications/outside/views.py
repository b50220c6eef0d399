"""The log of what left by other ways than mail, the devices of the reader, and the door of the provider of SMS."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from flask import Blueprint, Response, current_app, flash, redirect, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select

from app.core import access, audit, sms
from app.core.notifications.outside import devices, sending, texts
from app.core.notifications.outside.models import Delivery, Stage, Way
from app.core.people import Member
from app.kernel.assets import asset
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, NotFound
from app.kernel.kinds import Choices, show_moment
from app.kernel.screens import screen
from app.kernel.signed import inside

log = Blueprint("outside", __name__)
VIEW, MANAGE = "notifications.delivery.view", "notifications.delivery.manage"
SIZE = 50
Chosen = TypeVar("Chosen", bound=Choices)
WORKER = Path(__file__).parents[4] / "static" / "js" / "worker.js"


@log.get("/<org>/notifications/deliveries/")
def listing() -> Response:
    """What left or waits, newest first: of all, of one state, by one way, or to one webhook."""
    access.require(current.user, VIEW)
    state, way = _known(Stage, request.args.get("state", "")), _known(Way, request.args.get("way", ""))
    target, before = request.args.get("to", ""), request.args.get("before", "")
    query = select(Delivery).order_by(Delivery.id.desc()).limit(SIZE + 1)
    if state:
        query = query.where(Delivery.state == state)
    if way:
        query = query.where(Delivery.way == way)
    if target:
        query = query.where(Delivery.target_id == _id(target))
    if words := request.args.get("q", "").strip()[:200]:
        people = select(Member.id).where(or_(*(each.icontains(words, autoescape=True) for each in (Member.name, Member.email))))
        query = query.where(or_(*(each.icontains(words, autoescape=True) for each in (Delivery.recipient, Delivery.title)),
                                Delivery.member_id.in_(people)))
    if before:
        query = query.where(Delivery.id < _id(before))
    found = list(session().scalars(query))
    kept = {name: value for name, value in (("way", way.value if way else ""), ("to", target), ("q", words)) if value}
    more = {**kept, **({"state": state.value} if state else {})}
    later = url_for("outside.listing", before=found[SIZE - 1].id, **more) if len(found) > SIZE else ""  # type: ignore[arg-type]
    return screen("notifications/deliveries.html", block="results", rows=[_line(each) for each in found[:SIZE]],
                  tabs=_tabs(state, kept), typed=words, kept=[(name, value) for name, value in more.items() if name not in ("q", "way")],
                  ways=[(each.value, each.label) for each in Way], way=way.value if way else "", narrowed=bool(more),
                  pager={"count_text": "", "previous_url": "", "next_url": later})


@log.get("/<org>/notifications/deliveries/<uuid:delivery_id>/")
def detail(delivery_id: UUID) -> Response:
    """One delivery with each of its attempts."""
    access.require(current.user, VIEW)
    found = _found(delivery_id)
    tried = found.state == Stage.FAILED or (found.state == Stage.WAITING and bool(_reason(found)))
    open_ = tried and access.can(current.user, MANAGE).allowed
    return screen("notifications/delivery.html", row=_line(found), facts=_facts(found),
                  attempts=[(show_moment(datetime.fromisoformat(each["at"])), each["said"] or _("Under way")) for each in found.attempts],
                  retry_url=url_for("outside.retry", delivery_id=found.id) if open_ else "", list_url=url_for("outside.listing"))


@log.post("/<org>/notifications/deliveries/<uuid:delivery_id>/retry")
def retry(delivery_id: UUID) -> Response:
    """Send a failed delivery after all."""
    access.require(current.user, MANAGE)
    if not sending.retry(_found(delivery_id)):
        raise Conflict(_("This delivery is not one that can be sent again."))
    audit.note("notifications.delivery.retry", resource="notifications.delivery", record_id=delivery_id)
    flash(_("It is on its way."), "good")
    return redirect(url_for("outside.detail", delivery_id=delivery_id), 303)  # type: ignore[return-value]


@log.post("/<org>/notifications/devices")
def take_in() -> Response:
    """Tell the reader in this browser, which asked them and was allowed to."""
    form = request.form
    devices.take_in(current.user.id, audit.device_of(request.user_agent.string).words, form.get("address", ""), form.get("key", ""),
                    form.get("secret", ""))
    flash(_("You are told on this device too."), "good")
    return redirect(url_for("bell.preferences"), 303)  # type: ignore[return-value]


@log.post("/<org>/notifications/devices/<uuid:device_id>/forget")
def forget(device_id: UUID) -> Response:
    """Tell the reader nothing more on a device."""
    devices.leave(current.user.id, device_id)
    flash(_("You are told nothing more on that device."), "good")
    return redirect(url_for("bell.preferences"), 303)  # type: ignore[return-value]


@log.get("/worker.js")
def worker() -> Response:
    """The script that shows notices while no page is open."""
    response = send_file(WORKER, mimetype="text/javascript", max_age=0)
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@log.get("/app.webmanifest")
def manifest() -> Response:
    """What a phone needs to keep the product among its programs, and so to show notices of it."""
    icons = [{"src": asset(f"img/app-{name}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
             for name, size, purpose in (("192", 192, "any"), ("512", 512, "any"), ("maskable", 512, "maskable"))]
    said = {"id": "/", "name": "OpsFlux", "short_name": "OpsFlux", "start_url": "/", "scope": "/", "display": "standalone",
            "background_color": "#ffffff", "theme_color": "#171717", "icons": icons}
    response = Response(json.dumps(said), mimetype="application/manifest+json")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@log.post("/sms/told/<token>")
def heard(token: str) -> Response:
    """The provider of SMS says what became of a message; its signature is the proof."""
    organisation_id, delivery_id = texts.meant(token)
    address = f"{current_app.extensions['settings'].base_url}{request.path}"
    said = request.form.to_dict()
    if not sms.is_genuine(address, said, request.headers.get("X-Twilio-Signature", "")):
        raise Forbidden
    with inside(organisation_id):
        texts.heard(delivery_id, said)
    return Response(status=204)


for _view in (listing, detail):
    _view.needs = VIEW  # type: ignore[attr-defined]
retry.needs = MANAGE  # type: ignore[attr-defined]
for _view in (take_in, forget):
    _view.needs = "member"  # type: ignore[attr-defined]
for _view in (worker, manifest, heard):
    _view.needs = "public"  # type: ignore[attr-defined]
heard.signed_address = True  # type: ignore[attr-defined]


def _found(delivery_id: UUID) -> Delivery:
    found = sending.find(delivery_id)
    if found is None:
        raise NotFound
    return found


def _line(found: Delivery) -> dict[str, Any]:
    return {"title": found.title, "to": found.recipient, "way": found.way.label, "state": found.state.label, "tone": found.state.tone,
            "when": show_moment(found.created_at), "attempts": len(found.attempts),
            "url": url_for("outside.detail", delivery_id=found.id),
            "reason": _reason(found) if found.state in (Stage.FAILED, Stage.WAITING, Stage.DROPPED) else ""}


def _reason(found: Delivery) -> str:
    return found.attempts[-1]["said"] if found.attempts else ""


def _facts(found: Delivery) -> list[tuple[str, str]]:
    moments = ((_("Written"), found.created_at), (_("Next attempt"), found.next_try_at if found.state == Stage.WAITING else None),
               (_("Sent"), found.sent_at), (_("Delivered"), found.delivered_at))
    return [(_("Way"), str(found.way.label)), (_("To"), found.recipient), *((said, show_moment(at)) for said, at in moments if at)]


def _tabs(chosen: Stage | None, kept: dict[str, str]) -> list[tuple[Any, str, bool, int | None]]:
    return [(_("All"), url_for("outside.listing", **kept), chosen is None, None),  # type: ignore[arg-type]
            *((each.label, url_for("outside.listing", state=each.value, **kept), chosen == each, None) for each in Stage)]  # type: ignore[arg-type]


def _known(choices: type[Chosen], raw: str) -> Chosen | None:
    try:
        return choices(raw) if raw else None
    except ValueError:
        raise NotFound from None


def _id(raw: str) -> UUID:
    try:
        return UUID(raw)
    except ValueError:
        raise NotFound from None
