"""Another e-mail address counts once both have said yes; nobody learns from it who else exists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.core import search
from app.core.audit.models import AuditEntry
from app.core.auth import mails
from app.core.auth.identities import identity_of
from app.core.notifications.models import Notification
from app.core.organisations import Organisation
from app.core.people import Member, Status
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.registry import registry
from tests.core.auth.conftest import Town
from tests.core.auth.letters import Mailbox, link
from tests.core.visitors import PASSWORD, Visitor, actor_of, enrol

OLD, NEW, PAGE = "ben@home.example", "benjamin@home.example", "/home/settings/address"


def _ask(ben: Visitor, post: Mailbox, email: str = NEW) -> dict[str, str]:
    """The links that arrive at the two addresses."""
    assert ben.send(PAGE, email=email, current=PASSWORD).status_code == 303
    return {str(mail["To"]): link(mail, "/account/address/") for mail in post.arrived()}


def _email(town: Town) -> str:
    with acting(town.home, SYSTEM), unit_of_work() as work:
        return work.get_one(Member, (town.home.id, town.member.id)).email


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
def test_both_addresses_confirm_it(app: Flask, ben: Visitor, town: Town, post: Mailbox, order: tuple[str, str]) -> None:
    links, mailreader = _ask(ben, post), Visitor(app)
    assert set(links) == {OLD, NEW}
    assert NEW in ben.get(PAGE).text
    assert NEW in mailreader.get(links[order[0]]).text
    assert "one is done" in mailreader.send(links[order[0]]).text
    assert _email(town) == OLD
    assert mailreader.get(links[order[0]]).status_code == 404, "each side once"
    assert "The address is changed" in mailreader.send(links[order[1]]).text
    assert _email(town) == NEW
    assert identity_of(NEW) == town.member.identity_id
    assert identity_of(OLD) is None
    assert ben.get("/home/inbox/").location.startswith("/sign-in"), "everywhere signed out"
    assert ben.sign_in(OLD).status_code == 422
    assert ben.sign_in(NEW).status_code == 303
    assert {mail["To"] for mail in post.arrived()} == {OLD, NEW}, "both are told"


def test_it_asks_for_the_password_and_for_an_address(ben: Visitor, post: Mailbox) -> None:
    assert ben.send(PAGE, email=NEW, current="wrong").status_code == 422
    for wrong in ("", "nobody", OLD):
        assert ben.send(PAGE, email=wrong, current=PASSWORD).status_code == 422
    assert post.arrived() == []


def test_an_address_that_is_taken_is_answered_alike_and_gets_no_mail(ben: Visitor, post: Mailbox) -> None:
    assert set(_ask(ben, post, "ada@home.example")) == {OLD}


def test_a_link_lives_for_a_day(ben: Visitor, post: Mailbox, visitor: Visitor) -> None:
    links = _ask(ben, post)
    with clock.at(clock.now() + timedelta(hours=25)):
        assert visitor.get(links[OLD]).status_code == 404


def test_asking_again_ends_what_was_asked_before(ben: Visitor, post: Mailbox, visitor: Visitor) -> None:
    links = _ask(ben, post)
    _ask(ben, post, "other@home.example")
    assert visitor.get(links[NEW]).status_code == 404


def test_the_old_address_undoes_a_change_that_was_not_its_own(app: Flask, ben: Visitor, town: Town, post: Mailbox) -> None:
    links, mailreader = _ask(ben, post), Visitor(app)
    for address in links.values():
        mailreader.send(address)
    (told,) = post.arrived(to=OLD)
    assert "The account is locked" in mailreader.send(link(told, "/account/not-me/")).text
    assert _email(town) == OLD
    assert identity_of(OLD) == town.member.identity_id
    assert ben.sign_in(NEW).status_code == 422
    assert ben.sign_in(OLD).status_code == 422, "the password is barred until a reset"


def test_not_me_at_the_old_address_ends_a_change_that_waits(ben: Visitor, town: Town, post: Mailbox, visitor: Visitor) -> None:
    assert ben.send(PAGE, email=NEW, current=PASSWORD).status_code == 303
    mails = {str(mail["To"]): mail for mail in post.arrived()}
    visitor.send(link(mails[OLD], "/account/not-me/"))
    assert visitor.get(link(mails[NEW], "/account/address/")).status_code == 404


def test_mails_about_the_account_go_to_the_address_that_one_signs_in_with(town: Town, post: Mailbox) -> None:
    """A member's record may be changed by others; what is said about the account is for its owner."""
    identity = town.member.identity_id
    assert identity
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.execute(text("UPDATE member SET email = 'mallory@else.example' WHERE id = :id"), {"id": town.member.id})
    with unit_of_work():
        mails.tell(identity, mails.PASSWORD)
    assert [mail["To"] for mail in post.arrived()] == [OLD]


@pytest.mark.parametrize("status", [Status.INACTIVE, Status.SUSPENDED, Status.ARCHIVED])
def test_every_seat_follows_also_where_they_may_not_come_in(app: Flask, ben: Visitor, town: Town, post: Mailbox, status: Status) -> None:
    """Otherwise whoever takes the former address would be tied to the seat that was left behind."""
    there = enrol(town.away, OLD, password="")
    with acting(town.away, SYSTEM), unit_of_work() as work:
        seat = work.get_one(Member, (town.away.id, there.id))
        seat.archived_at = clock.now() if status is Status.ARCHIVED else None
        seat.status = status
    links, mailreader = _ask(ben, post), Visitor(app)
    for side in (OLD, NEW):
        mailreader.send(links[side])
    with acting(town.away, SYSTEM), unit_of_work() as work:
        assert work.get_one(Member, (town.away.id, there.id)).email == NEW


def test_who_is_away_everywhere_is_told_all_the_same(town: Town, post: Mailbox) -> None:
    identity = town.member.identity_id
    assert identity is not None
    for status, told in ((Status.INACTIVE, True), (Status.SUSPENDED, True), (Status.ARCHIVED, False)):
        with acting(town.home, SYSTEM), unit_of_work() as work:
            seat = work.get_one(Member, (town.home.id, town.member.id))
            seat.archived_at = clock.now() if status is Status.ARCHIVED else None
            seat.status = status
        with unit_of_work():
            assert mails.tell(identity, mails.PASSWORD) is told
        assert bool(post.arrived(to=OLD)) is told


def test_who_is_found_by_an_address_is_found_by_the_new_one_everywhere(app: Flask, ben: Visitor, town: Town, post: Mailbox) -> None:
    enrol(town.away, OLD, password="")
    links, mailreader = _ask(ben, post), Visitor(app)
    for side in (OLD, NEW):
        mailreader.send(links[side])
    for place in (town.home, town.away):
        with acting(place, SYSTEM), unit_of_work():
            assert len(search.matching(NEW, registry.resource("people.member"))) == 1, place.slug


def _moved(town: Town, post: Mailbox) -> str:
    """An administrator wrote another address for Ben, who owns his account; where the mail to the former one leads."""
    admin = enrol(town.home, "cleo@home.example", "owner")
    with acting(town.home, actor_of(town.home, admin), channel="page"), unit_of_work():
        perform_one("people.member", "edit", town.member.id, {"email": "mallory@else.example"})
    (told,) = post.arrived(to=OLD)
    return link(told, "/account/not-me/")


def test_the_former_address_does_not_agree_to_what_an_administrator_wrote(app: Flask, town: Town, post: Mailbox) -> None:
    enrol(town.away, OLD, password="")
    address, reader = _moved(town, post), Visitor(app)
    assert "kept out until an administrator has looked" in reader.get(address).text
    assert "The administrators are told" in reader.send(address).text
    assert reader.get(address).status_code == 404, "it works once"
    with acting(town.home, SYSTEM), unit_of_work() as work:
        seat = work.get_one(Member, (town.home.id, town.member.id))
        assert (seat.status, seat.email) == (Status.SUSPENDED, "mallory@else.example")
        told = work.scalars(select(Notification).where(Notification.kind == "address_disputed")).all()
        assert town.owner.id in {each.member_id for each in told}
        assert work.scalars(select(AuditEntry.action).where(AuditEntry.action == "auth.address.disputed")).one()
    assert reader.sign_in(OLD).status_code == 303, "their own account is as it was"
    assert reader.get("/away/hse/incidents/").status_code == 200


def test_an_address_that_is_written_twice_is_held_all_the_same(app: Flask, town: Town, post: Mailbox) -> None:
    address = _moved(town, post)
    with acting(town.home, SYSTEM), unit_of_work():
        perform_one("people.member", "edit", town.member.id, {"email": "mallory2@else.example"})
    assert "The administrators are told" in Visitor(app).send(address).text
    with acting(town.home, SYSTEM), unit_of_work() as work:
        assert work.get_one(Member, (town.home.id, town.member.id)).status is Status.SUSPENDED


def test_of_a_closed_organisation_the_link_says_nothing_and_bars_no_account(app: Flask, town: Town, post: Mailbox) -> None:
    enrol(town.away, OLD, password="")
    address, reader = _moved(town, post), Visitor(app)
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(Organisation, town.home.id).suspended_at = clock.now()
    assert reader.get(address).status_code == 404
    assert reader.send(address).status_code == 404
    assert reader.sign_in(OLD).status_code == 303


def test_what_an_administrator_changed_again_is_not_held(app: Flask, town: Town, post: Mailbox) -> None:
    address = _moved(town, post)
    with acting(town.home, SYSTEM), unit_of_work():
        perform_one("people.member", "edit", town.member.id, {"email": OLD})
    assert Visitor(app).send(address).status_code == 404
    with acting(town.home, SYSTEM), unit_of_work() as work:
        assert work.get_one(Member, (town.home.id, town.member.id)).status is not Status.SUSPENDED
