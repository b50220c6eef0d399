"""What a screen reader is given: Chromium's accessibility tree, and what the page says without being asked."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.chromium import until

CONTROLS = frozenset({"button", "link", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "switch", "spinbutton",
                      "slider", "menuitem", "tab", "option", "DisclosureTriangle", "Date", "DateTime", "InputTime"})
LISTEN = """() => {
  window.heard = [];
  new MutationObserver((changes) => changes.forEach(({target}) => {
    const region = (target.nodeType === 1 ? target : target.parentElement)?.closest('[aria-live], [role=status], [role=alert]');
    const text = region?.textContent.trim().replace(/\\s+/g, ' ');
    if (text) window.heard.push([region.id, text]);
  })).observe(document, {childList: true, characterData: true, subtree: true});
}"""
STOP = """() => {
  const at = document.activeElement;
  if (window.stopped.includes(at)) return false;
  if (at !== document.body) window.stopped.push(at);
  return true;
}"""
PLACES = """() => {
  const all = [...document.querySelectorAll('*')];
  return window.stopped.map((each) => all.indexOf(each));
}"""


@dataclass(frozen=True)
class Node:
    """One thing that can be reached: its role, its name, and what else is said of it."""

    role: str
    name: str
    said: dict[str, Any]


class Reader:
    """Reads pages the way assistive technology does, and hears their live regions."""

    def __init__(self, context: BrowserContext) -> None:
        context.add_init_script(f"({LISTEN})()")
        self.page: Page = context.new_page()
        self._send = context.new_cdp_session(self.page).send

    def nodes(self) -> list[Node]:
        """The whole tree in reading order, without what is ignored."""
        tree = self._send("Accessibility.getFullAXTree")["nodes"]
        by_id = {node["nodeId"]: node for node in tree}
        children = {child for node in tree for child in node.get("childIds", ())}
        found: list[Node] = []
        open_ = [node["nodeId"] for node in tree if node["nodeId"] not in children][::-1]
        while open_:
            node = by_id.get(open_.pop())
            if node is None:
                continue
            open_ += node.get("childIds", ())[::-1]
            if not node.get("ignored"):
                said = {each["name"]: each["value"].get("value") for each in node.get("properties", ())}
                said["description"] = node.get("description", {}).get("value", "")
                found.append(Node(node.get("role", {}).get("value", ""), str(node.get("name", {}).get("value", "")).strip(), said))
        return found

    def faults(self) -> list[str]:
        """What a person who only hears this page would miss, one sentence each, once Chromium has finished its tree of it."""
        found = self._faults()
        for _look in range(20):
            if not found:
                break
            self.page.wait_for_timeout(100)
            found = self._faults()
        return found

    def _faults(self) -> list[str]:
        nodes = self.nodes()
        said = [f"{node.role} without a name" for node in nodes if node.role in CONTROLS | {"table", "dialog"} and not node.name]
        roles = Counter(node.role for node in nodes)
        said += [f"{roles[role]} × {role}" for role in ("main", "banner") if roles[role] != 1]
        said += [f"{role} “{name}” twice" for (role, name), count in Counter(
            (node.role, node.name) for node in nodes if node.role in ("navigation", "search", "complementary")).items() if count > 1]
        levels = [int(node.said["level"]) for node in nodes if node.role == "heading"]
        if levels.count(1) != 1:
            said.append(f"{levels.count(1)} headings of level 1")
        said += [f"heading {after} after {before}" for before, after in pairwise(levels) if after > before + 1]
        if roles["table"] and not roles["columnheader"]:
            said.append("a table without headers")
        return said

    def controls(self) -> list[Node]:
        """Everything that can be operated, in reading order."""
        return [node for node in self.nodes() if node.role in CONTROLS]

    def heard(self) -> list[tuple[str, str]]:
        """What was announced on this page so far: the region's id and the sentence."""
        return [tuple(each) for each in self.page.evaluate("window.heard")]

    def hears(self, words: str) -> str:
        """Wait for an announcement with these words; gives the sentence. It comes from the one polite live region."""
        until(self.page, f"window.heard.some(([id, text]) => id === 'announcer' && text.includes({json.dumps(words)}))")
        return next(text for region, text in self.heard() if region == "announcer" and words in text)

    def stops(self, most: int = 200) -> list[int]:
        """The stops of the focus by Tab, all around once, as places in the document; the first in the document comes first.

        The places are told at the end: what opens and closes on the way (the suggestions of a picker) would shift them meanwhile.
        """
        self.page.evaluate("window.stopped = []")
        for _turn in range(most):
            self.page.keyboard.press("Tab")
            if not self.page.evaluate(STOP):
                break
        found: list[int] = self.page.evaluate(PLACES)
        first = found.index(min(found))
        return found[first:] + found[:first]
