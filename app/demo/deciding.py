"""What waits is decided over HTTP by the people who are asked: together what is alike, one by one what stands out, RED with two more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from app.demo.accounts import PASSWORD, address_in
from app.demo.browser import Browser, RefusedError
from app.demo.cast import NORTHGATE

SINGLES, RED, TOGETHER, AT_ONCE = 4, 3, 400, 3
PATIENCE, SETTLED = 45.0, 409
ROOT = "/northgate"


@dataclass
class Desk:
    """One person at the queue, and what they have done there."""

    name: str
    browser: Browser
    among: frozenset[str]
    done: dict[str, list[str]] = field(default_factory=dict)

    def waiting(self, tab: str = "mine") -> list[dict[str, Any]]:
        """What waits for them in a tab, of the requests that came with the file."""
        found, following = [], f"/api/v1{ROOT}/approvals/?tab={tab}&limit=200"
        while following:
            page = self.browser.get(following)
            if page.status != 200:
                raise RefusedError(f"{self.name}: {following} answered {page.status}")
            said = page.json()
            found += [entry for entry in said["results"] if entry["id"] in self.among]
            following = said["next"]
        return found

    def together(self, entries: Sequence[dict[str, Any]]) -> None:
        """Approve what is alike in one go, and wait until the job is through; what stands out is left."""
        for start in range(0, len(entries), TOGETHER):
            chosen = [("decision", "approve"), *(("ids", entry["id"]) for entry in entries[start:start + TOGETHER])]
            form = self.browser.post(f"{ROOT}/inbox/bulk", chosen).form("/inbox/bulk/decide")
            alike = [value.partition(":")[0] for name, value in form.fields if name == "items"]
            if alike:
                self.browser.post(form.action, form.fields, follow=False)
                self._wait_for(set(alike))

    def decide(self, entry: dict[str, Any], decision: str, reason: str = "") -> None:
        """Open one request and answer it by the form that is shown; one that a job decided meanwhile is let be."""
        verb = "return" if decision == "reject" else decision
        page = self.browser.get(f"{ROOT}/inbox/{entry['reference']}/decide?verb={verb}")
        if page.status == SETTLED:
            return
        form = page.form("/decide")
        page = self.browser.post(form.action, form.with_(decision=decision, reason=reason, word="approve", password=PASSWORD), follow=False)
        if page.status != 303:
            raise RefusedError(f"{self.name}: {decision} {entry['reference']} answered {page.status}")
        self.done.setdefault(decision, []).append(entry["id"])

    def undo(self, entry: dict[str, Any]) -> None:
        """Take back what they approved last."""
        page = self.browser.post(f"{ROOT}/inbox/{entry['reference']}/undo", [], follow=False)
        if page.status == 303:
            self.done.setdefault("undo", []).append(entry["id"])

    def _wait_for(self, asked: set[str]) -> None:
        """Look until all of these have left the queue, or nothing has left it for a while."""
        left, since = asked, time.monotonic()
        while left and time.monotonic() - since < PATIENCE:
            time.sleep(1)
            now = asked & {entry["id"] for entry in self.waiting()}
            if now != left:
                left, since = now, time.monotonic()
        self.done.setdefault("together", []).extend(asked - left)


def decide_all(base: str, among: frozenset[str], say: Callable[[str], object]) -> list[Desk]:
    """Everybody who is asked sits down: first managers and the owner, then the finance approvers."""
    first = [_desk(base, post.name, among) for post in NORTHGATE.posts if post.role in ("manager", "owner")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(_manage, first))
    say(f"{len(first)} managers decided")
    second = [_desk(base, post.name, among) for post in NORTHGATE.posts if "finance_approver" in post.further][:2]
    with ThreadPoolExecutor(len(second)) as pool:
        list(pool.map(_agree, second))
    say(f"{len(second)} finance approvers decided")
    return first + second


def _desk(base: str, name: str, among: frozenset[str]) -> Desk:
    browser = Browser(base)
    browser.sign_in(address_in(name, NORTHGATE), PASSWORD)
    return Desk(name, browser, among)


def _manage(desk: Desk) -> None:
    """Alike together; some that stand out one by one; one back, one refused, one undone; some RED."""
    entries = desk.waiting()
    red = [entry for entry in entries if entry["risk"] == "RED"]
    desk.together([entry for entry in entries if entry["risk"] != "RED"])
    left = [entry for entry in desk.waiting() if entry["risk"] != "RED"]
    answers = [("approve", ""), ("return", "Which budget line is this?"), ("reject", "Paid already in May."), *[("approve", "")] * SINGLES]
    for entry, (decision, reason) in zip(left, answers, strict=False):
        desk.decide(entry, decision, reason)
        if decision == "approve" and "undo" not in desk.done:
            desk.undo(entry)
    for entry in red[:RED]:
        desk.decide(entry, "approve")


def _agree(desk: Desk) -> None:
    for tab in ("groups", "mine"):
        for entry in desk.waiting(tab):
            desk.decide(entry, "approve")
