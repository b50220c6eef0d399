"""Contact sheets: each page light, dark, on a phone, in French and German, with long names, empty, with 10,000 rows.

python -m tests.browser.screenshots [LOOK …]. Stands on the running copy that OPSFLUX_HOME and PORT name; without one, starts the product
on a fresh demo and stops it again.
"""

from __future__ import annotations

import html
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from playwright.sync_api import BrowserContext, Page

from app import create_app
from app.core import auth, organisations
from app.demo import arriving, people, scale
from app.demo.browser import Browser as Clerk
from app.demo.cast import Post
from app.demo.stage import Stage
from app.kernel.attach import attached
from app.kernel.config import PROJECT, Settings
from app.kernel.current import acting
from app.kernel.db import unit_of_work
from app.kernel.records import new_id
from tests.browser.chromium import launched
from tests.browser.house import PASSWORD, PHONE, House, place_of
from tests.infra.serving import LiveServer

SHEETS, IMAGES = PROJECT / "var" / "screenshots", PROJECT / "docs" / "images"
DESKTOP = {"width": 1440, "height": 900}
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
OWNER, AT = "Mara Keller", "meridian"
LONG = """document.querySelectorAll('h1, td a, td span, [data-open], dd, .btn, nav a span').forEach((each) => {
  const said = each.childElementCount ? '' : each.textContent.trim();
  if (/[a-z]{3}/.test(said) && !/^[A-Z]+-|[0-9]{4}/.test(said)) each.textContent += ' Verwaltungsgemeinschaftsvorsitzende'; })"""
LOOKS: dict[str, dict[str, Any]] = {"light": {"viewport": DESKTOP}, "dark": {"viewport": DESKTOP, "color_scheme": "dark"}, "phone": TOUCH,
                                    "french": {"viewport": DESKTOP}, "german": {"viewport": DESKTOP}, "long names": {"viewport": DESKTOP},
                                    "empty": {"viewport": DESKTOP}, "10,000 rows": {"viewport": DESKTOP}}
LANGUAGES = {"french": "fr", "german": "de"}
FRESH = replace(scale.SCALE, slug="fresh", name="Fresh Council", posts=(Post("Nora Fresh", "Chief executive", "owner", scale.UNITS[0]),))
PLACES = {"empty": ("Nora Fresh", FRESH.slug), "10,000 rows": ("Ada Scale", scale.SCALE.slug)}
ROWS = 10_000


@contextmanager
def standing() -> Iterator[House]:
    """The demo, running."""
    if "OPSFLUX_HOME" not in os.environ:
        os.environ["OPSFLUX_HOME"] = tempfile.mkdtemp(prefix="opsflux-shots-")
        Path(os.environ["OPSFLUX_HOME"]).chmod(0o711)
    with attached(Settings.load(os.environ)) as settings:
        app = create_app(settings)
        with app.app_context(), Stage() as stage, launched() as browser:
            server = SimpleNamespace(url=stage.base, port=stage.port, database=SimpleNamespace(app=app, settings=settings))
            yield House(cast(LiveServer, server), browser)


def shoot(house: House, look: str) -> Path:
    """One sheet: every page in one look."""
    folder = SHEETS / look.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    person, organisation = PLACES.get(look, (OWNER, AT))
    context = house.sign_in(person, organisation, reduced_motion="reduce", **LOOKS[look])
    if look in LANGUAGES:
        house.prefer(context, language=LANGUAGES[look])
    stranger = house.chromium.new_context(base_url=house.server.url, **LOOKS[look])
    shots = []
    for name, address in house.addresses(person, organisation).items():
        page = (stranger if name.startswith("sign-in") else context).new_page()
        page.goto(address)
        if look == "long names":
            page.evaluate(LONG)
        path = folder / f"{name.replace(' ', '-')}.png"
        page.screenshot(path=path)
        shots.append((name, path))
        page.close()
    context.close()
    stranger.close()
    return sheet(house, look, shots)


def _settle(house: House) -> None:
    """An organisation in which nothing is recorded yet, and one with many rows."""
    with house.app.app_context():
        scale.scale(ROWS)
        if organisations.exists(FRESH.slug):
            return
        made = organisations.found(new_id(), FRESH.slug, FRESH.name, currency=FRESH.currency, timezone=FRESH.timezone)
        with acting(made, channel="demo"), unit_of_work():
            people.settle(FRESH, random.Random(FRESH.slug), auth.hash_password(PASSWORD))


def sheet(house: House, look: str, shots: list[tuple[str, Path]]) -> Path:
    """Many pictures on one, each with its name, drawn by Chromium itself."""
    wide = 240 if look == "phone" else 460
    figures = "".join(f'<figure><img src="{path.as_uri()}" width="{wide}"><figcaption>{html.escape(name)}</figcaption></figure>'
                      for name, path in shots)
    source = SHEETS / "sheet.html"
    source.write_text(f"<style>body{{font:12px sans-serif;display:flex;flex-wrap:wrap;gap:12px;margin:12px;"
                      f"background:#888}}figure{{margin:0}}</style>{figures}", encoding="utf-8")
    context = house.chromium.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(source.as_uri())
    target = SHEETS / f"{look.replace(' ', '-')}.png"
    page.screenshot(path=target, full_page=True)
    context.close()
    source.unlink()
    return target


def pictures(house: House) -> None:
    """The pictures of the README: the inbox of an approver with a RED payment open, light, dark, and on a phone."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    person, organisation = "Angela Frost", "northgate"
    _fill(house, person, organisation)
    for name, options in (("inbox-light", {"viewport": DESKTOP}), ("inbox-dark", {"viewport": DESKTOP, "color_scheme": "dark"}),
                          ("phone", {**TOUCH, "device_scale_factor": 2})):
        context = house.sign_in(person, organisation, **cast(dict[str, Any], options))
        page = _inbox(context, organisation, with_peek=name != "phone")
        page.screenshot(path=IMAGES / f"{name}.png")
        context.close()


def _fill(house: House, person: str, organisation: str) -> None:
    """Bring the June payments in, unless they are there: a queue as it is on a working day."""
    context = house.sign_in(person, organisation)
    page = context.new_page()
    page.goto(f"/{organisation}/inbox/")
    waiting = page.locator("[data-row]").count()
    context.close()
    if waiting > 10:
        return
    clerk = Clerk(house.server.url)
    clerk.sign_in("tessa.lowe@northgate.example", PASSWORD)
    with house.app.app_context(), acting(place_of(organisation)):
        arriving.bring_in(clerk, "", "", print)


def _inbox(context: BrowserContext, organisation: str, *, with_peek: bool) -> Page:
    page = context.new_page()
    page.goto(f"/{organisation}/inbox/", wait_until="load")
    if not page.locator("[data-row]").count():
        page.goto(f"/{organisation}/inbox/?tab=groups", wait_until="load")
    if with_peek:
        page.locator("[data-row][data-risk=RED] [data-open]").first.click()
        page.wait_for_selector("#peek footer .btn")
    page.wait_for_timeout(600)
    return page


def main(wanted: list[str]) -> int:
    """Draw all sheets, or those that are named; `readme` draws the README's pictures."""
    with standing() as house:
        if not wanted or "readme" in wanted:
            pictures(house)
            print(IMAGES)
        if not wanted or any(look in PLACES for look in wanted):
            _settle(house)
        for look in LOOKS:
            if not wanted or look in wanted:
                print(shoot(house, look), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
