"""Invitations: by mail with a role, answered once and in time, sent again, taken back, and by the hundred."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, auth, people
from app.core.audit.models import AuditEntry
from app.core.mail import MailMessage
from app.core.people import Answer, Invitation, Member, inviting
from app.kernel import clock
from app.kernel.current import SYSTEM, Actor, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform, perform_one
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.i18n import reading
from tests.core.auth.letters import Mailbox, link, mailbox, words
from tests.core.visitors import PASSWORD, Visitor, actor_of, enrol, found

NEW = "nora@new.example"


@dataclass
class Office:
    """An organisation that invites, and its mail."""

    place: Organisation
    owner: Actor
    post: Mailbox

    def role(self, key: str) -> str:
        """The id of a role."""
        with acting(self.place, SYSTEM), unit_of_work():
            return str(access.role_named(key).id)

    def invite(self, email: str = NEW, role: str = "member", who: Actor | None = None, **said: Any) -> str:
        """Invite somebody; gives the address that the mail leads to."""
        data = {"name": "Nora New", "email": email, "role": self.role(role), "kind": "own", **said}
        with acting(self.place, who or self.owner, channel="page"), unit_of_work():
            perform_one("people.invitation", "create", None, data)
        return link(self.post.arrived(to=email)[-1], "/invitation/")

    def do(self, action: str, email: str = NEW) -> None:
        """Act on the invitation of somebody."""
        target = self.kept(email).id
        with acting(self.place, self.owner, channel="page"), unit_of_work():
            perform_one("people.invitation", action, target)

    def kept(self, email: str = NEW) -> Invitation:
        """The invitation as the database has it."""
        with acting(self.place, SYSTEM), unit_of_work() as work:
            kept = work.scalars(select(Invitation).where(Invitation.email == email).order_by(Invitation.id.desc())).first()
            assert kept is not None
            work.expunge(kept)
        return kept

    def member(self, email: str = NEW) -> Member | None:
        """The member with that address."""
        with acting(self.place, SYSTEM), unit_of_work() as work:
            member = work.scalars(select(Member).where(Member.email == email)).first()
            if member is not None:
                work.expunge(member)
        return member


@pytest.fixture
def office(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An organisation whose owner invites."""
    place = found("inviting")
    owner = actor_of(place, enrol(place, "olga@inviting.example", "owner"))
    with reading("en"):
        yield Office(place, owner, mailbox(monkeypatch, place))


def answer(visitor: Visitor, address: str, what: str, **data: str) -> Any:
    """Send the form of the page behind the link."""
    return visitor.send(f"{address}/{what}", form=address, **data)


@pytest.mark.requirement("FL-086")
def test_somebody_new_accepts_and_comes_in(office: Office, app: Flask) -> None:
    address = office.invite(role="manager")
    nora = Visitor(app)
    page = nora.get(address)
    assert page.status_code == 200
    assert "Olga" in page.text
    assert "Manager" in page.text
    assert office.member() is None
    assert answer(nora, address, "accept", password=PASSWORD, again="something else").status_code == 422
    assert answer(nora, address, "accept", password="short", again="short").status_code == 422
    assert answer(nora, address, "accept", password=PASSWORD, again=PASSWORD).status_code == 303
    assert nora.get("/inviting/settings/").status_code == 200
    member, kept = office.member(), office.kept()
    assert member is not None
    assert (kept.status, kept.member_id) == (Answer.ACCEPTED, member.id)
    assert actor_of(office.place, member).roles == ("manager",)
    assert Visitor(app).get(address).status_code == 404


@pytest.mark.requirement("FL-086")
def test_what_was_taken_back_or_has_expired_is_refused(office: Office, app: Flask) -> None:
    revoked = office.invite()
    office.do("revoke")
    assert Visitor(app).get(revoked).status_code == 409
    kept = office.kept().id
    with acting(office.place, SYSTEM), unit_of_work() as work:
        work.delete(work.get_one(Invitation, (office.place.id, kept)))
    late = office.invite("lena@new.example")
    with clock.at(clock.now() + timedelta(days=8)):
        assert Visitor(app).get(late).status_code == 404
        with acting(office.place, SYSTEM), unit_of_work():
            inviting.expire()
    assert office.kept("lena@new.example").status == Answer.EXPIRED
    assert office.member("lena@new.example") is None


def test_sent_again_only_the_newest_mail_opens_it(office: Office, app: Flask) -> None:
    first = office.invite()
    with clock.at(clock.now() + timedelta(hours=1)):
        office.do("resend")
        second = link(office.post.arrived(to=NEW)[-1], "/invitation/")
    assert first != second
    assert Visitor(app).get(first).status_code == 409
    assert Visitor(app).get(second).status_code == 200


def test_an_expired_one_comes_back_to_life_when_it_is_sent_again(office: Office, app: Flask) -> None:
    office.invite()
    with clock.at(clock.now() + timedelta(days=8)):
        with acting(office.place, SYSTEM), unit_of_work():
            inviting.expire()
        office.do("resend")
        again = link(office.post.arrived(to=NEW)[-1], "/invitation/")
        assert Visitor(app).get(again).status_code == 200
    assert office.kept().status == Answer.OPEN


@pytest.mark.requirement("GO-002")
@pytest.mark.requirement("OF-057")
def test_somebody_with_an_account_elsewhere_accepts_as_themselves_only(office: Office, app: Flask) -> None:
    other = found("elsewhere")
    enrol(other, "zoe@elsewhere.example", "owner")
    address = office.invite("zoe@elsewhere.example", role="viewer")
    nobody, ben, zoe = Visitor(app), Visitor(app), Visitor(app)
    refused = answer(nobody, address, "accept", password=PASSWORD, again=PASSWORD)
    assert (refused.status_code, refused.headers["Location"].startswith("/sign-in")) == (303, True)
    enrol(other, "ben@elsewhere.example")
    ben.sign_in("ben@elsewhere.example")
    assert "zoe@elsewhere.example" in ben.get(address).text
    assert answer(ben, address, "accept").headers["Location"].startswith("/sign-in")
    assert office.member("zoe@elsewhere.example") is None
    zoe.sign_in("zoe@elsewhere.example", wanted=address)
    assert answer(zoe, address, "accept").headers["Location"] == "/inviting/"
    assert zoe.get("/inviting/settings/").status_code == 200
    assert zoe.get("/elsewhere/settings/").status_code == 200
    assert zoe.get("/elsewhere/people/members/new").status_code == 200
    assert zoe.get("/inviting/people/members/new").status_code in (403, 404)


def test_declined_makes_nobody_and_tells_who_asked(office: Office, app: Flask) -> None:
    address = office.invite()
    nora = Visitor(app)
    assert answer(nora, address, "decline").status_code == 200
    assert (office.kept().status, office.member()) == (Answer.DECLINED, None)
    assert nora.get(address).status_code == 404
    olga = Visitor(app)
    olga.sign_in("olga@inviting.example")
    assert "Nora New declined your invitation" in olga.get("/inviting/notifications/").text
    with acting(office.place, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(AuditEntry).where(AuditEntry.action == "people.invitation.decline")).one().record_id == office_id(work)


def office_id(work: Any) -> Any:
    """The id of the only invitation."""
    return work.scalars(select(Invitation.id)).one()


def test_the_log_of_mail_never_holds_the_secret(office: Office) -> None:
    address = office.invite()
    secret = address.rpartition("/")[2]
    with acting(office.place, SYSTEM), unit_of_work() as work:
        for mail in work.scalars(select(MailMessage)):
            assert secret not in f"{mail.text} {mail.html} {mail.facts}"


def test_nobody_is_asked_twice_or_when_they_are_a_member(office: Office) -> None:
    office.invite()
    with pytest.raises(Invalid, match="exists already"):
        office.invite()
    with pytest.raises(Invalid, match="member already"):
        office.invite("OLGA@inviting.example")


def test_nobody_invites_to_more_than_they_have(office: Office) -> None:
    admin = actor_of(office.place, enrol(office.place, "adam@inviting.example", "admin"))
    with pytest.raises(Forbidden, match="Only an owner"):
        office.invite(role="owner", who=admin)
    office.invite(role="admin", who=admin)
    with acting(office.place, SYSTEM), unit_of_work():
        perform_one("access.role", "create", None, {"label": "Host", "lines": [
            {"pattern": "people.*.*", "scope": "company"}, {"pattern": "access.role.view", "scope": "company"}]})
    host = actor_of(office.place, enrol(office.place, "hans@inviting.example", "host"))
    with pytest.raises(Forbidden, match="more than you have"):
        office.invite("other@new.example", role="admin", who=host)


def test_accepted_ones_are_neither_sent_nor_changed_and_declined_ones_can_be_sent_anew(office: Office, app: Flask) -> None:
    answer(Visitor(app), office.invite(), "decline")
    with pytest.raises(Conflict, match="has ended"):
        office.do("revoke")
    office.do("resend")
    again = link(office.post.arrived(to=NEW)[-1], "/invitation/")
    answer(Visitor(app), again, "accept", password=PASSWORD, again=PASSWORD)
    for action in ("resend", "revoke"):
        with pytest.raises(Conflict, match="has ended"):
            office.do(action)


def test_many_are_invited_at_once_and_each_gets_a_mail(office: Office) -> None:
    rows = [{"name": f"Person {n}", "email": f"person{n}@new.example", "role": office.role("member"), "kind": "own"} for n in range(20)]
    with acting(office.place, office.owner, channel="import"), unit_of_work():
        assert {outcome.state for outcome in perform("people.invitation", "create", data=rows)} == {"done"}
    arrived = [mail for mail in office.post.arrived() if "person" in mail["To"]]
    assert len({mail["To"] for mail in arrived}) == len(arrived) == 20
    assert len({link(mail, "/invitation/") for mail in arrived}) == 20
    assert "Inviting" in words(arrived[0])


def test_the_invited_are_no_members_until_they_say_yes(office: Office) -> None:
    office.invite()
    with acting(office.place, SYSTEM), unit_of_work():
        assert [member.email for member in people.with_role("member")] == []
    identity = auth.identity_of(NEW)
    assert identity is not None
    assert not auth.has_signed_in(identity)
