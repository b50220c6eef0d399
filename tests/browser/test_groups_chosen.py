"""HSE department owns a corrective action: chosen beside people, on the desk and on a phone, and found among what is mine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.core.people import Member
from app.kernel.db import session
from app.kernel.door import perform_one
from app.modules.hse.models import Incident
from tests.browser.axe import violations
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SHOTS = os.environ.get("SHOTS", "")


def shot(page: Page, name: str) -> None:
    """A picture for whoever asks for one."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def prepare(house: House, name: str) -> str:
    """A group of two, and the title of an incident."""
    with house.acting("Mara Keller", "meridian"):
        ids = session().scalars(select(Member.id).where(Member.name.in_(("Mara Keller", "Joel Banda")))).all()
        perform_one("people.group", "create", None, {"name": name, "kind": "functional", "lines": [{"member": str(each)} for each in ids]})
        return str(session().scalars(select(Incident.title).where(Incident.archived_at.is_(None)).order_by(Incident.id).limit(1)).one())


@pytest.mark.requirement("OF-069")
@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desk", "phone"])
def test_a_group_is_chosen_as_the_owner_of_an_action(house: House, size: dict[str, Any]) -> None:
    where = "desk" if size is not PHONE else "phone"
    name, title = f"HSE department {where}", f"Fence the pit, {where}"
    incident = prepare(house, name)
    with house.sign_in("Mara Keller", "meridian", viewport=size) as context:
        page = context.new_page()
        page.goto("/meridian/hse/corrective-actions/new")
        page.get_by_label("Title").fill(title)
        page.get_by_role("combobox", name="Incident").fill(incident)
        page.get_by_role("option", name=incident).first.click()
        page.get_by_role("combobox", name="Owner").fill(name[:12])
        offered = page.get_by_role("option", name=name)
        expect(offered).to_contain_text("Group · GRP-")
        shot(page, f"group-offered-{where}")
        offered.click()
        expect(page.get_by_role("combobox", name="Owner")).to_have_value(name)
        page.get_by_label("Due").fill("2096-01-05")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)
        expect(page.get_by_role("link", name=name).first).to_be_visible()
        shot(page, f"group-owns-{where}")
        assert violations(page) == []
    with house.sign_in("Joel Banda", "meridian", viewport=size) as context:
        page = context.new_page()
        page.goto("/meridian/hse/corrective-actions/?owner=@me")
        expect(page.get_by_role("link", name=title).first).to_be_visible()
        expect(page.get_by_role("main")).to_contain_text(name)
        for _again in range(160):  # told by a job, after the commit; a house that has just been furnished has much to tell first
            page.goto("/meridian/notifications/")
            if title in page.get_by_role("main").inner_text():
                break
            page.wait_for_timeout(500)
        expect(page.get_by_role("main")).to_contain_text(title)
