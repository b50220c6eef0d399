"""An agency works for its clients: as itself, with what each client granted, and not a moment longer than both want it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, auth, people
from app.core.agencies import services
from app.core.agencies.models import AgencyLink
from app.core.audit import people as named
from app.core.audit.models import AuditEntry
from app.core.organisations import Organisation as Row
from app.core.people import Kind, Member, Status
from app.kernel import clock, outbox
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.kernel.registry import registry
from tests.contract import samples
from tests.core.agencies.firms import Cast, open_client
from tests.core.visitors import Visitor, actor_of, enrol, found


@pytest.mark.requirement("GO-019")
def test_an_agency_user_lists_and_opens_each_client_and_others_see_no_list(cast: Cast, app: Flask) -> None:
    cast.agree(cast.second, cast.other, "viewer")
    ada = cast.sign_in(app, "ada@northern.example")
    page = ada.get("/northern/clients").text
    assert "Harbour" in page
    assert "Quarry" in page
    assert "/northern/clients" in ada.get("/northern/inbox/").text
    for name, slug in (("Harbour", "harbour"), ("Quarry", "quarry")):
        assert ada.get(f"/{slug}/hse/incidents/").status_code == 404
        assert open_client(ada, name).headers["Location"] == f"/{slug}/"
        assert ada.get(f"/{slug}/hse/incidents/").status_code == 200
    olga, vera = cast.sign_in(app, "olga@harbour.example"), cast.sign_in(app, "vera@northern.example")
    assert olga.get("/harbour/clients").status_code == 404
    assert "/harbour/clients" not in olga.get("/harbour/inbox/").text
    assert vera.get("/northern/clients").status_code == 403
    assert "/northern/clients" not in vera.get("/northern/inbox/").text


@pytest.mark.requirement("GO-018")
def test_an_agency_member_enters_a_linked_client_and_loses_it_with_the_link(cast: Cast, app: Flask) -> None:
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")
    assert ada.get("/harbour/hse/incidents/").status_code == 200
    with cast.work(cast.client, cast.owner):
        services.end(cast.link)
    ended = time.monotonic()
    assert ada.get("/harbour/hse/incidents/").status_code == 404
    assert time.monotonic() - ended < 5
    assert ada.get("/northern/clients").status_code == 404
    with unit_of_work():
        assert [place.slug for place in auth.organisations_of(cast.ada.identity_id)] == ["northern"]  # type: ignore[arg-type]
    with pytest.raises(NotFound), cast.work(cast.agency, cast.ada):
        services.enter(cast.link)


def test_the_agency_ends_it_as_well_and_its_tokens_there_die_too(cast: Cast, app: Flask) -> None:
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")
    with acting(cast.client, SYSTEM), unit_of_work() as work:
        seat = work.scalars(select(Member).where(Member.agency_id == cast.agency.id)).one()
        work.expunge(seat)
    with cast.work(cast.client, seat):
        _token, secret = auth.make_token("script")
    machine = {"Authorization": f"Bearer {secret}"}
    assert Visitor(app).get("/api/v1/harbour/hse/incidents/", headers=machine).status_code == 200
    with cast.work(cast.agency, cast.head):
        services.end(cast.link)
    assert Visitor(app).get("/api/v1/harbour/hse/incidents/", headers=machine).status_code in (401, 404)
    assert ada.get("/harbour/").status_code == 404


def test_who_comes_from_an_agency_has_what_the_client_granted_and_shows_as_such(cast: Cast, app: Flask) -> None:
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")
    assert ada.get("/harbour/settings/organisation").status_code == 403
    assert ada.get("/harbour/settings/ownership").status_code == 403
    olga = cast.sign_in(app, "olga@harbour.example")
    members = olga.get("/harbour/people/members/").text
    assert "Ada Agent" in members
    assert "Northern" in members
    with acting(cast.client, SYSTEM), unit_of_work() as work:
        seat = work.scalars(select(Member).where(Member.agency_id == cast.agency.id)).one()
        assert (seat.kind, seat.agency, seat.identity_id) == (Kind.AGENCY, "Northern", cast.ada.identity_id)
        actor = people.load_actor(cast.client, seat.id)
        assert actor is not None
    assert actor.roles == ("manager",)
    assert actor.agency == "Northern"
    with acting(cast.client, SYSTEM), unit_of_work():
        perform_one("organisation.site", "create", None, {"name": "Rowan", "kind": "rig"})
        samples.make(registry.resource("organisation.department"), 1)
    with acting(cast.client, actor, channel="page"), unit_of_work():
        samples.make(registry.resource("hse.incident"), 1)
    with acting(cast.client, SYSTEM), unit_of_work() as work:
        entry = work.scalars(select(AuditEntry).where(AuditEntry.action == "hse.incident.create")).one()
        assert named.names_of([entry.actor_id])[entry.actor_id] == "Ada Agent (Northern)"


def test_the_client_changes_the_role_and_it_counts_at_once(cast: Cast, app: Flask) -> None:
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")
    assert ada.get("/harbour/hse/incidents/new").status_code == 200
    with cast.work(cast.client, cast.owner):
        services.change_role(cast.link, "viewer")
    assert ada.get("/harbour/hse/incidents/new").status_code == 403
    with pytest.raises(Invalid), cast.work(cast.client, cast.owner):
        services.change_role(cast.link, "owner")
    with pytest.raises(Conflict), cast.work(cast.agency, cast.head):
        services.change_role(cast.link, "admin")


def test_whom_the_agency_lets_go_is_out_of_its_clients_too(cast: Cast, app: Flask) -> None:
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")

    def set_up(**said: Any) -> None:
        with acting(cast.agency, SYSTEM), unit_of_work() as work:
            member = work.get_one(Member, (cast.agency.id, cast.ada.id))
            for name, value in said.items():
                setattr(member, name, value)

    with acting(cast.agency, SYSTEM), unit_of_work():
        viewer, admin = access.role_named("viewer").id, access.role_named("admin").id
    set_up(role_id=viewer)
    assert ada.get("/harbour/").status_code == 404
    set_up(role_id=admin)
    assert ada.get("/harbour/hse/incidents/").status_code == 200
    set_up(status=Status.SUSPENDED)
    assert ada.get("/harbour/").status_code == 404
    set_up(status=Status.ACTIVE)
    with acting(cast.agency, SYSTEM), unit_of_work() as work:
        work.get_one(Row, cast.agency.id).suspended_at = clock.now()
    assert ada.get("/harbour/").status_code == 404


def test_nothing_comes_of_one_side_alone(cast: Cast) -> None:
    with cast.work(cast.agency, cast.head):
        offered = services.offer(services.AGENCY, "quarry", "", "").id
    with pytest.raises(Forbidden), cast.work(cast.agency, cast.head):
        services.accept(offered, "owner")
    with pytest.raises(NotFound), cast.work(cast.agency, cast.ada):
        services.enter(offered)
    with pytest.raises(NotFound), cast.work(cast.client, cast.owner):
        services.accept(offered, "viewer")
    with pytest.raises(Conflict), cast.work(cast.second, cast.other):
        services.offer(services.CLIENT, "northern", "viewer", "")
    for wrong in ("northern", "nowhere"):
        with pytest.raises(Invalid), cast.work(cast.agency, cast.head):
            services.offer(services.AGENCY, wrong, "", "")
    with cast.work(cast.second, cast.other):
        services.end(offered)
    with pytest.raises(Conflict), cast.work(cast.second, cast.other):
        services.accept(offered, "viewer")


def test_a_client_grants_no_more_than_who_grants_it_has(cast: Cast) -> None:
    """An administrator of the client grants less than an owner; and no third organisation sees the relation at all."""
    with acting(cast.second, SYSTEM), unit_of_work():
        role = perform_one("access.role", "create", None, {"label": "Linker", "key": "linker", "lines": [
            {"pattern": "agencies.link.manage", "scope": "company"}]}).record
        linker = people.enrol("Lin Ker", "lin@quarry.example", role.key)
        session().flush()
        session().refresh(linker)
        session().expunge(linker)
    with cast.work(cast.agency, cast.head):
        offered = services.offer(services.AGENCY, "quarry", "", "").id
    with pytest.raises(Forbidden), cast.work(cast.second, linker):
        services.accept(offered, "admin")
    with cast.work(cast.client, cast.owner) as work:
        assert work.scalars(select(AgencyLink.id)).all() == [cast.link]


def test_whom_the_client_puts_out_stays_out_and_a_new_relation_brings_back_the_seat(cast: Cast, app: Flask) -> None:
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")
    olga = actor_of(cast.client, cast.owner)
    with acting(cast.client, SYSTEM), unit_of_work() as work:
        seat = work.scalars(select(Member.id).where(Member.agency_id == cast.agency.id)).one()

    def door(action: str) -> None:
        with acting(cast.client, olga, channel="page"), unit_of_work():
            perform_one("people.member", action, seat)

    door("deactivate")
    assert open_client(ada, "Harbour").status_code == 403
    assert ada.get("/harbour/").status_code == 404
    door("activate")
    assert ada.get("/harbour/hse/incidents/").status_code == 200
    with cast.work(cast.client, cast.owner):
        services.end(cast.link)
    cast.agree(cast.client, cast.owner, "viewer")
    assert open_client(ada, "Harbour").status_code == 303
    with acting(cast.client, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(Member.id).where(Member.agency_id == cast.agency.id)).all() == [seat]
    assert ada.get("/harbour/hse/incidents/new").status_code == 403


def _seats(place: Organisation) -> Any:
    """The members that an agency sent, out of their session."""
    with acting(place, SYSTEM), unit_of_work() as work:
        found = work.scalars(select(Member).where(Member.kind == Kind.AGENCY)).all()
        work.expunge_all()
        return found


def test_the_end_of_a_relation_is_a_leaving_like_any_other(cast: Cast, app: Flask) -> None:
    """A token of the relation that ended does not come back with the next one, and the trail says who went."""
    open_client(cast.sign_in(app, "ada@northern.example"), "Harbour")
    (seat,) = _seats(cast.client)
    with cast.work(cast.client, seat):
        _token, secret = auth.make_token("script")
    with cast.work(cast.client, cast.owner):
        services.end(cast.link)
    with acting(cast.client, SYSTEM), unit_of_work() as work:
        assert len(work.scalars(select(AuditEntry).where(AuditEntry.action == "people.member.deactivate")).all()) == 1
    with acting(None, None):
        outbox.drain(cast.client.id)
    cast.agree(cast.client, cast.owner, "manager")
    assert open_client(cast.sign_in(app, "ada@northern.example"), "Harbour").status_code == 303
    machine = {"Authorization": f"Bearer {secret}"}
    assert Visitor(app).get("/api/v1/harbour/hse/incidents/", headers=machine).status_code == 401


def test_whom_the_client_suspended_stays_so_beyond_the_end(cast: Cast, app: Flask) -> None:
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")
    (seat,) = _seats(cast.client)
    with cast.work(cast.client, cast.owner):
        perform_one("people.member", "suspend", seat.id)
    with cast.work(cast.client, cast.owner):
        services.end(cast.link)
    assert _seats(cast.client)[0].status is Status.SUSPENDED
    cast.agree(cast.client, cast.owner, "viewer")
    assert open_client(ada, "Harbour").status_code == 403
    assert _seats(cast.client)[0].status is Status.SUSPENDED


def test_two_agencies_of_one_person_do_not_overwrite_each_other(cast: Cast, app: Flask) -> None:
    other = found("southern")
    head = enrol(other, "head@southern.example", "owner")
    enrol(other, "ada@northern.example", "admin", password="")
    with cast.work(other, head):
        link = services.offer(services.AGENCY, "harbour", "", "").id
    with cast.work(cast.client, cast.owner):
        services.accept(link, "viewer")
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")
    with acting(other, SYSTEM), unit_of_work() as work:
        twin = work.scalars(select(Member).where(Member.email == "ada@northern.example")).one()
        work.expunge(twin)
    with cast.work(other, twin):
        services.enter(link)
    (seat,) = _seats(cast.client)
    assert (seat.agency_id, seat.agency) == (cast.agency.id, "Northern")
    with cast.work(cast.client, cast.owner):
        services.end(cast.link)
    with cast.work(other, twin):
        services.enter(link)
    (seat,) = _seats(cast.client)
    assert (seat.agency_id, seat.agency, seat.active) == (other.id, "Southern", True)


@pytest.mark.parametrize("said", [{"kind": "agency"}, {"kind": "own", "who": "seat"}])
def test_nobody_is_made_an_agency_s_by_hand_or_unmade(cast: Cast, app: Flask, said: dict[str, str]) -> None:
    open_client(cast.sign_in(app, "ada@northern.example"), "Harbour")
    with acting(cast.client, SYSTEM), unit_of_work() as work:
        seat = work.scalars(select(Member.id).where(Member.agency_id == cast.agency.id)).one()
    whom = seat if said.get("who") else cast.owner.id
    with pytest.raises(Invalid), cast.work(cast.client, cast.owner):
        perform_one("people.member", "edit", whom, {"kind": said["kind"]})
