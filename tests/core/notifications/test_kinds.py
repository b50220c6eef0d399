"""Kinds and priorities of notices, what each reader wishes of them, and what many are told together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import notifications, people
from app.core.mail import MailMessage
from app.core.notifications import Announcement, Category, News, Notification, Priority, announcing, digest, showing, wishes
from app.core.notifications.models import Status
from app.core.people import Group, GroupMember, Language, Member
from app.kernel import clock, door, outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from tests.core.stand import Stand

MONDAY = datetime(2026, 3, 9, 7, 5, tzinfo=UTC)
NIGHT = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


def prefer(stand: Stand, **said: Any) -> UUID:
    """Set preferences of the member; gives their id."""
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, stand.actors["member"].id))
        member.timezone, member.preferences = "UTC", {**member.preferences, **said}
        return member.id


def tell(stand: Stand, kind: str = "approval", **said: Any) -> None:
    with stand.work():
        notifications.notify(stand.actors["member"].id, kind, said.pop("title", "Something"), "/x", **said)


def told(stand: Stand) -> list[tuple[str, Category, Priority]]:
    with stand.work() as work:
        return [(each.title, each.category, each.priority) for each in work.scalars(select(Notification).order_by(Notification.id))]


def mails(stand: Stand) -> int:
    with stand.work() as work:
        return len(work.scalars(select(MailMessage.id)).all())


def announce(stand: Stand, **said: Any) -> UUID:
    """Make an announcement by the door, as the page does."""
    with stand.work():
        made = door.perform_one("notifications.announcement", "create", None, {"title": "Hello", **said}).record_id
        assert made is not None
        return made


def deliver(stand: Stand) -> None:
    outbox.drain(stand.organisation.id)


def five(stand: Stand) -> tuple[UUID, list[UUID]]:
    """A group of five: its id, and theirs."""
    with stand.work() as work:
        group = Group(name="HSE")
        assign([group])
        refresh_keys(group)
        work.add(group)
        work.flush()
        ids = [people.enrol(f"Person {number}", f"person{number}@stand.example", "member").id for number in range(5)]
        work.add_all([GroupMember(group_id=group.id, member_id=each) for each in ids])
        return group.id, ids


def seen_by(stand: Stand, member_id: UUID) -> list[str]:
    """What stands in somebody's bell."""
    with acting(stand.organisation, SYSTEM):
        actor = people.load_actor(stand.organisation, member_id)
    assert actor is not None
    with acting(stand.organisation, actor), unit_of_work() as work:
        wanted = select(Notification.title).where(Notification.member_id == member_id, Notification.shown_at <= clock.now())
        return list(work.scalars(wanted.order_by(Notification.id)))


@pytest.mark.parametrize(("kind", "expected"), [
    ("job", Category.SYSTEM), ("approval", Category.BUSINESS), ("hse.action_assigned", Category.BUSINESS),
    ("security.alert", Category.ALERT)])
def test_each_kind_is_about_something(stand: Stand, kind: str, expected: Category) -> None:
    tell(stand, kind)
    assert [each[1] for each in told(stand)] == [expected]


@pytest.mark.requirement("OF-092")
def test_a_muted_category_no_longer_notifies_and_others_still_do(stand: Stand) -> None:
    prefer(stand, notices_off=["social:bell"])
    tell(stand, "mention", title="Mara mentioned you", category=Category.SOCIAL)
    tell(stand, "approval", title="Waits for you")
    assert [each[0] for each in told(stand)] == ["Waits for you"]


@pytest.mark.requirement("OF-094")
def test_below_the_least_priority_nothing_is_told(stand: Stand) -> None:
    prefer(stand, notices_from="high")
    for priority in Priority:
        tell(stand, title=priority.value, priority=priority)
    assert [each[0] for each in told(stand)] == ["high", "critical"]


@pytest.mark.requirement("OF-091")
def test_with_mail_off_the_next_event_shows_in_the_bell_only(stand: Stand) -> None:
    tell(stand)
    assert (len(told(stand)), mails(stand)) == (1, 1)
    prefer(stand, mail_notifications="off")
    tell(stand)
    assert (len(told(stand)), mails(stand)) == (2, 1)


def test_mail_can_be_off_for_one_category(stand: Stand) -> None:
    prefer(stand, mail_notifications="all", notices_off=["system:mail"])
    tell(stand, "job")
    assert mails(stand) == 0
    tell(stand, "approval")
    assert mails(stand) == 1


@pytest.mark.requirement("OF-093")
def test_at_night_a_notice_is_held_until_the_morning_on_all_channels(stand: Stand) -> None:
    who = prefer(stand, quiet_from="22:00", quiet_to="08:00", mail_notifications="all")
    with clock.at(NIGHT):
        tell(stand, title="Later")
        tell(stand, title="Fire", critical=True)
        assert seen_by(stand, who) == ["Fire"]
    morning = datetime(2026, 3, 11, 8, 0, tzinfo=UTC)
    with clock.at(morning - timedelta(minutes=1)):
        assert seen_by(stand, who) == ["Fire"]
    with clock.at(morning):
        assert seen_by(stand, who) == ["Later", "Fire"]
    with stand.work() as work:
        assert dict(work.execute(select(MailMessage.subject, MailMessage.next_try_at)).tuples().all()) == {"Later": morning, "Fire": NIGHT}


@pytest.mark.requirement("OF-075")
def test_what_is_urgent_shows_at_once_and_what_is_deferred_at_its_time(stand: Stand) -> None:
    who, start = prefer(stand), datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    with clock.at(start):
        tell(stand, title="Now", priority=Priority.HIGH)
        tell(stand, title="At ten", at=start + timedelta(hours=1))
        assert seen_by(stand, who) == ["Now"]
    with clock.at(start + timedelta(hours=1)):
        assert seen_by(stand, who) == ["Now", "At ten"]


@pytest.mark.requirement("OF-073", "OF-096")
def test_all_five_of_a_group_see_it_and_the_sender_sees_who_has_read_it(stand: Stand) -> None:
    group, ids = five(stand)
    made = announce(stand, title="Drill at noon", group=str(group))
    deliver(stand)
    assert [seen_by(stand, each) for each in ids] == [["Drill at noon"]] * 5
    assert "Drill at noon" not in seen_by(stand, stand.actors["member"].id)
    with stand.work():
        notifications.read_all(ids[2])
    with stand.work() as work:
        announcement = work.get_one(Announcement, (stand.organisation.id, made))
        readers = announcing.readers(announcement)
        assert (announcement.status, announcement.reached) == (Status.SENT, 5)
    assert [each.name for each in readers if each.read] == ["Person 2"]
    assert readers[0].read
    assert len(readers) == 5


@pytest.mark.requirement("OF-088")
def test_what_is_scheduled_comes_at_its_minute(stand: Stand) -> None:
    who, start = prefer(stand), clock.now().replace(microsecond=0) + timedelta(days=1)
    with clock.at(start):
        announce(stand, send_at=(start + timedelta(minutes=10)).isoformat())
        deliver(stand)
    with clock.at(start + timedelta(minutes=9, seconds=59)):
        deliver(stand)
        assert seen_by(stand, who) == []
    with clock.at(start + timedelta(minutes=10)):
        deliver(stand)
        assert seen_by(stand, who) == ["Hello"]
        deliver(stand)
    assert len(told(stand)) == 3, "each of the three once"


def test_an_announcement_put_off_comes_at_its_new_moment(stand: Stand) -> None:
    start = clock.now().replace(microsecond=0) + timedelta(days=1)
    made = announce(stand, send_at=start.isoformat())
    deliver(stand)
    with stand.work():
        door.perform_one("notifications.announcement", "edit", made, {"send_at": (start + timedelta(hours=2)).isoformat()})
    deliver(stand)
    with clock.at(start + timedelta(minutes=1)):
        deliver(stand)
    assert told(stand) == []
    with clock.at(start + timedelta(hours=2)):
        deliver(stand)
    assert len(told(stand)) == 3


def test_a_cancelled_announcement_stays_away(stand: Stand) -> None:
    start = clock.now() + timedelta(days=1)
    made = announce(stand, send_at=start.isoformat())
    with stand.work():
        door.perform_one("notifications.announcement", "cancel", made)
    with clock.at(start + timedelta(minutes=1)):
        deliver(stand)
    assert told(stand) == []


@pytest.mark.requirement("OF-082")
def test_maintenance_is_told_to_all_with_its_window(stand: Stand) -> None:
    announce(stand, title="Maintenance", category="system", begins_at="2096-01-05T20:00", ends_at="2096-01-05T22:00")
    deliver(stand)
    with stand.work() as work:
        found = list(work.scalars(select(Notification)))
        assert len({each.member_id for each in found}) == 3
        assert {each.category for each in found} == {Category.SYSTEM}
        assert all("20:00" in each.text or "8:00" in each.text for each in found), found[0].text
        assert all(stand.organisation.timezone in each.text for each in found)


def test_half_a_window_is_refused(stand: Stand) -> None:
    with pytest.raises(Invalid):
        announce(stand, begins_at="2096-01-05T20:00")
    with pytest.raises(Invalid):
        announce(stand, begins_at="2096-01-05T20:00", ends_at="2096-01-05T20:00")


@pytest.mark.requirement("OF-090")
def test_the_weekly_digest_counts_and_lists_what_was_told(stand: Stand) -> None:
    prefer(stand, digest_every="week", mail_notifications="off")
    with clock.at(MONDAY - timedelta(days=3)):
        for number in range(15):
            tell(stand, "job", title=f"Notice {number}")
    with clock.at(MONDAY - timedelta(days=1)), acting(stand.organisation, SYSTEM), unit_of_work():
        digest.queue_due()
    with clock.at(MONDAY):
        with acting(stand.organisation, SYSTEM), unit_of_work():
            digest.queue_due()
            assert digest.queue_due() == 0
        with stand.work("member"):
            said = digest.contents(stand.actors["member"].id)
        with stand.work() as work:
            mine = work.scalars(select(MailMessage).where(MailMessage.member_id == stand.actors["member"].id)).all()
    assert len(mine) == 1, "none on Sunday, one on Monday"
    assert said is not None
    assert said["news"].count == 15
    assert {each["title"] for each in said["news"].rows} == {f"Notice {number}" for number in range(15)}


@pytest.mark.requirement("OF-086")
def test_what_is_critical_stands_above_all_else(stand: Stand) -> None:
    tell(stand, title="Fire", critical=True, category=Category.ALERT)
    tell(stand, title="Newer")
    with stand.work("member"):
        shown = showing_in(stand)
    assert [each["title"] for each in shown.urgent] == ["Fire"]
    assert [each["title"] for each in shown.others] == ["Newer"]


def test_notices_about_one_record_stand_together_and_can_be_muted(stand: Stand) -> None:
    with stand.work():
        site = stand.site("Berth 4")
        for number in range(3):
            notifications.notify(stand.actors["member"].id, "watched", f"Change {number}", "/x", site)
        wishes.mute(stand.actors["member"].id, site.id)
        assert notifications.notify(stand.actors["member"].id, "watched", "Change 4", "/x", site) is None
        assert notifications.notify(stand.actors["member"].id, "watched", "Fire", "/x", site, critical=True) is not None
        wishes.unmute(stand.actors["member"].id, site.id)
        assert notifications.notify(stand.actors["member"].id, "watched", "Change 5", "/x", site) is not None
    with stand.work("member"):
        shown = showing_in(stand)
    assert [(each["title"], each["more"]) for each in shown.others] == [("Change 5", 3)]


def test_many_are_told_at_once_in_their_own_language(stand: Stand) -> None:
    with stand.work() as work:
        members = [people.enrol(f"Person {number}", f"p{number}@stand.example", "member") for number in range(3)]
        members[1].language = Language.FR
        work.flush()
        written = notifications.tell([each.id for each in members] * 2, News("job", lambda: str(Category.SYSTEM.label)))
        assert len(written) == 3
    assert {each[0] for each in told(stand)} == {"System", "Système"}


def showing_in(_stand: Stand) -> showing.Shown:
    from flask import current_app

    with current_app.test_request_context(f"/{_stand.organisation.slug}/notifications/"):
        from flask import request

        request.view_args = {"org": _stand.organisation.slug}
        return showing.notices()
