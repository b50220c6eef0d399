"""The page of a member: every field, the photo, and what they did, nobody else's."""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import Any

import pytest
from flask import Flask

from app.kernel.current import Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from tests.core.visitors import Visitor, actor_of, enrol, found


def png() -> bytes:
    """A picture of one pixel."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


class Street:
    """An organisation with an owner, two members and an auditor, and their browsers."""

    def __init__(self, app: Flask) -> None:
        self.place: Organisation = found("profiles")
        self.members = {name: enrol(self.place, f"{name}@profiles.example", role)
                        for name, role in (("olga", "owner"), ("mia", "member"), ("ben", "member"), ("aud", "auditor"))}
        self.app = app

    def browser(self, name: str) -> Visitor:
        """Somebody, signed in."""
        visitor = Visitor(self.app)
        visitor.sign_in(f"{name}@profiles.example")
        visitor.get("/profiles/settings/")
        return visitor

    def page(self, name: str) -> str:
        """The address of a member's page."""
        return f"/profiles/people/members/{self.members[name].reference}/"

    def report(self, name: str, title: str) -> None:
        """Something that a member does."""
        member = self.members[name]
        with acting(self.place, actor_of(self.place, member), channel="page"), unit_of_work():
            perform_one("people.member", "edit", member.id, {"job_title": title})


@pytest.fixture
def street(app: Flask) -> Street:
    """See `Street`."""
    return Street(app)


@pytest.mark.requirement("OF-055")
def test_every_field_and_the_photo_stand_on_the_page_and_in_the_list(street: Street) -> None:
    olga = street.browser("olga")
    with acting(street.place, actor_of(street.place, street.members["olga"]), channel="page"), unit_of_work():
        department = perform_one("organisation.department", "create", None, {"name": "Drilling"}).record
        site = perform_one("organisation.site", "create", None, {"name": "Rowan", "kind": "rig"}).record
        perform_one("people.member", "edit", street.members["mia"].id, {
            "name": "Mia Moreau", "phone": "+33 1 23 45 67 89", "job_title": "Toolpusher", "department": str(department.id),
            "site": str(site.id), "manager": str(street.members["olga"].id)})
    sent = olga.client.post(street.page("mia") + "photo", content_type="multipart/form-data", data={
        "csrf_token": olga.token(street.page("mia")), "photo": (io.BytesIO(png()), "mia.png")})
    assert sent.status_code == 303
    page, listed = olga.get(street.page("mia")).text, olga.get("/profiles/people/members/").text
    for said in ("Mia Moreau", "mia@profiles.example", "+33 1 23 45 67 89", "Toolpusher", "Drilling", "Rowan"):
        assert said in page, said
        assert said in listed, said
    picture = re.search(r'src="(/profiles/files/[^"]+)"', page)
    assert picture
    assert picture.group(1).rpartition("/")[0] in listed
    assert olga.get(picture.group(1)).data == png()
    assert street.browser("ben").get(picture.group(1)).status_code == 200


def send_photo(visitor: Visitor, address: str, form: str, **data: Any) -> int:
    """Send the form of the photo; gives the status."""
    sent = {"csrf_token": visitor.token(form), **data}
    return int(visitor.client.post(address + "photo", content_type="multipart/form-data", data=sent).status_code)


def test_a_photo_is_changed_by_oneself_or_who_keeps_the_members_and_is_a_picture(street: Street) -> None:
    mia, ben = street.browser("mia"), street.browser("ben")
    page, form = street.page("mia"), street.page("mia") + "activity"
    assert send_photo(ben, page, street.page("ben") + "activity", photo=(io.BytesIO(png()), "x.png")) == 404
    assert send_photo(street.browser("aud"), page, page, photo=(io.BytesIO(png()), "x.png")) == 403
    assert send_photo(mia, page, form, photo=(io.BytesIO(b"<svg onload=alert(1)>"), "x.png")) == 422
    assert send_photo(mia, page, form, photo=(io.BytesIO(png()), "x.svg")) == 422
    assert send_photo(mia, page, form, photo=(io.BytesIO(png() + b"0" * 3_000_000), "x.png")) == 413
    assert send_photo(mia, page, form, photo=(io.BytesIO(png()), "x.png")) == 303
    assert send_photo(mia, page, form, remove="1") == 303
    assert "/profiles/files/" not in street.browser("olga").get(page).text


@pytest.mark.requirement("OF-058")
@pytest.mark.requirement("FL-091")
def test_a_history_is_that_of_one_member_and_nobody_else(street: Street) -> None:
    street.report("olga", "Founder of the house")
    with acting(street.place, actor_of(street.place, street.members["olga"]), channel="page"), unit_of_work():
        perform_one("people.member", "edit", street.members["ben"].id, {"job_title": "Ben was changed by Olga"})
    ben = street.browser("ben")
    ben.send("/profiles/settings/", language="en", timezone="Europe/Oslo", digest_hour="9")
    for reader in ("olga", "aud", "ben"):
        page = street.browser(reader).get(street.page("ben") + "activity")
        assert page.status_code == 200, reader
        assert "Europe/Oslo" in page.text
        assert "Founder of the house" not in page.text
        assert "Ben was changed by Olga" not in page.text
        assert page.text.count(">Never<") == 0
    assert street.browser("mia").get(street.page("ben") + "activity").status_code == 404
    olga = street.browser("olga").get(street.page("olga") + "activity").text
    assert "Founder of the house" in olga
    assert "Europe/Oslo" not in olga


def test_a_member_of_another_organisation_has_no_page_here(street: Street, app: Flask) -> None:
    other = found("next-door")
    enrol(other, "zoe@next.example", "owner")
    zoe = Visitor(app)
    zoe.sign_in("zoe@next.example")
    base = "/next-door/people/members/"
    assert zoe.get(f"{base}{street.members['aud'].reference}/activity").status_code == 404
    assert zoe.get(f"{base}MEM-2026-99999/activity").status_code == 404
