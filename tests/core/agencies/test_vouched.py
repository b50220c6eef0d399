"""Whose provider must vouch for an agency's people, where they may go with that, and what is told of whom before they say yes."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from app.core import access, auth, settings
from app.core.agencies import services
from app.core.auth import workspaces
from app.core.auth.entry import cookie_name
from app.core.auth.models import UserSession
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import as_identity, unit_of_work
from tests.core.agencies.firms import Cast, open_client
from tests.core.visitors import Visitor

AT = "/harbour/hse/incidents/"


def only_by_provider(place: Organisation, but: Member) -> None:
    """Single sign-on for all but one."""
    with acting(place, SYSTEM), unit_of_work():
        settings.set("auth.sso_only", str(but.id))


def vouched(app: Flask, member: Member, by: Organisation) -> Visitor:
    """The browser of somebody whom the provider of an organisation let in."""
    assert member.identity_id
    with unit_of_work():
        secret = auth.opened(member.identity_id, source="", agent="", method="oidc", confined_to=by.id)
    visitor = Visitor(app)
    with app.test_request_context():
        visitor.client.set_cookie(cookie_name(), secret)
    return visitor


def test_the_agency_s_own_single_sign_on_holds_at_its_clients_too(cast: Cast, app: Flask) -> None:
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")
    assert ada.get(AT).status_code == 200
    only_by_provider(cast.agency, cast.head)
    answer = ada.get(AT)
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in/to/northern")
    head = cast.sign_in(app, "head@northern.example")
    assert open_client(head, "Harbour").status_code == 303
    assert head.get(AT).status_code == 200, "the one whom a password lets in"


def test_whom_the_agency_s_provider_let_in_enters_its_clients(cast: Cast, app: Flask) -> None:
    only_by_provider(cast.agency, cast.head)
    ada = vouched(app, cast.ada, cast.agency)
    assert open_client(ada, "Harbour").status_code == 303
    assert ada.get(AT).status_code == 200
    assert "Harbour" in ada.get("/organisations").text
    with unit_of_work() as work, as_identity(cast.ada.identity_id):
        (held,) = work.scalars(select(UserSession.id).where(UserSession.confined_to.is_not(None)))
    pair = (str(cast.client.id), auth.proof_of(held, None))
    assert app.extensions["living"]({pair}) == {pair}
    only_by_provider(cast.client, cast.owner)
    answer = ada.get(AT)
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in/to/harbour"), "the client asks for its own"
    assert app.extensions["living"]({pair}) == set()


def test_whom_the_client_s_provider_let_in_enters_that_client_alone(cast: Cast, app: Flask) -> None:
    cast.agree(cast.second, cast.other, "viewer")
    first = cast.sign_in(app, "ada@northern.example")
    for name in ("Harbour", "Quarry"):
        open_client(first, name)
    only_by_provider(cast.agency, cast.head)
    ada = vouched(app, cast.ada, cast.client)
    assert ada.get(AT).status_code == 200
    assert ada.get("/quarry/hse/incidents/").status_code == 404
    assert ada.get("/northern/inbox/").status_code == 404


def test_the_choice_lists_no_client_that_would_not_open(cast: Cast, app: Flask) -> None:
    ada = cast.sign_in(app, "ada@northern.example")
    open_client(ada, "Harbour")
    assert "Harbour" in ada.get("/organisations").text
    with acting(cast.agency, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (cast.agency.id, cast.ada.id)).role_id = access.role_named("viewer").id
    assert ada.get(AT).status_code == 404
    assert "Harbour" not in ada.get("/organisations").text
    with unit_of_work():
        assert [place.slug for place in workspaces.open_to(cast.ada.identity_id)] == ["northern"]  # type: ignore[arg-type]
        assert not auth.has_workspace_access(cast.ada.identity_id, cast.client.id)  # type: ignore[arg-type]


def test_an_offer_tells_nobody_s_name(cast: Cast) -> None:
    with cast.work(cast.agency, cast.head):
        link_id = services.offer(services.AGENCY, "quarry", "", "").id
        assert services.partners()[cast.second.id].name == "quarry"
    with cast.work(cast.second, cast.other):
        assert services.partners()[cast.agency.id].name == "Northern", "whoever offers says who they are"
        services.end(link_id)
    with cast.work(cast.agency, cast.head):
        assert services.partners()[cast.second.id].name == "quarry"
        assert services.partners()[cast.client.id].name == "Harbour"
    cast.agree(cast.second, cast.other, "viewer")
    with cast.work(cast.agency, cast.head):
        assert services.partners()[cast.second.id].name == "Quarry"
