"""The console of the platform: organisations are made, suspended and resumed from above, and nothing of theirs is seen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from app.core import auth, organisations, people
from app.core.audit.models import AuditEntry
from app.core.mail import smtp
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import PLATFORM_ID, SYSTEM, Organisation, acting
from app.kernel.db import as_identity, session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.i18n import reading
from tests.core.auth.letters import Mailbox, link
from tests.core.visitors import PASSWORD, Visitor, actor_of, enrol, found
from tests.infra.databases import Database

KEEPER = "kim@platform.example"
FORM = {"name": "Cabinet Test", "slug": "cabinet-test", "owner": "Claire Dubois", "email": "claire@cabinet.example", "currency": "EUR",
        "timezone": "Europe/Paris", "language": "fr"}


@pytest.fixture
def app(fresh_database: Database) -> Iterator[Flask]:
    """The application on a database of the test's own: the owner of the tables, who makes keepers, sees only what was committed."""
    with fresh_database.app.app_context():
        yield fresh_database.app


@pytest.fixture
def owner_connection(fresh_database: Database) -> Iterator[psycopg.Connection[Any]]:
    """The owner of the tables."""
    with psycopg.connect(fresh_database.environ["DATABASE_OWNER_URL"]) as connection:
        yield connection


@pytest.fixture(autouse=True)
def english(app: Flask) -> Iterator[None]:
    """Sentences are compared in the language of the source."""
    with reading("en"):
        yield


@pytest.fixture
def keeper(app: Flask, owner_connection: psycopg.Connection[Any]) -> Visitor:
    """Somebody who keeps the installation, signed in."""
    make_keeper(owner_connection, KEEPER, "Kim Keeper")
    visitor = Visitor(app)
    visitor.sign_in(KEEPER)
    return visitor


def make_keeper(owner: psycopg.Connection[Any], email: str, name: str) -> None:
    """What the command does: only the owner of the tables can."""
    with unit_of_work():
        identity = auth.identities_for([email])[email]
        auth.set_password(identity, PASSWORD)
    owner.execute("INSERT INTO platform_admin (identity_id, name, created_at) VALUES (%s, %s, now())", (identity, name))
    owner.commit()


def place_of(slug: str) -> Organisation:
    """The organisation at that address."""
    with unit_of_work():
        found_id = organisations.place_of(slug)
        place = organisations.load_organisation(found_id) if found_id else None
    assert place is not None
    return place


def console_of(keeper: Visitor, slug: str) -> str:
    """The console's page of an organisation."""
    with acting(None), unit_of_work():
        return f"/platform/{organisations.place_of(slug)}"


@pytest.mark.requirement("LG-001")
def test_each_level_lands_on_its_own_start_and_sees_nothing_of_the_others(keeper: Visitor, app: Flask) -> None:
    place = found("first-firm")
    enrol(place, "ada@firm.example", "admin")
    enrol(place, "cleo@firm.example", "viewer")
    assert keeper.get("/").headers["Location"] == "/platform/"
    assert keeper.get("/platform/").status_code == 200
    for door in ("/first-firm/", "/first-firm/people/members/", "/first-firm/hse/incidents/", "/api/v1/first-firm/hse/incidents/"):
        assert keeper.get(door).status_code in (401, 404), door
    ada, cleo = Visitor(app), Visitor(app)
    ada.sign_in("ada@firm.example")
    cleo.sign_in("cleo@firm.example")
    for visitor in (ada, cleo):
        assert visitor.get("/").headers["Location"] == "/first-firm/"
        for door in ("/platform/", console_of(visitor, "first-firm")):
            assert visitor.get(door).status_code == 404
    assert ada.get("/first-firm/people/members/new").status_code == 200
    assert cleo.get("/first-firm/people/members/new").status_code in (403, 404)


@pytest.mark.requirement("LG-003")
def test_a_new_organisation_is_entered_by_its_first_owner_and_is_empty(
        keeper: Visitor, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    made = keeper.send("/platform/", **FORM)
    assert made.status_code == 303
    place = place_of("cabinet-test")
    assert (place.timezone, place.language) == ("Europe/Paris", "fr")
    post = mailbox_of(place, monkeypatch)
    address = link(post[-1], "/invitation/")
    claire = Visitor(app)
    assert claire.send(f"{address}/accept", form=address, password=PASSWORD, again=PASSWORD).headers["Location"] == "/cabinet-test/"
    again = Visitor(app)
    again.sign_in(FORM["email"])
    assert again.get("/cabinet-test/people/members/").status_code == 200
    with acting(place, SYSTEM), unit_of_work() as work:
        assert [(m.name, people.load_actor(place, m.id).roles) for m in work.scalars(select(Member))] == [("Claire Dubois", ("owner",))]
        for resource in ("hse_incident", "procurement_requisition"):
            if work.scalar(text("SELECT to_regclass(:name)"), {"name": resource}):
                assert work.scalar(text(f"SELECT count(*) FROM {resource}")) == 0


def mailbox_of(place: Organisation, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What waits in the outbox of an organisation, delivered now."""
    found_box = Mailbox(place)
    monkeypatch.setattr(smtp, "_connection", lambda _out: found_box)
    return found_box.arrived()


@pytest.mark.parametrize("wrong", [{"slug": "api"}, {"email": "nobody"}, {"owner": ""}, {"name": ""}, {"timezone": "Mars"}])
def test_what_cannot_be_is_refused_and_makes_nothing(keeper: Visitor, wrong: dict[str, str]) -> None:
    answer = keeper.send("/platform/", **{**FORM, **wrong})
    assert answer.status_code == 422
    with unit_of_work():
        assert organisations.place_of("cabinet-test") is None


@pytest.mark.requirement("LG-002")
def test_who_is_in_a_suspended_organisation_is_out_until_it_is_resumed(keeper: Visitor, app: Flask) -> None:
    place = found("tenant")
    owner = enrol(place, "olga@tenant.example", "owner")
    with acting(place, actor_of(place, owner)), unit_of_work():
        _token, secret = auth.make_token("script")
    olga, machine = Visitor(app), {"Authorization": f"Bearer {secret}"}
    olga.sign_in("olga@tenant.example")
    assert olga.get("/tenant/people/members/").status_code == 200
    page = console_of(keeper, "tenant")
    assert "Tenant" in keeper.get("/platform/").text
    assert keeper.send(f"{page}/suspend", form=page).status_code == 303
    assert keeper.send(f"{page}/suspend", form=page).status_code == 409
    assert olga.get("/tenant/people/members/").status_code == 404
    assert Visitor(app).get("/api/v1/tenant/hse/incidents/", headers=machine).status_code in (401, 404)
    again = Visitor(app)
    again.sign_in("olga@tenant.example")
    assert again.get("/tenant/").status_code == 404
    assert "Tenant" not in again.get("/organisations").text
    with unit_of_work():
        assert organisations.load_organisation(place.id) is None
    assert keeper.send(f"{page}/resume", form=page).status_code == 303
    assert olga.get("/tenant/people/members/").status_code == 200


def test_the_console_shows_figures_and_its_own_trail_and_no_business(keeper: Visitor, app: Flask) -> None:
    place = found("figures")
    owner = actor_of(place, enrol(place, "olga@figures.example", "owner"))
    with acting(place, owner, channel="page"), unit_of_work():
        perform_one("organisation.site", "create", None, {"name": "Secret rig", "kind": "rig"})
    page = console_of(keeper, "figures")
    keeper.send(f"{page}/suspend", form=page)
    shown = keeper.get(page).text
    assert "Kim Keeper" in shown
    assert "Secret rig" not in shown
    assert "olga@figures.example" not in shown
    with acting(Organisation(PLATFORM_ID, "", ""), SYSTEM), unit_of_work() as work:
        entry = work.scalars(select(AuditEntry).where(AuditEntry.organisation_id == PLATFORM_ID,
                                                      AuditEntry.action == "platform.organisation.suspend")).one()
        assert (entry.record_id, entry.record_reference) == (place.id, "figures")


def test_no_page_and_no_session_of_the_application_can_make_a_keeper(keeper: Visitor) -> None:
    with unit_of_work():
        identity = auth.identities_for(["eve@platform.example"])["eve@platform.example"]
    with acting(None), pytest.raises(DBAPIError), unit_of_work(), as_identity(identity):
        session().execute(text("INSERT INTO platform_admin (identity_id, name, created_at) VALUES (:who, 'Eve', now())"), {"who": identity})
    with acting(None), unit_of_work(), as_identity(identity):
        assert session().execute(text("SELECT count(*) FROM platform_admin")).scalar() == 0
        assert session().execute(text("SELECT platform_organisations(:who)"), {"who": identity}).scalar() is None
        assert session().execute(text("SELECT platform_set(:who, 'organisations.own', 'true')"), {"who": identity}).scalar() is False


def test_whoever_keeps_the_platform_no_more_is_refused_at_once(keeper: Visitor, owner_connection: psycopg.Connection[Any]) -> None:
    assert keeper.get("/platform/").status_code == 200
    owner_connection.execute("UPDATE platform_admin SET ended_at = now()")
    owner_connection.commit()
    assert keeper.get("/platform/").status_code == 404
    assert keeper.client.post("/platform/settings", data={"own": "true"}).status_code in (403, 404, 422)


@pytest.mark.requirement("GO-002")
def test_an_organisation_of_one_s_own_only_where_the_platform_allows_it(keeper: Visitor, app: Flask) -> None:
    home = found("home-co")
    enrol(home, "mia@home.example")
    mia, own = Visitor(app), {"person": "Mia Moreau", "name": "Mia & Co", "slug": "mia-co"}
    mia.sign_in("mia@home.example")
    assert mia.get("/organisations/new").status_code == 404
    assert mia.send("/organisations/new", form="/home-co/settings/", **own).status_code == 404
    assert keeper.send("/platform/settings", form="/platform/", own="true").status_code == 303
    assert mia.send("/organisations/new", **{**own, "slug": "home-co"}).status_code == 422
    assert mia.send("/organisations/new", **own).headers["Location"] == "/mia-co/"
    assert mia.get("/mia-co/people/members/new").status_code == 200
    assert mia.get("/home-co/people/members/new").status_code in (403, 404)
    assert "Mia &amp; Co" in mia.get("/organisations").text
    assert Visitor(app).get("/organisations/new").status_code == 404


def test_the_command_makes_and_ends_a_keeper(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    made = run(args=["platform", "admin-add", KEEPER, "--name", "Kim Keeper", "--json"])
    assert made.exit_code == 0, made.output
    link_to = json.loads(made.output)["link"]
    kim = Visitor(app)
    welcome = link_to[link_to.index("/welcome/"):]
    assert kim.send(welcome, password=PASSWORD, again=PASSWORD).status_code == 303
    assert kim.get("/platform/").status_code == 200
    assert run(args=["platform", "admin-end", KEEPER]).exit_code == 0
    assert kim.get("/platform/").status_code == 404
    assert run(args=["platform", "admin-end", KEEPER]).exit_code == 1


ACTS = ("make", "suspend", "resume", "reopen", "settings")


@pytest.mark.parametrize("act", ACTS)
def test_what_counts_for_a_whole_organisation_asks_who_is_there(keeper: Visitor, act: str) -> None:
    """Ten minutes after the last proof it is asked for again; what was typed goes on with it."""
    found("tenant")
    page = console_of(keeper, "tenant")
    if act == "resume":
        keeper.send(f"{page}/suspend", form=page)
    if act == "reopen":
        assert keeper.send(f"{page}/delete", form=page, reason="It is over.", typed="Tenant", proof=PASSWORD).status_code == 303
    address = {"make": "/platform/", "settings": "/platform/settings"}.get(act, f"{page}/{act}")
    typed = {"make": FORM, "settings": {"own": "true", "holding": "40"}}.get(act, {})
    with unit_of_work() as work:
        identity = auth.identity_of(KEEPER)
        with as_identity(identity):  # type: ignore[arg-type]
            work.execute(update(auth.UserSession).values(proved_at=clock.now() - timedelta(minutes=11)))
    keeper.get("/platform/")  # which shows what was said of the act before
    before = keeper.get(page).text
    asked = keeper.send(address, form="/platform/", **typed)
    assert "Confirm that it is you" in asked.text
    assert all(f'name="{name}" value="{value}"' in asked.text for name, value in typed.items())
    assert keeper.send(address, form="/platform/", **typed, proof_of_you="1", proof="wrong").status_code == 422
    with unit_of_work():
        assert organisations.place_of("cabinet-test") is None
    assert re.sub(r"[0-9a-f]{32,}", "", keeper.get(page).text) == re.sub(r"[0-9a-f]{32,}", "", before)
    assert keeper.send(address, form="/platform/", **typed, proof_of_you="1", proof=PASSWORD).status_code == 303
