"""axe-core in a page: what breaks WCAG 2.1 A or AA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
FRAME = ["#sidebar", ".topbar", ".bottombar", "#session"]  # what stands around each page alike
RUN = """async (left) => {
  const found = await axe.run({exclude: left.map((each) => [each])},
                              {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'],
                               elementRef: false, ancestry: false});
  return found.violations.map((v) => [v.id, v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')}: ${n.failureSummary.split('\\n')[1]}`)]);
}"""


def violations(page: Page, frame: bool = True) -> list[Any]:
    """The rules that this page breaks, each with its first places; motion is over before it is looked at.

    Without `frame`, what stands around each page alike is passed over: it was looked at on another page.
    """
    page.evaluate(SOURCE)
    return list(page.evaluate(RUN, [] if frame else FRAME))
