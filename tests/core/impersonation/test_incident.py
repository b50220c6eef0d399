"""The runbook on impersonation, walked through: a live one is ended at once from the command line, and what it did is listed."""

from __future__ import annotations

import json

import pytest

from app.kernel.config import PROJECT
from tests.core.impersonation.cases import REASON, Case, begun

RUNBOOK = (PROJECT / "docs" / "runbooks" / "impersonation.md").read_text(encoding="utf-8")


@pytest.mark.requirement("PK-049", "PK-053")
def test_the_runbook_ends_a_live_impersonation_and_lists_what_it_did(case: Case) -> None:
    begun(case)
    for address in ("/home/hse/incidents/", "/home/organisation/sites/"):
        assert case.sue.get(address).status_code == 200
    run = case.app.test_cli_runner().invoke
    assert "flask impersonation list SLUG" in RUNBOOK
    listed = json.loads(run(args=["impersonation", "list", "home", "--json"]).output)["running"]
    assert [(row["who"], row["as_whom"], row["reason"]) for row in listed] == [("Sue", "Ben", REASON)]
    assert "flask impersonation end SLUG" in RUNBOOK
    ended = json.loads(run(args=["impersonation", "end", "home", "--json"]).output)["ended"]
    assert [step["path"] for step in ended[0]["opened"]][-2:] == ["/home/hse/incidents/", "/home/organisation/sites/"]
    assert case.sue.get("/home/inbox/").location.startswith("/sign-in/over")
    assert "Nobody" in run(args=["impersonation", "list", "home"]).output
    last = case.entries(action="impersonation.impersonation.end")
    assert [entry.channel for entry in last] == ["command"]
