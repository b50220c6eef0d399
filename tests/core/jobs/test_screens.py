"""The screens of jobs, mail and notifications, as browsers without JavaScript see them."""

from __future__ import annotations

import re
import smtplib
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import mail, notifications
from app.core.mail import smtp
from app.core.people import Member
from app.kernel import jobs, outbox
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from tests.core.mail.test_mail import Server
from tests.core.visitors import Visitor, enrol, found


class Browser(Visitor):
    """A browser that is signed in to the organisation whose pages are tried."""

    root = ""

    def post(self, address: str, data: dict[str, str] | None = None) -> Any:
        """Send a form of these pages."""
        return self.send(address, form=f"{self.root}/notifications/preferences", **(data or {}))


class Place:
    """An organisation with an owner and a member, both with a browser."""

    def __init__(self, app: Flask) -> None:
        self.organisation: Organisation = found("pages")
        self.owner: Member = enrol(self.organisation, "ada@pages.example", "owner")
        self.member: Member = enrol(self.organisation, "ben@pages.example")
        self.root = f"/{self.organisation.slug}"
        self.ada, self.ben = Browser(app), Browser(app)
        self.ada.root = self.ben.root = self.root
        assert self.ada.sign_in("ada@pages.example").status_code == 303
        assert self.ben.sign_in("ben@pages.example").status_code == 303

    def job(self, by: UUID | None = None) -> UUID:
        """A waiting job, asked for by a member or by the system."""
        from app.core.people import load_actor

        actor = load_actor(self.organisation, by) if by else SYSTEM
        with acting(self.organisation, actor), unit_of_work():
            return jobs.enqueue(sit_down, title="Count the chairs", total=10).id

    def mail(self) -> UUID:
        """A mail that waits."""
        with acting(self.organisation, SYSTEM), unit_of_work():
            notice = {"title": "Chairs & tables", "text": "", "path": "/x"}
            return mail.send("acorn@suppliers.example", "notification", {"notice": notice}).id


def sit_down() -> None:
    """A job with a line in its log."""
    jobs.current_job().log("<b>sat</b>")
    jobs.current_job().advance(10)


@pytest.fixture
def place(app: Flask) -> Place:
    """Where these pages are tried."""
    return Place(app)


def text(page: object) -> str:
    return page.get_data(as_text=True)  # type: ignore[attr-defined, no-any-return]


def test_a_job_is_followed_cancelled_and_begun_again(place: Place) -> None:
    job_id = place.job(place.member.id)
    url = f"{place.root}/jobs/{job_id}/"
    assert "Count the chairs" in text(place.ben.get(f"{place.root}/jobs/"))
    assert "Waiting" in text(place.ben.get(url))
    assert place.ben.post(f"{url}cancel").status_code == 303
    assert "Cancelled" in text(place.ben.get(url))
    assert place.ben.post(f"{url}cancel").status_code == 409
    assert place.ben.post(f"{url}retry").status_code == 303
    assert jobs.run(job_id, place.organisation.id)
    shown = text(place.ben.get(url))
    assert "Done" in shown
    assert "&lt;b&gt;sat&lt;/b&gt;" in shown
    assert "100 %" in text(place.ben.get(f"{url}progress"))


def break_down() -> None:
    """A job that fails for good."""
    raise outbox.GiveUp("The chairs are gone.")


def test_what_failed_is_listed_and_begun_again(place: Place) -> None:
    with acting(place.organisation, SYSTEM), unit_of_work():
        job_id = jobs.enqueue(break_down, title="Lose the chairs").id
    assert not jobs.run(job_id, place.organisation.id)
    failed = f"{place.root}/jobs/?of=failed"
    assert "Lose the chairs" in text(place.ada.get(failed))
    assert "Begin all again" in text(place.ada.get(failed))
    assert place.ben.get(failed).status_code == 403
    assert place.ben.post(f"{place.root}/jobs/replay").status_code == 403
    assert place.ada.post(f"{place.root}/jobs/replay").status_code == 303
    assert "Lose the chairs" not in text(place.ada.get(failed))
    assert "Waiting" in text(place.ada.get(f"{place.root}/jobs/{job_id}/"))


@pytest.mark.requirement("PK-081")
def test_what_always_fails_is_kept_replayed_after_the_fix_or_discarded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with acting(place.organisation, SYSTEM), unit_of_work():
        mended, lost = (jobs.enqueue(break_down, title=title).id for title in ("Lose the chairs", "Lose the tables"))
    for job_id in (mended, lost):
        assert not jobs.run(job_id, place.organisation.id)
    page = text(place.ada.get(f"{place.root}/jobs/?of=failed"))
    assert page.count("The chairs are gone.") == 2, "each with its error"
    assert place.ben.post(f"{place.root}/jobs/{lost}/discard").status_code == 404
    assert "Discard" in text(place.ada.get(f"{place.root}/jobs/{lost}/"))
    assert place.ada.post(f"{place.root}/jobs/{lost}/discard").status_code == 303
    assert place.ada.post(f"{place.root}/jobs/{lost}/discard").status_code == 409
    monkeypatch.setattr(f"{__name__}.break_down", sit_down)
    assert place.ada.post(f"{place.root}/jobs/replay").status_code == 303
    assert jobs.run(mended, place.organisation.id)
    assert "Done" in text(place.ada.get(f"{place.root}/jobs/{mended}/"))
    left = text(place.ada.get(f"{place.root}/jobs/?of=failed"))
    assert "Lose the tables" not in left
    assert "Lose the chairs" not in left


def test_how_background_work_stands(place: Place) -> None:
    page = text(place.ada.get(f"{place.root}/jobs/overview"))
    assert "Done in the last hour" in page
    assert "clear_away" in page
    assert "next:" in page
    assert place.ben.get(f"{place.root}/jobs/overview").status_code == 403


def test_other_peoples_jobs_are_not_there_for_a_member(place: Place) -> None:
    job_id = place.job(place.owner.id)
    assert place.ben.get(f"{place.root}/jobs/{job_id}/").status_code == 404
    assert place.ben.post(f"{place.root}/jobs/{job_id}/cancel").status_code == 404
    assert place.ben.get(f"{place.root}/jobs/?of=all").status_code == 403
    assert "Count the chairs" not in text(place.ben.get(f"{place.root}/jobs/"))
    assert "Count the chairs" in text(place.ada.get(f"{place.root}/jobs/?of=all"))


def test_the_mail_log(place: Place) -> None:
    mail_id = place.mail()
    url = f"{place.root}/mail/{mail_id}/"
    assert "Chairs &amp; tables" in text(place.ada.get(f"{place.root}/mail/"))
    assert "Chairs &amp; tables" not in text(place.ada.get(f"{place.root}/mail/?state=sent"))
    assert "acorn@suppliers.example" in text(place.ada.get(url))
    assert place.ada.post(f"{url}retry").status_code == 409
    assert place.ada.post(f"{url}cancel").status_code == 303
    assert "Cancelled" in text(place.ada.get(url))
    assert place.ada.post(f"{url}retry").status_code == 303


@pytest.mark.requirement("OF-199")
def test_the_log_has_a_line_for_the_good_and_for_the_failing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    monkeypatch.setattr(smtp, "_connection", server.answer)
    place.mail()
    outbox.drain(place.organisation.id)
    server.trouble = smtplib.SMTPRecipientsRefused({"acorn@suppliers.example": (550, b"5.2.1 mailbox closed")})
    failing = place.mail()
    outbox.drain(place.organisation.id)
    good, bad = (text(place.ada.get(f"{place.root}/mail/?state={state}")) for state in ("sent", "failed"))
    for page in (good, bad):
        assert "acorn@suppliers.example" in page
        assert re.search(r"\d{1,2}:\d\d", page), "its date"
    assert "mailbox closed" not in good
    assert "5.2.1 mailbox closed" in bad
    assert str(failing) in bad
    assert str(failing) not in good


def test_the_mail_log_is_not_for_members(place: Place) -> None:
    mail_id = place.mail()
    for path in ("/mail/", f"/mail/{mail_id}/"):
        assert place.ben.get(f"{place.root}{path}").status_code == 403
    assert place.ben.post(f"{place.root}/mail/{mail_id}/cancel").status_code == 403


@pytest.mark.parametrize("path", ["/mail/?state=nonsense", "/mail/?before=nonsense", "/jobs/?before=nonsense", "/notifications/?before=x"])
def test_what_is_no_page_is_not_found(place: Place, path: str) -> None:
    assert place.ada.get(f"{place.root}{path}").status_code == 404


def test_a_link_in_a_mail_opens_its_page_for_its_reader(place: Place) -> None:
    with acting(place.organisation, SYSTEM):
        path = mail.address_for(f"{place.root}/jobs/", place.member.id).partition(place.root)[2]
    opened = place.ben.get(f"{place.root}{path}")
    assert (opened.status_code, opened.headers["Location"]) == (303, f"{place.root}/jobs/")
    assert place.ada.get(f"{place.root}{path}").status_code == 403


def test_the_bell(place: Place) -> None:
    with acting(place.organisation, SYSTEM), unit_of_work():
        notice = notifications.notify(place.member.id, "job", "The chairs are counted", f"{place.root}/jobs/")
        assert notice is not None
        notice_id = notice.id
    assert "The chairs are counted" in text(place.ben.get(f"{place.root}/notifications/"))
    assert place.ben.get(f"{place.root}/badges").get_json()["notifications"] == 1
    assert place.ada.post(f"{place.root}/notifications/{notice_id}/seen").status_code == 404
    seen = place.ben.post(f"{place.root}/notifications/{notice_id}/seen")
    assert (seen.status_code, seen.headers["Location"]) == (303, f"{place.root}/jobs/")
    assert place.ben.get(f"{place.root}/badges").get_json()["notifications"] == 0
    assert place.ben.post(f"{place.root}/notifications/read").status_code == 303


def test_preferences_are_kept(place: Place) -> None:
    url = f"{place.root}/notifications/preferences"
    assert place.ben.get(url).status_code == 200
    said = {"mail": "all", "digest": "day", "digest_hour": "9", "quiet": "1", "quiet_from": "22:00", "quiet_to": "6:30"}
    assert place.ben.post(url, data=said).status_code == 303
    with acting(place.organisation, SYSTEM), unit_of_work():
        member = session().get_one(Member, (place.organisation.id, place.member.id))
        assert member.digest_hour == 9
        assert member.preferences["quiet_to"] == "06:30"
    for wrong in ({"mail": "sometimes"}, {"digest_hour": "25"}, {"quiet_from": "25:00"}, {"digest": "1"}, {"least": "critical"}):
        assert place.ben.post(url, data={**said, **wrong}).status_code == 422


def test_a_failed_effect_is_seen_and_nothing_else(place: Place) -> None:
    with acting(place.organisation, SYSTEM), unit_of_work():
        row = outbox.put("effect", "no.such.effect", {})
        session().flush()
        row_id = row.id
    outbox.drain(place.organisation.id)
    with acting(place.organisation, SYSTEM), unit_of_work() as work:
        failed = work.get_one(outbox.OutboxRow, (place.organisation.id, row_id))
        assert failed.state == outbox.FAILED
        assert "Nothing delivers" in failed.last_error
