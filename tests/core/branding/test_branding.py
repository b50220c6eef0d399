"""The look of an organisation: on its pages, in its mails, on its paper; never on anybody else's."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask

from app.core import exports, mail, organisations
from app.core.approvals import deciding, showing
from app.core.branding import colours, ink_on, look, services
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.kernel.i18n import reading
from tests.core.auth.letters import mailbox, words
from tests.core.profiles.test_profiles import png
from tests.core.visitors import Visitor, enrol, found

FORM = {"name": "Blue Co", "slug": "blue", "currency": "EUR", "timezone": "Europe/Paris", "language": "fr", "week_start": "7",
        "colour": "#1d4ed8", "colour_dark": "#60a5fa", "mail_footer": "Blue Co, 1 Quay, Nantes", "languages": ["fr", "en"]}


@pytest.fixture(autouse=True)
def english(app: Flask) -> Iterator[None]:
    """Refusals are compared in the language of the source."""
    with reading("en"):
        yield


@pytest.fixture
def blue(app: Flask) -> Organisation:
    """An organisation that gets a look of its own, and another beside it that does not."""
    other = found("plain")
    enrol(other, "pia@plain.example", "owner")
    blue = found("blue")
    enrol(blue, "olga@blue.example", "owner")
    enrol(blue, "mia@blue.example")
    return blue


def browser(app: Flask, email: str) -> Visitor:
    """Somebody, signed in."""
    visitor = Visitor(app)
    visitor.sign_in(email)
    return visitor


def save(visitor: Visitor, **changed: Any) -> Any:
    """Send the form of the profile."""
    data = {"csrf_token": visitor.token("/blue/settings/profile"), **FORM, **changed}
    return visitor.client.post("/blue/settings/profile", data=data, content_type="multipart/form-data")


@pytest.mark.requirement("LG-398")
def test_logo_colours_and_foot_change_pages_and_mails_of_that_organisation_only(
        blue: Organisation, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    olga, pia = browser(app, "olga@blue.example"), browser(app, "pia@plain.example")
    assert "/brand/" not in olga.get("/blue/settings/").text
    assert save(olga, logo=(io.BytesIO(png()), "logo.png")).status_code == 303
    page = olga.get("/blue/settings/").text
    sheet = re.search(r'href="(/blue/brand/[^"]+\.css)"', page)
    assert sheet
    assert "Blue Co" in page
    rules = olga.get(sheet.group(1))
    assert rules.mimetype == "text/css"
    assert "immutable" in rules.headers["Cache-Control"]
    assert "#1d4ed8" in rules.text
    assert "#60a5fa" in rules.text
    picture = re.search(r"url\((/blue/brand/[^)]+)\)", rules.text)
    assert picture
    assert olga.get(picture.group(1)).data == png()
    assert "/brand/" not in pia.get("/plain/settings/").text
    assert pia.get(sheet.group(1)).status_code == 404
    assert pia.get(sheet.group(1).replace("/blue/", "/plain/")).status_code == 404
    assert save(olga, colour="#b91c1c").status_code == 303, "the product's own button is of the first colour too"
    for slug, branded in (("blue", True), ("plain", False)):
        with unit_of_work():
            place = organisations.load_organisation(organisations.place_of(slug))  # type: ignore[arg-type]
        assert place is not None
        post = mailbox(monkeypatch, place)
        with acting(place, SYSTEM), unit_of_work():
            mail.send("reader@else.example", "notification", {"notice": {"title": "News", "text": "", "path": f"/{slug}/"}})
        letter = post.arrived()[0]
        html = words(letter, "html")
        assert ("#b91c1c;color:#ffffff" in html) == branded, "the button of the letter has the colour of the organisation"
        assert ("1 Quay, Nantes" in html) == ("1 Quay, Nantes" in words(letter)) == branded
        assert ("cid:logo" in html) == any(part.get_content_maintype() == "image" for part in letter.walk()) == branded


@pytest.mark.requirement("OF-187")
def test_another_logo_and_colour_are_in_the_next_mail(blue: Organisation, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    olga, post = browser(app, "olga@blue.example"), mailbox(monkeypatch, blue)
    for colour, picture in (("#b91c1c", png()), ("#047857", png() + b"\0")):
        assert save(olga, colour=colour, logo=(io.BytesIO(picture), "logo.png")).status_code == 303
        with acting(blue, SYSTEM), unit_of_work():
            mail.send("reader@else.example", "notification", {"notice": {"title": "News", "text": "", "path": "/blue/"}})
        (letter,) = post.arrived(to="reader@else.example")
        html = words(letter, "html")
        assert f"background:{colour};color:#ffffff" in html
        assert "<table" in html
        assert [part.get_payload(decode=True) for part in letter.walk() if part.get_content_maintype() == "image"] == [picture]


def test_the_address_of_the_sheet_changes_with_the_look(blue: Organisation, app: Flask) -> None:
    olga = browser(app, "olga@blue.example")
    addresses = []
    for colour in ("#1d4ed8", "#b91c1c"):
        save(olga, colour=colour)
        addresses += re.findall(r'href="(/blue/brand/[^"]+\.css)"', olga.get("/blue/settings/").text)
    assert len(set(addresses)) == 2
    assert olga.get(addresses[0]).status_code == 404
    save(olga, colour="", colour_dark="")
    assert "/brand/" not in olga.get("/blue/settings/").text


@pytest.mark.parametrize(("name", "raw"), [("colour", "#fef08a"), ("colour", "blue"), ("colour", "#12345"), ("colour_dark", "#1e1b4b"),
                                           ("colour", "#fff;}body{"), ("slug", "api"), ("slug", "plain"), ("currency", "XX"),
                                           ("timezone", "Mars"), ("week_start", "9"), ("name", " "), ("language", "tlh")])
def test_what_cannot_be_or_cannot_be_read_is_refused_and_nothing_is_kept(blue: Organisation, app: Flask, name: str, raw: str) -> None:
    olga = browser(app, "olga@blue.example")
    assert save(olga, **{name: raw}).status_code == 422
    with acting(blue, SYSTEM), unit_of_work():
        assert look().colour == ""
        assert services.row().slug == "blue"


def test_contrast_is_that_of_the_norm_and_ink_is_always_readable() -> None:
    assert round(colours.contrast("#000000", "#ffffff"), 1) == 21.0
    assert round(colours.contrast("#767676", "#ffffff"), 2) == 4.54
    for colour in ("#1d4ed8", "#777777", "#ff0000", "#00ff00", "#808000"):
        assert colours.contrast(ink_on(colour), colour) >= 4.5
    with pytest.raises(Invalid):
        colours.checked("colour", "#eeeeee", colours.LIGHT)
    assert colours.checked("colour_dark", "#EEEEEE", colours.DARK) == "#eeeeee"


def test_a_moved_organisation_is_found_at_both_addresses(blue: Organisation, app: Flask) -> None:
    olga = browser(app, "olga@blue.example")
    assert save(olga, slug="azure").headers["Location"] == "/azure/settings/profile"
    assert olga.get("/azure/settings/").status_code == 200
    assert olga.get("/blue/settings/").headers["Location"].endswith("/azure/settings/")


def test_only_who_manages_the_organisation_changes_it(blue: Organisation, app: Flask) -> None:
    mia = browser(app, "mia@blue.example")
    assert mia.get("/blue/settings/profile").status_code == 403
    assert mia.send("/blue/settings/profile", form="/blue/settings/", name="Mine", slug="mine").status_code == 403


def test_paper_carries_colour_and_logo(blue: Organisation, app: Flask) -> None:
    sizes = []
    for logo in (False, True):
        with acting(blue, SYSTEM), unit_of_work():
            if logo:
                services.give_logo(io.BytesIO(png()), "logo.png")
            stream = io.BytesIO()
            paper = exports.paper.Paper(stream, exports.Imprint("List", "Blue Co", "today"))
            paper.close("0" * 64)
        sizes.append(stream.getvalue().count(b"/Subtype /Image"))
    assert sizes == [0, 1]


@pytest.mark.parametrize(("first", "begins"), [("1", "2026-11-23"), ("7", "2026-11-22"), ("6", "2026-11-28")])
def test_weeks_begin_on_the_day_of_the_organisation(blue: Organisation, app: Flask, first: str, begins: str) -> None:
    assert save(browser(app, "olga@blue.example"), week_start=first).status_code == 303
    here = organisations.load_organisation(blue.id)
    assert here
    saturday = datetime(2026, 11, 21, 12, tzinfo=UTC)
    with clock.at(saturday), acting(here, SYSTEM):
        nearest = next(moment for moment, words in deciding.later() if words.startswith("Next week"))
        assert nearest[:10] == begins
        ends = date.fromisoformat(begins)
        for day, word in ((ends - timedelta(days=1), "This week"), (ends, "Later")):
            due = datetime.combine(day, time(23), UTC)
            assert showing.urgency(due) == ("Within a day" if due - saturday < timedelta(days=1) else word)
