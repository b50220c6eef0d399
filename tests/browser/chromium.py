"""A real Chromium, and a watch over its pages: nothing blocked, nothing broken, no mouse, the focus never lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-pings"]
WATCH = """
addEventListener('securitypolicyviolation', (e) => saw('blocked', `${e.violatedDirective} ${e.blockedURI} ${location.pathname}`), true);
for (const kind of ['mousedown', 'mousemove', 'pointerdown', 'touchstart', 'wheel'])
  addEventListener(kind, () => saw('mouse', `${kind} ${location.pathname}`), true);
let moves = 0;
addEventListener('focusin', () => { moves += 1; }, true);
const onBody = () => moves > 0 && (document.activeElement ?? document.body) === document.body;
const lost = (since) => onBody() && moves === since && saw('lost', location.pathname);
addEventListener('htmx:after:swap', () => setTimeout(() => onBody() && setTimeout(lost, 300, moves), 150), true);
"""


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium without a window; of the machine, never a download."""
    path = next(found for name in NAMES if (found := shutil.which(name)))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Watch:
    """What went wrong in the pages of a context, by kind: blocked, mouse, lost, console, crashed."""

    def __init__(self, context: BrowserContext) -> None:
        self.seen: list[tuple[str, str]] = []
        context.expose_function("saw", lambda kind, what: self.seen.append((kind, what)))
        context.add_init_script(WATCH)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.seen.append(("crashed", str(error.error))))

    def _console(self, message: Any) -> None:
        if message.type == "error" and "status of 422" not in message.text:  # a refused form is an answer, which Chromium reports
            self.seen.append(("console", message.text))

    def of(self, *kinds: str) -> list[tuple[str, str]]:
        """What was seen of these kinds."""
        return [each for each in self.seen if each[0] in kinds]

    def troubles(self) -> list[tuple[str, str]]:
        """What no page may ever do."""
        return self.of("blocked", "lost", "console", "crashed")


def until(page: Page, expression: str, wanted: Any = True, limit: float = 10.0) -> None:
    """Wait for a value; Playwright's own waiting compiles strings, which the pages' policy forbids."""
    found = None
    for _look in range(int(limit * 20)):
        found = page.evaluate(expression)
        if found == wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression} is {found!r}, not {wanted!r}, at {page.url}")
