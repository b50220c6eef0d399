"""Somebody is invited, joins on a phone, and is found in the list; their photo, their activity, and the look of the organisation."""

from __future__ import annotations

import os
import struct
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Browser, Page, expect

from app.core import auth
from app.core.auth import links
from app.core.joining.sending import INVITE
from app.kernel.current import acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from tests.browser.axe import violations
from tests.browser.house import PHONE, House, place_of

SHOTS = os.environ.get("SHOTS", "")


def shot(page: Page, name: str) -> None:
    """A picture for whoever asks for one."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def picture() -> bytes:
    """A blue square."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x1d\x4e\xd8" * 64 for _row in range(64))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def invited(house: House) -> str:
    """The address behind an invitation that was just mailed."""
    from app.core import access

    with house.acting("Mara Keller", "meridian"):
        role = str(access.role_named("member").id)
        made = perform_one("people.invitation", "create", None, {
            "name": "Nora Newcomer", "email": "nora@newcomer.example", "role": role, "kind": "own",
            "message": "Welcome aboard, Nora."}).record
        until, invitation, identity = made.expires_at, made.id, auth.identities_for([made.email])[made.email]
    place = place_of_house(house)
    with house.app.app_context(), acting(place), unit_of_work():
        about = {"organisation": str(place.id), "invitation": str(invitation), "until": until.isoformat()}
        return "/invitation/" + links.make_link(identity, timedelta(days=1), purpose=INVITE, about=about)


def place_of_house(house: House) -> Any:
    """The organisation of the demo."""
    with house.app.app_context():
        return place_of("meridian")


def test_an_invitation_is_answered_and_the_member_has_a_page(house: House, chromium: Browser) -> None:
    address = invited(house)
    context = chromium.new_context(base_url=house.server.url, viewport=PHONE)
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Join")
    shot(page, "invitation-phone")
    assert violations(page) == []
    for label in ("Choose a password", "The same again"):
        page.get_by_label(label).fill("a sentence that nobody guesses")
    page.get_by_role("button", name="Accept and join").click()
    page.wait_for_url("**/meridian/**")
    context.close()
    look_round(house)


def look_round(house: House) -> None:
    """What the owner sees: list, page with photo, activity, profile with another colour."""
    with house.sign_in("Mara Keller", "meridian", viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto("/meridian/people/members/?q=Nora")
        page.get_by_role("link", name="Nora Newcomer").first.click()
        page.set_input_files("input[name=photo]", {"name": "nora.png", "mimeType": "image/png", "buffer": picture()})
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_alt_text("Photo of Nora Newcomer")).to_be_visible()
        shot(page, "member-light")
        page.goto("/meridian/people/members/?q=Nora")
        shot(page, "members-light")
        page.goto("/meridian/people/invitations/")
        expect(page.get_by_role("cell", name="Accepted").first).to_be_visible()
        shot(page, "invitations-light")
        page.goto("/meridian/settings/profile")
        shot(page, "profile-light")
        page.get_by_label("Colour on light pages").fill("#fef08a")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("stands out too little").first).to_be_visible()
        shot(page, "profile-error")
        page.get_by_label("Colour on light pages").fill("#b91c1c")
        page.get_by_label("Colour on dark pages").fill("#f87171")
        page.set_input_files("input[name=logo]", {"name": "logo.png", "mimeType": "image/png", "buffer": picture()})
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("The settings are saved.").first).to_be_visible()
        button = page.get_by_role("button", name="Save")
        expect(button).to_have_css("background-color", "rgb(185, 28, 28)")
        shot(page, "branded-light")
        page.emulate_media(color_scheme="dark")
        expect(button).to_have_css("background-color", "rgb(248, 113, 113)")
        shot(page, "branded-dark")
        assert violations(page) == []
        page.get_by_label("Colour on light pages").fill("")  # the house is shared: other tests look at its colours
        page.get_by_label("Colour on dark pages").fill("")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("The settings are saved.").first).to_be_visible()



def test_the_platform_suspends_an_organisation_that_somebody_has_open(house: House) -> None:
    environ = house.server.database.environ
    with house.app.app_context(), unit_of_work():
        identity = auth.identities_for(["kim@platform.example"])["kim@platform.example"]
    with psycopg.connect(environ["DATABASE_OWNER_URL"]) as owner:
        owner.execute("INSERT INTO platform_admin (identity_id, name, created_at) VALUES (%s, 'Kim Keeper', now())", (identity,))
    with house.app.app_context(), unit_of_work():
        secret = auth.open_session(identity)
    for number, look in enumerate(({"viewport": {"width": 1440, "height": 900}}, {"viewport": PHONE, "color_scheme": "dark"})):
        with house.chromium.new_context(base_url=house.server.url, **look) as context:
            context.add_cookies([{"name": house.cookie("session"), "value": secret, "url": house.server.url}])
            page = context.new_page()
            page.goto("/platform/")
            expect(page.get_by_role("heading", name="Organisations")).to_be_visible()
            assert violations(page) == []
            shot(page, f"platform-{number}")
            if number:
                continue
            page.get_by_role("link", name="Meridian Offshore").click()
            page.get_by_role("button", name="Suspend").click()
            expect(page.get_by_text("It is suspended: nobody can come in.").first).to_be_visible()
            shot(page, "platform-organisation")
            page.get_by_role("button", name="Open it again").click()
            expect(page.get_by_text("It is open again.").first).to_be_visible()
