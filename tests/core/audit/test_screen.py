"""The page of the trail, for those who may see it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import audit, auth
from app.kernel.db import as_identity
from tests.core.stand import Stand


def _signed_in(app: Flask, stand: Stand, role: str) -> FlaskClient:
    client, identity = app.test_client(), stand.actors[role].identity_id
    with stand.work(role), as_identity(identity):
        secret = auth.open_session(identity)
    client.set_cookie(app.extensions["settings"].cookie("session"), secret, domain="localhost")
    return client


@pytest.fixture
def page(stand: Stand) -> str:
    """The address of the trail, after two people did something."""
    with stand.work():
        stand.site("Nordsee Alpha")
    with stand.work("member"):
        audit.note("hse.incident.export", context={"reason": "monthly report"})
    return f"/{stand.organisation.slug}/audit/"


def test_auditors_see_the_trail_and_members_do_not(app: Flask, stand: Stand, page: str) -> None:
    seen = _signed_in(app, stand, "auditor").get(page)
    assert seen.status_code == 200
    assert "Nordsee Alpha" in seen.text
    assert "monthly report" in seen.text
    assert _signed_in(app, stand, "member").get(page).status_code == 403


@pytest.mark.parametrize(("asked", "shown", "hidden"), [
    ("actor=member", "monthly report", "Nordsee Alpha"), ("action=hse.", "monthly report", "Nordsee Alpha"),
    ("record=SITE-", "No entry", "Nordsee Alpha"), ("until=2020-01-01", "No entry", "Nordsee Alpha"),
    ("since=2020-01-01", "Nordsee Alpha", "No entry"),
])
def test_filters_narrow_it(app: Flask, stand: Stand, page: str, asked: str, shown: str, hidden: str) -> None:
    seen = _signed_in(app, stand, "auditor").get(f"{page}?{asked}").text
    assert shown in seen
    assert hidden not in seen


def test_what_somebody_was_refused_is_kept(app: Flask, stand: Stand, page: str) -> None:
    assert _signed_in(app, stand, "member").get(page).status_code == 403
    (entry,) = stand.entries(result="refused")
    assert (entry.actor_id, entry.context["path"]) == (stand.actors["member"].id, page)


def test_a_fragment_is_part_of_the_page(app: Flask, stand: Stand, page: str) -> None:
    client = _signed_in(app, stand, "auditor")
    part = client.get(page, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert part.text.lstrip().startswith('<section id="results"')
    assert "<html" not in part.text


def test_a_day_that_does_not_exist_is_refused(app: Flask, stand: Stand, page: str) -> None:
    assert _signed_in(app, stand, "auditor").get(f"{page}?since=2026-02-31").status_code == 422


def test_pages_follow_each_other_without_gap_or_repeat(app: Flask, stand: Stand, page: str) -> None:
    with stand.work():
        for number in range(120):
            audit.note(f"hse.incident.probe{number:03d}")
    client = _signed_in(app, stand, "auditor")
    seen: list[str] = []
    address = page
    for _turn in range(10):
        text = client.get(address).text
        seen += [word for word in (f"hse.incident.probe{number:03d}" for number in range(119, -1, -1)) if word in text]
        if 'rel="next"' not in text:
            break
        address = text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert seen == [f"hse.incident.probe{number:03d}" for number in range(119, -1, -1)]


def test_the_query_count_does_not_grow_with_the_entries(app: Flask, stand: Stand) -> None:
    from sqlalchemy import event

    from app.core.audit.history import Filters, listed

    def queries() -> int:
        sent: list[str] = []
        listener = lambda *told: sent.append(told[2])  # noqa: E731 -- removed below
        with stand.work() as work:
            connection = work.connection()
            event.listen(connection, "before_cursor_execute", listener)
            listed(Filters())
            event.remove(connection, "before_cursor_execute", listener)
        return len(sent)

    with stand.work():
        stand.site("A")
    few = queries()
    with stand.work():
        for number in range(40):
            stand.site(f"Site {number}")
    assert queries() <= few + 1
