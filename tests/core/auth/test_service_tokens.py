"""Tokens of services: they belong to the organisation, have a role of their own, and a member answers for them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, audit, auth, mail
from app.core.audit.models import AuditEntry
from app.core.auth import ApiToken, answering, tokens
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Forbidden, Invalid
from tests.core.auth.conftest import Town
from tests.core.visitors import Visitor, actor_of, enrol

PAGE, SITES = "/home/settings/service-tokens", "/api/v1/home/organisation/sites/"
SUPPLIERS, ROLES = "/api/v1/home/procurement/suppliers/", "/api/v1/home/access/roles/"


@pytest.fixture
def ada(app: Flask, town: Town) -> Visitor:
    """The owner's browser, signed in."""
    browser = Visitor(app)
    browser.sign_in("ada@home.example")
    return browser


def make(browser: Visitor, town: Town, role: str = "viewer", scope: str = "admin", **said: str) -> str:
    """A service token that ben answers for, who was asked and accepted; its value."""
    value = asked(browser, town, role, scope, **said)
    with acting(town.home, actor_of(town.home, town.member)), unit_of_work():
        for each in answering.asked():
            answering.answer(each.id, accept=True)
    return value


def asked(browser: Visitor, town: Town, role: str = "viewer", scope: str = "admin", **said: str) -> str:
    """A service token that ben is asked to answer for; its value."""
    sent = {"name": "Ledger", "role": role, "owner": town.member.reference, "scopes": scope, "days": "90", **said}
    found = re.search(r">([0-9a-f]{32})<", browser.send(PAGE, **sent).text)
    return found.group(1) if found else ""


def call(app: Flask, value: str, address: str, method: str = "GET", **said: Any) -> int:
    return app.test_client().open(address, method=method, headers={"Authorization": f"Bearer {value}"}, **said).status_code


def address(browser: Visitor, verb: str) -> str:
    found = re.search(rf'action="({PAGE}/[0-9a-f-]+/{verb})"', browser.get(PAGE).text)
    assert found
    return found.group(1)


def test_a_service_does_what_its_role_may_not_what_its_owner_may(ada: Visitor, app: Flask, town: Town) -> None:
    viewer, admin = make(ada, town), make(ada, town, "admin")
    body = {"name": "Rowan", "kind": "rig"}
    assert [call(app, viewer, SITES), call(app, viewer, SITES, "POST", json=body), call(app, viewer, ROLES)] == [200, 403, 403]
    assert [call(app, admin, SITES, "POST", json=body), call(app, admin, ROLES)] == [201, 200]
    reading = make(ada, town, "admin", "read_only")
    assert [call(app, reading, ROLES), call(app, reading, SITES, "POST", json=body)] == [200, 403]


def test_a_change_of_the_role_counts_with_the_next_request(ada: Visitor, app: Flask, town: Town) -> None:
    value = make(ada, town)
    assert call(app, value, SUPPLIERS) == 200
    with acting(town.home, SYSTEM), unit_of_work() as work:
        role = access.role_named("viewer")
        for grant in work.scalars(select(access.RoleGrant).where(access.RoleGrant.role_id == role.id)):
            work.delete(grant)
    assert call(app, value, SUPPLIERS) == 403


def test_what_it_does_stands_under_its_own_name_on_behalf_of_whoever_answers(ada: Visitor, app: Flask, town: Town) -> None:
    assert call(app, make(ada, town, "admin"), SITES, "POST", json={"name": "Rowan", "kind": "rig"}) == 201
    with acting(town.home, SYSTEM), unit_of_work() as work:
        token = work.query(ApiToken).one()
        made = work.query(AuditEntry).filter_by(action="organisation.site.create").one()
        assert (made.actor_id, made.on_behalf_of, made.channel) == (token.id, town.member.id, "api")
        assert made.context["actor_kind"] == "service"
        (shown,) = audit.shown([made])
        assert shown.who == "Ledger (service), for which Ben answers"
        assert work.query(AuditEntry).filter_by(action="auth.token.made").one().context["service"] is True


def test_nobody_answers_for_a_service_without_having_accepted(ada: Visitor, ben: Visitor, app: Flask, town: Town) -> None:
    value = asked(ada, town, "admin")
    assert call(app, value, SITES, "POST", json={"name": "Rowan", "kind": "rig"}) == 201
    with acting(town.home, SYSTEM), unit_of_work() as work:
        token = work.query(ApiToken).one()
        assert (token.member_id, token.asked_id) == (town.owner.id, town.member.id), "whoever made it answers for it"
        assert work.query(AuditEntry).filter_by(action="organisation.site.create").one().on_behalf_of == town.owner.id
        token_id = token.id
    assert "Ben was asked" in ada.get(PAGE).text
    assert "asks you to answer for the service “Ledger”" in ben.get("/home/notifications/").text
    own = "/home/settings/tokens"
    assert "Services that ask for you" in ben.get(own).text
    assert ada.send(f"{own}/{token_id}/answer", form=own, answer="accept").status_code == 404
    assert ben.send(f"{own}/{token_id}/answer", form=own, answer="decline").status_code == 303
    assert ben.send(f"{own}/{token_id}/answer", form=own, answer="accept").status_code == 404
    assert ada.send(address(ada, "owner"), form=PAGE, owner=town.member.reference).status_code == 303
    assert ben.send(f"{own}/{token_id}/answer", form=own, answer="accept").status_code == 303
    with acting(town.home, SYSTEM), unit_of_work() as work:
        token = work.query(ApiToken).one()
        assert (token.member_id, token.asked_id) == (town.member.id, None)
        rows = select(AuditEntry).where(AuditEntry.action.like("auth.token.%")).order_by(AuditEntry.at)
        told = [row.action for row in work.scalars(rows)]
        assert told == ["auth.token.made", "auth.token.asked", "auth.token.declined", "auth.token.asked", "auth.token.accepted"]


def test_whoever_holds_a_token_hears_by_mail_before_it_ends(ada: Visitor, ben: Visitor, app: Flask, town: Town) -> None:
    make(ada, town)
    ben.send("/home/settings/tokens", name="Script", scopes="read_only", days="30")

    def told(days: int) -> list[str]:
        with clock.at(clock.now() + timedelta(days=days)), acting(town.home, SYSTEM, channel="schedule"):
            answering.remind()
        with acting(town.home, SYSTEM), unit_of_work() as work:
            return [row.subject for row in work.scalars(select(mail.MailMessage).where(mail.MailMessage.subject.like("%token “%"))
                                                        .order_by(mail.MailMessage.created_at))]

    assert told(15) == []
    assert len(told(17)) == 1
    (first,) = told(18)
    assert "Script" in first, "once, and not each day anew"
    assert len(told(77)) == 2
    assert told(95)[1:] == [each for each in told(95) if "Ledger" in each]


def test_it_is_refused_while_its_owner_is_not_active(ada: Visitor, app: Flask, town: Town) -> None:
    value = make(ada, town)
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (town.home.id, town.member.id)).status = "inactive"
    assert call(app, value, SITES) == 404
    assert "Owner not active" in ada.get(PAGE).text
    assert ada.send(address(ada, "owner"), form=PAGE, owner=town.owner.reference).status_code == 303
    assert call(app, value, SITES) == 200


def test_it_outlives_what_its_owner_holds_personally(ada: Visitor, app: Flask, town: Town) -> None:
    value = make(ada, town)
    assert town.member.identity_id
    with unit_of_work():
        auth.revoke_all(town.member.identity_id)
    assert call(app, value, SITES) == 200


def test_it_is_rotated_and_revoked_by_whoever_manages_tokens(ada: Visitor, app: Flask, town: Town) -> None:
    old = make(ada, town)
    rotated = ada.send(address(ada, "rotate"), form=PAGE)
    new = re.search(r">([0-9a-f]{32})<", rotated.text)
    assert new
    assert "60 minutes" in rotated.text
    assert [call(app, each, SITES) for each in (old, new[1])] == [200, 200]
    assert ada.send(address(ada, "revoke"), form=PAGE).status_code == 303
    assert [call(app, each, SITES) for each in (old, new[1])] == [401, 401]


def test_whoever_manages_tokens_ends_those_of_members(ada: Visitor, ben: Visitor, app: Flask, town: Town) -> None:
    page = ben.send("/home/settings/tokens", name="Script", scopes="read_only", days="30").text
    value = re.search(r">([0-9a-f]{32})<", page)
    assert value
    shown = ada.get(PAGE).text
    assert "Script" in shown
    assert "/rotate" not in shown, "another person's value is nobody else's to make"
    assert ada.send(address(ada, "revoke"), form=PAGE).status_code == 303
    assert call(app, value[1], SITES) == 401


def test_nobody_else_comes_near_them(ada: Visitor, ben: Visitor, town: Town) -> None:
    make(ada, town)
    with acting(town.home, SYSTEM), unit_of_work() as work:
        token = work.query(ApiToken).one().id
    assert ben.get(PAGE).status_code == 403
    for verb in ("rotate", "revoke", "owner"):
        assert ben.send(f"{PAGE}/{token}/{verb}", form="/home/settings/tokens").status_code == 403
    assert ben.send(f"/home/settings/tokens/{token}/rotate", form="/home/settings/tokens").status_code == 404
    assert ben.send(f"/home/settings/tokens/{token}/revoke", form="/home/settings/tokens").status_code == 404
    with acting(town.home, actor_of(town.home, town.member)), unit_of_work(), pytest.raises(Forbidden):
        auth.make_service_token("Ledger", access.role_named("viewer").id, town.member.id)


def test_nobody_gives_a_service_more_than_they_have(town: Town) -> None:
    admin = enrol(town.home, "amy@home.example", "admin")
    with acting(town.home, actor_of(town.home, admin)), unit_of_work():
        auth.make_service_token("Ledger", access.role_named("manager").id, town.member.id)
        with pytest.raises(Invalid) as refused:
            auth.make_service_token("Ledger", access.role_named("owner").id, town.member.id)
        assert set(refused.value.errors) == {"role"}


def test_nobody_takes_a_service_that_may_more_than_they_into_their_hands(ada: Visitor, town: Town) -> None:
    make(ada, town, "owner")
    admin = enrol(town.home, "amy@home.example", "admin")
    with acting(town.home, actor_of(town.home, admin)), unit_of_work() as work:
        token = work.query(ApiToken).one()
        before = token.secret_hash
        with pytest.raises(Forbidden):
            tokens.rotate_token(token.id)
        with pytest.raises(Forbidden):
            tokens.hand_over(token.id, admin.id)
        assert (token.secret_hash, token.member_id) == (before, town.member.id)
        auth.revoke_token(token.id)


@pytest.mark.parametrize("wrong", [{"role": "emperor"}, {"owner": "MEM-1999-00001"}, {"name": ""}, {"scopes": ""}, {"days": "365"}])
def test_what_cannot_be_is_refused_and_stays_typed(ada: Visitor, town: Town, wrong: dict[str, str]) -> None:
    sent = {"name": "Ledger", "role": "viewer", "owner": town.member.reference, "scopes": "write", "days": "30", **wrong}
    answer = ada.send(PAGE, **sent)
    assert answer.status_code == 422
    assert not re.search(r">[0-9a-f]{32}<", answer.text)
    with acting(town.home, SYSTEM), unit_of_work():
        assert session().scalar(select(ApiToken.id)) is None


def test_making_one_asks_again_who_is_there(ada: Visitor, town: Town) -> None:
    from datetime import timedelta

    from app.kernel import clock

    with clock.at(clock.now() + timedelta(minutes=11)):
        asked = ada.send(PAGE, name="Ledger", role="viewer", owner=town.member.reference, scopes="write", days="30")
    assert "proof_of_you" in asked.text
    assert not re.search(r">[0-9a-f]{32}<", asked.text)
