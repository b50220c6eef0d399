"""A seat made of a person who exists is theirs once they say yes: until then it opens nothing, and nobody's rules but their own hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, auth, people, settings
from app.core.audit.models import AuditEntry
from app.core.auth import mails
from app.core.auth.factors import lost
from app.core.auth.policy import policy_of
from app.core.people import Answer, Invitation, Member, Status
from app.kernel.current import SYSTEM, Actor, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Conflict
from app.kernel.i18n import reading
from tests.core.auth.letters import Mailbox, link, mailbox
from tests.core.visitors import PASSWORD, Visitor, actor_of, enrol, found

IDA, NEW = "ida@own.example", "nora@new.example"


@dataclass
class Two:
    """The organisation of a person, and another whose owner makes a member of them."""

    own: Organisation
    other: Organisation
    owner: Actor
    post: Mailbox
    ida: Member

    def make(self, email: str = IDA, **said: Any) -> Member:
        """The owner of the other makes a member, through the door."""
        with acting(self.other, SYSTEM), unit_of_work():
            role = str(access.role_named("member").id)
        with acting(self.other, self.owner, channel="page"), unit_of_work():
            made = perform_one("people.member", "create", None, {"name": "Ida There", "email": email, "role": role, **said}).record.id
        return self.seat(made)

    def seat(self, member_id: Any) -> Member:
        """A member of the other as the database has them."""
        with acting(self.other, SYSTEM), unit_of_work() as work:
            member = work.get_one(Member, (self.other.id, member_id))
            work.expunge(member)
        return member

    def do(self, action: str, member: Member, data: Any = None) -> Member:
        """The owner of the other acts on a member."""
        with acting(self.other, self.owner, channel="page"), unit_of_work():
            perform_one("people.member", action, member.id, data)
        return self.seat(member.id)

    def invitation(self) -> str:
        """The address that the mail leads to."""
        return link(self.post.arrived(to="@")[-1], "/invitation/")


@pytest.fixture
def two(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """Both, with people."""
    own, other = found("own"), found("other")
    enrol(own, "olga@own.example", "owner")
    owner = actor_of(other, enrol(other, "otto@other.example", "owner"))
    with reading("en"):
        yield Two(own, other, owner, mailbox(monkeypatch, other), enrol(own, IDA))


def test_until_they_say_yes_it_is_no_seat_of_theirs(two: Two, app: Flask) -> None:
    with acting(two.other, SYSTEM), unit_of_work():
        settings.set("auth.idle_minutes", 5)
    made, identity = two.make(), two.ida.identity_id
    assert identity is not None
    assert (made.status, made.accepted, made.identity_id) == (Status.PENDING, False, identity)
    with unit_of_work():
        assert [place.slug for place in auth.organisations_of(identity)] == ["own"]
        assert policy_of(identity).idle.total_seconds() == 720 * 60
        assert [organisation.slug for organisation, _member in lost.seats(identity)] == ["own"]
        assert mails.seat_of(identity)[0].slug == "own"  # type: ignore[index]
        assert not auth.has_workspace_access(identity, two.other.id)
    browser = Visitor(app)
    assert browser.sign_in(IDA).status_code == 303
    assert browser.get("/other/settings/").status_code == 404
    assert browser.get("/own/settings/").status_code == 200
    with acting(two.other, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(AuditEntry).where(AuditEntry.action == "auth.sign_in")).all() == []


def test_they_are_invited_and_their_yes_lets_them_in(two: Two, app: Flask) -> None:
    made, address = two.make(), two.invitation()
    stranger = Visitor(app)
    assert "You have an account already" in stranger.get(address).text
    assert stranger.send(f"{address}/accept", form=address).location.startswith("/sign-in")
    assert two.seat(made.id).status == Status.PENDING
    ida = Visitor(app)
    ida.sign_in(IDA)
    assert ida.send(f"{address}/accept", form=address).status_code == 303
    assert ida.get("/other/settings/").status_code == 200
    now = two.seat(made.id)
    assert (now.status, now.accepted) == (Status.ACTIVE, True)
    with acting(two.other, SYSTEM), unit_of_work() as work:
        kept = work.scalars(select(Invitation)).one()
        assert (kept.status, kept.member_id) == (Answer.ACCEPTED, made.id)


def test_their_no_puts_it_away(two: Two, app: Flask) -> None:
    made, address = two.make(), two.invitation()
    assert Visitor(app).send(f"{address}/decline", form=address).status_code == 200
    assert two.seat(made.id).status == Status.ARCHIVED
    again = two.do("activate", two.do("restore", made))
    assert (again.status, again.accepted) == (Status.PENDING, False)


def test_nobody_else_says_it_for_them(two: Two) -> None:
    made = two.make()
    with pytest.raises(Conflict, match="not said yes"):
        two.do("activate", made)
    again = two.do("activate", two.do("deactivate", made))
    assert (again.status, again.accepted) == (Status.PENDING, False)
    with pytest.raises(Conflict, match="not said yes"), acting(two.other, two.owner, channel="page"), unit_of_work() as work:
        work.get_one(Member, (two.other.id, made.id)).status = Status.ACTIVE


def test_an_address_that_becomes_theirs_is_asked_about_too(two: Two) -> None:
    made = two.make(NEW)
    assert (made.status, made.accepted) == (Status.ACTIVE, True)
    assert two.do("edit", made, {"phone": "+49 30 1234"}).status == Status.ACTIVE
    moved = two.do("edit", made, {"email": IDA})
    assert (moved.status, moved.accepted, moved.identity_id) == (Status.PENDING, False, two.ida.identity_id)


def test_whoever_begins_elsewhere_is_asked_about_seats_made_before(two: Two, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    made, post = two.make(NEW), mailbox(monkeypatch, two.own)
    with acting(two.own, SYSTEM), unit_of_work():
        said = {"name": "Nora New", "email": NEW, "role": str(access.role_named("member").id), "kind": "own"}
        perform_one("people.invitation", "create", None, said)
    address, nora = link(post.arrived(to=NEW)[-1], "/invitation/"), Visitor(app)
    assert nora.send(f"{address}/accept", form=address, password=PASSWORD, again=PASSWORD).status_code == 303
    assert nora.get("/own/settings/").status_code == 200
    assert nora.get("/other/settings/").status_code == 404
    assert two.seat(made.id).status == Status.PENDING


def test_an_only_owner_made_before_stays_one(two: Two, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    third, post = found("third"), mailbox(monkeypatch, two.own)
    enrol(third, NEW, "owner", password="")
    with acting(two.own, SYSTEM), unit_of_work():
        said = {"name": "Nora New", "email": NEW, "role": str(access.role_named("member").id), "kind": "own"}
        perform_one("people.invitation", "create", None, said)
    address, nora = link(post.arrived(to=NEW)[-1], "/invitation/"), Visitor(app)
    assert nora.send(f"{address}/accept", form=address, password=PASSWORD, again=PASSWORD).status_code == 303
    assert nora.get("/own/settings/").status_code == 200
    with acting(third, SYSTEM), unit_of_work():
        assert [member.status for member in people.with_role("owner")] == [Status.ACTIVE]
