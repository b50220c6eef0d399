"""What the eye waits for: from the key that decides to the frame that shows it, in a real Chromium."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.bench.figures import percentile
from tests.bench.house import House
from tests.bench.work import ROOT, busiest
from tests.browser.chromium import launched
from tests.browser.keyboard import QWERTY, Keyboard
from tests.infra.serving import wait_for

# The first frame after a row began to leave or has left, told from the key's own time stamp.
WATCH = """
window.painted = [];
let pressed = 0;
addEventListener("keydown", (event) => { if (event.key === "Enter") pressed = event.timeStamp; }, true);
const rows = () => document.querySelectorAll("[data-row]:not([aria-busy])").length;
let before = null;
addEventListener("DOMContentLoaded", () => {
  before = rows();
  new MutationObserver(() => {
    const now = rows();
    const fewer = now < before;
    before = now;
    if (!fewer || !pressed) return;
    const since = pressed;
    pressed = 0;
    const after = new MessageChannel();
    after.port1.onmessage = () => window.painted.push(performance.now() - since);
    requestAnimationFrame(() => after.port2.postMessage(0));
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-busy"] });
});
"""


def paint(house: House, number: int) -> list[float]:
    """The 95th percentile in ms, in three equal runs, of `a` and Enter on ORANGE requests: from Enter to the frame that shows it."""
    address, _waiting = busiest(house)
    name, _equals, secret = house.cookie(address).partition("=")
    with launched() as chromium:
        context = chromium.new_context(base_url=house.server.url, viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": name, "value": secret, "url": house.server.url}])
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(f"{ROOT}/")
        times = [_decided(page, Keyboard(page, QWERTY)) for _ in range(number * 3)]
        context.close()
    return [percentile(times[n * number:(n + 1) * number]) for n in range(3)]


def _decided(page: Page, keyboard: Keyboard) -> float:
    """Approve the next request by the keys; gives the time that the page saw."""
    page.locator("[data-row][data-risk=ORANGE]").first.focus()
    seen = page.evaluate("window.painted.length")
    keyboard.press("a")
    page.wait_for_selector("#decision[open] button[name=decision]:focus")
    keyboard.press("Enter")
    times = wait_for(lambda: page.evaluate(f"window.painted.slice({seen})"), 20, "the frame that shows the decision")
    page.wait_for_selector("#decision:not([open])", state="attached")
    return float(times[0])
