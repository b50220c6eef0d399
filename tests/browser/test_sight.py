"""What axe cannot see: text at 200 %, a page at 400 %, and where the focus is; light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.house import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280), pytest.mark.requirement("OF-490")]
OWNER, AT = "Mara Keller", "meridian"
PAGES = ("inbox/", "hse/incidents/", "hse/incidents/new", "procurement/requisitions/new", "people/members/", "audit/", "alerts/alerts/",
         "audit/holds/new", "privacy/requests/new", "settings/", "settings/ownership", "settings/deletion", "settings/agencies",
         "jobs/")
ZOOMED = {"width": 320, "height": 256}  # 1280 × 1024 at 400 %
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDE = """[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .slice(0, 5).map((e) => e.outerHTML.slice(0, 100))"""
# Text that is cut off: its box hides what overflows, and it is not meant to be shortened with an ellipsis.
CUT = """() => [...document.querySelectorAll('main *, header *, nav *')].filter((e) => {
  if (!e.checkVisibility() || e.closest('.sr-only, .truncate, [hidden], svg') || !e.childNodes.length) return false;
  const style = getComputedStyle(e);
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  return own && style.overflowY === 'hidden' && style.textOverflow !== 'ellipsis' && e.scrollHeight > e.clientHeight + 2;
}).map((e) => e.outerHTML.slice(0, 120))"""
# Of the control that has the focus, once it has settled: its place, whether it is in sight, and the least contrast of its ring with what
# lies behind it, and with the control itself where the ring is drawn inside it.
FOCUSED = """async () => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (css) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1);
                          return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const over = (under, top) => top.slice(0, 3).map((c, i) => (c * top[3] + under[i] * (255 - top[3])) / 255);
  const light = (c) => { const [r, g, b] = c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                         return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  const e = document.activeElement;
  if (e === document.body) return null;
  await Promise.all(e.getAnimations().map((each) => each.finished));
  const fill = (each) => rgba(getComputedStyle(each).backgroundColor), behind = [];
  for (let up = e.parentElement; up; up = up.parentElement) behind.unshift(fill(up));
  const style = getComputedStyle(e), ground = behind.reduce(over, [255, 255, 255]);
  const beside = parseFloat(style.outlineOffset) < 0 ? [ground, over(ground, fill(e))] : [ground];
  const drawn = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const least = drawn ? Math.min(...beside.map((each) => ratio(over(each, rgba(style.outlineColor)), each))) : 0;
  const box = e.getBoundingClientRect();
  const seen = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && e.checkVisibility();
  return [[...document.querySelectorAll('*')].indexOf(e), seen, Math.round(least * 100) / 100, e.outerHTML.slice(0, 110)];
}"""


def opened(house: House, **options: object) -> Page:
    """A page of the owner's."""
    return house.sign_in(OWNER, AT, reduced_motion="reduce", **options).new_page()


def detail_of(page: Page, listing: str) -> str:
    """The address of the first record of a list."""
    page.goto(f"/{AT}/{listing}")
    return str(page.get_attribute("[data-row]", "data-url"))


@pytest.mark.parametrize("language", ["en", "de"])
def test_text_of_twice_the_size_is_all_there(house: House, language: str) -> None:
    page = opened(house, viewport={"width": 1280, "height": 1024})
    house.prefer(page.context, language=language)
    wrong = {}
    for address in (*(f"/{AT}/{each}" for each in PAGES), detail_of(page, "hse/incidents/")):
        page.goto(address)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        if found := page.evaluate(CUT)[:4] or (page.evaluate(SIDEWAYS) > 0 and page.evaluate(WIDE)):
            wrong[address] = found
    assert wrong == {}
    page.context.close()


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_page_at_four_hundred_per_cent_needs_no_scrolling_sideways(house: House, language: str) -> None:
    page = opened(house, viewport=ZOOMED, device_scale_factor=4)
    house.prefer(page.context, language=language)
    wide = {}
    for address in (*(f"/{AT}/{each}" for each in PAGES), detail_of(page, "hse/incidents/"), "/sign-in"):
        page.goto(address)
        if page.evaluate(SIDEWAYS) > 0:
            wide[address] = page.evaluate(WIDE)
    assert wide == {}
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_is_seen_on_each_control(house: House, scheme: str) -> None:
    """Wherever Tab leads, the ring is in sight and has at least 3 : 1 against what is beside it (WCAG 1.4.11, 2.4.7)."""
    page = opened(house, color_scheme=scheme)
    faint = {}
    for address in ("inbox/", "hse/incidents/", "procurement/requisitions/new", "settings/"):
        page.goto(f"/{AT}/{address}")
        seen: set[int] = set()
        for _turn in range(150):
            page.keyboard.press("Tab")
            found = page.evaluate(FOCUSED)
            if found is None or found[0] in seen:
                break
            seen.add(found[0])
            if not found[1] or found[2] < 3:
                faint.setdefault(address, []).append(found[1:])
        assert len(seen) > 20, address
    assert faint == {}
    page.context.close()
