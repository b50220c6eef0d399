"""Notices: told in one's language, once, when one may be disturbed; by mail as one prefers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask_babel import get_locale
from sqlalchemy import select

from app.core import notifications
from app.core.mail import MailMessage
from app.core.notifications import Notification, quiet
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM_ID
from tests.core.stand import Stand

NIGHT = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


def member_id(stand: Stand) -> UUID:
    return stand.actors["member"].id


def change(stand: Stand, **values: Any) -> None:
    """Change the member."""
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, member_id(stand)))
        for name, value in values.items():
            setattr(member, name, value)


def notices(stand: Stand) -> list[Notification]:
    with stand.work() as work:
        found = list(work.scalars(select(Notification).order_by(Notification.id)))
        work.expunge_all()
    return found


def mails(stand: Stand) -> int:
    with stand.work() as work:
        return len(work.scalars(select(MailMessage.id)).all())


def test_it_is_in_the_bell_until_it_is_read(stand: Stand) -> None:
    with stand.work():
        notifications.notify(member_id(stand), "job", "Done", "/x")
    with stand.work("member"):
        assert notifications.unread_count() == 1
        assert notifications.read_all(member_id(stand)) == 1
        assert notifications.unread_count() == 0
    with stand.work("owner"):
        assert notifications.unread_count() == 0


@pytest.mark.requirement("OF-102")
@pytest.mark.parametrize("language", ["en", "fr", "es", "pt"])
def test_words_are_in_the_readers_language(stand: Stand, language: str) -> None:
    change(stand, language=language)
    with stand.work():
        notifications.notify(member_id(stand), "job", lambda: f"in {get_locale()}")
    assert [notice.title for notice in notices(stand)] == [f"in {language}"]


def test_a_key_is_told_once(stand: Stand) -> None:
    for _ in range(2):
        with stand.work():
            notifications.notify(member_id(stand), "job", "Done", key="job:1")
    assert len(notices(stand)) == 1


def test_nobody_is_told_who_is_not_there(stand: Stand) -> None:
    change(stand, status="inactive")
    with stand.work():
        assert notifications.notify(member_id(stand), "job", "Done") is None
        assert notifications.notify(SYSTEM_ID, "job", "Done") is None


@pytest.mark.parametrize(("preference", "kind", "expected"), [
    ("important", "approval", 1), ("important", "job", 0), ("all", "job", 1), ("off", "approval", 0)])
def test_mail_as_preferred(stand: Stand, preference: str, kind: str, expected: int) -> None:
    change(stand, preferences={"mail_notifications": preference})
    with stand.work():
        notifications.notify(member_id(stand), kind, "Something", "/x")
    assert mails(stand) == expected


def test_quiet_hours_hold_all_channels_and_critical_passes(stand: Stand) -> None:
    change(stand, timezone="UTC", preferences={"quiet_from": "22:00", "quiet_to": "06:30", "mail_notifications": "all"})
    with clock.at(NIGHT):
        with stand.work():
            notifications.notify(member_id(stand), "job", "Sleep well")
            notifications.notify(member_id(stand), "job", "Fire", critical=True)
        with stand.work("member"):
            assert notifications.unread_count() == 1
    with clock.at(NIGHT + timedelta(hours=8)), stand.work("member"):
        assert notifications.unread_count() == 2
    with stand.work() as work:
        due = {mail.subject: mail.next_try_at for mail in work.scalars(select(MailMessage))}
    assert due == {"Sleep well": datetime(2026, 3, 11, 6, 30, tzinfo=UTC), "Fire": NIGHT}


@pytest.mark.parametrize(("begin", "end", "hour", "expected"), [
    ("22:00", "06:00", 21, 21), ("22:00", "06:00", 23, 30), ("22:00", "06:00", 5, 6), ("12:00", "14:00", 13, 14),
    ("12:00", "14:00", 14, 14), ("", "", 3, 3), ("08:00", "08:00", 8, 8)])
def test_when_one_may_be_disturbed(begin: str, end: str, hour: int, expected: int) -> None:
    member = Member(timezone="UTC", preferences={"quiet_from": begin, "quiet_to": end})
    start = datetime(2026, 3, 10, tzinfo=UTC)
    assert quiet.disturb_at(member, start + timedelta(hours=hour)) == start + timedelta(hours=expected)


def test_quiet_hours_are_in_ones_own_zone() -> None:
    member = Member(timezone="Asia/Tokyo", preferences={"quiet_from": "22:00", "quiet_to": "06:00"})
    assert quiet.disturb_at(member, datetime(2026, 3, 10, 14, tzinfo=UTC)) == datetime(2026, 3, 10, 21, tzinfo=UTC)
