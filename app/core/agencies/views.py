"""The agency's list of clients, and the page on which either side looks after its relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import access, auth
from app.core.agencies import services
from app.core.agencies.models import AgencyLink
from app.core.agencies.services import AGENCY, CLIENT
from app.kernel.current import current
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("agencies", __name__)


@screens.get("/<org>/clients")
def clients() -> Response:
    """The organisations that this one works for; there is no such list where it works for none."""
    access.require(current.user, services.ENTER)
    found, known = [link for link in services.links(AGENCY) if link.holds], services.partners()
    if not found:
        raise NotFound
    return screen("agencies/clients.html", clients=[_shown(link, known) for link in found])


@screens.post("/<org>/clients/<uuid:link_id>")
def enter(link_id: UUID) -> Response:
    """Go to work for a client, as oneself."""
    access.require(current.user, services.ENTER)
    place = services.enter(link_id)
    return redirect(f"/{place.slug}/", 303)


@screens.get("/<org>/settings/agencies")
def relations() -> Response:
    """The agencies that work here, the clients that are worked for, what was offered, and the forms for more."""
    access.require(current.user, services.MANAGE)
    return _page({}, {}, 200)


@screens.post("/<org>/settings/agencies")
def offer() -> Response:
    """Offer a relation."""
    access.require(current.user, services.MANAGE)
    auth.require_proof()
    side = CLIENT if request.form.get("side") == CLIENT else AGENCY
    try:
        services.offer(side, request.form.get("address", ""), request.form.get("role", ""), request.form.get("message", ""))
    except Invalid as error:
        return _page(request.form, error.errors, 422)
    except Conflict as error:
        return _page(request.form, {"address": [str(error)]}, 409)
    flash(_("It is offered. The other side has to accept it."), "good")
    return redirect(url_for("agencies.relations"), 303)


@screens.post("/<org>/settings/agencies/<uuid:link_id>/accept")
def accept(link_id: UUID) -> Response:
    """Say yes to an offer."""
    access.require(current.user, services.MANAGE)
    auth.require_proof()
    services.accept(link_id, request.form.get("role", ""))
    flash(_("Accepted."), "good")
    return redirect(url_for("agencies.relations"), 303)


@screens.post("/<org>/settings/agencies/<uuid:link_id>/role")
def change_role(link_id: UUID) -> Response:
    """Give the agency's people another role."""
    access.require(current.user, services.MANAGE)
    auth.require_proof()
    services.change_role(link_id, request.form.get("role", ""))
    flash(_("The role is changed. It counts at once."), "good")
    return redirect(url_for("agencies.relations"), 303)


@screens.post("/<org>/settings/agencies/<uuid:link_id>/end")
def end(link_id: UUID) -> Response:
    """End it, or decline an offer."""
    access.require(current.user, services.MANAGE)
    services.end(link_id)
    flash(_("It has ended. Nobody of the agency can come in any more."), "good")
    return redirect(url_for("agencies.relations"), 303)


def _page(values: Mapping[str, str], errors: Mapping[str, Sequence[Any]], status: int) -> Response:
    known = services.partners()
    roles = [(key, label) for key, label in access.role_choices() if key != access.OWNER]
    return screen("agencies/relations.html", status=status, values=values, errors=errors, roles=roles,
                  agencies=[_shown(link, known) for link in services.links(CLIENT)],
                  clients=[_shown(link, known) for link in services.links(AGENCY)])


def _shown(link: AgencyLink, known: Mapping[UUID, services.Partner]) -> dict[str, Any]:
    mine = services.side_of(link)
    other = known[link.client_id if mine == AGENCY else link.agency_id]
    people = services.people_of(link.agency_id) if mine == CLIENT and link.holds else []
    return {"name": other.name, "slug": other.slug, "open": other.open, "holds": link.holds, "mine": mine, "message": link.message,
            "role": link.role, "role_label": access.role_labels().get(link.role, link.role_label),
            "asked_of_us": link.is_open and link.offered_by != mine,
            "offered_by": link.offered_name, "offered_at": show_moment(link.offered_at), "accepted_by": link.accepted_name,
            "since": show_moment(link.accepted_at) if link.accepted_at else "", "people": [each.name for each in people if each.active],
            **{f"{verb}_url": url_for(f"agencies.{verb}", link_id=link.id) for verb in ("accept", "change_role", "end", "enter")}}


for _view in (clients, enter):
    _view.needs = services.ENTER  # type: ignore[attr-defined]
for _view in (relations, offer, accept, change_role, end):
    _view.needs = services.MANAGE  # type: ignore[attr-defined]
