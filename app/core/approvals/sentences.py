"""What happened to a request, as a sentence: for its history, the audit trail, the decision sheet and whoever is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.approvals.models import ApprovalDecision, Verb

SAYS: Mapping[Verb, Any] = {
    Verb.APPROVE: _l("%(name)s approved %(record)s"),
    Verb.RETURN: _l("%(name)s returned %(record)s for changes"),
    Verb.REJECT: _l("%(name)s rejected %(record)s"),
    Verb.ASK: _l("%(name)s asked for information about %(record)s"),
    Verb.ANSWER: _l("%(name)s answered the question about %(record)s"),
    Verb.DELEGATE: _l("%(name)s delegated %(record)s"),
    Verb.SNOOZE: _l("%(name)s put %(record)s off"),
    Verb.COMMENT: _l("%(name)s commented on %(record)s"),
    Verb.ESCALATE: _l("%(name)s escalated %(record)s"),
    Verb.OPINION: _l("%(name)s asked for a second opinion on %(record)s"),
    Verb.ADVISE: _l("%(name)s gave an opinion on %(record)s"),
    Verb.ADD: _l("%(name)s added an approver to %(record)s"),
    Verb.UNDO: _l("%(name)s took back the approval of %(record)s"),
    Verb.REQUEST: _l("%(name)s asked for approval of %(record)s"),
    Verb.VOID: _l("What was decided on %(record)s no longer counts"),
    Verb.WITHDRAW: _l("%(name)s withdrew %(record)s"),
    Verb.EFFECT: _l("%(record)s took effect"),
    Verb.MOVE: _l("%(name)s moved %(record)s to another version of its workflow"),
}
TO: Mapping[Verb, Any] = {
    Verb.DELEGATE: _l("%(name)s delegated %(record)s to %(other)s"),
    Verb.OPINION: _l("%(name)s asked %(other)s for a second opinion on %(record)s"),
    Verb.ADD: _l("%(name)s asked %(other)s to approve %(record)s as well"),
}
FILLED = _l("%(name)s filled in “%(other)s” for %(record)s")
STANCES: Mapping[str, Any] = {"for": _l("%(name)s is in favour of %(record)s"), "against": _l("%(name)s is against %(record)s")}


def of(line: ApprovalDecision) -> str:
    """The sentence of a step, with `%(name)s`, `%(record)s` and perhaps `%(other)s` still to be put in."""
    if line.verb == Verb.APPROVE and line.data.get("form"):
        return str(FILLED)
    said = STANCES.get(line.data.get("stance", "")) or (TO.get(line.verb) if line.data.get("name") else None)
    return str(said or SAYS[line.verb])


def told(line: ApprovalDecision, who: str, record: str) -> str:
    """The sentence of a step: “Mara Keller approved PAY-2026-00042”."""
    return of(line) % {"name": who, "record": record, "other": other(line)}


def other(line: ApprovalDecision) -> str:
    """Whom, or which form, a step was about."""
    form = str(line.data.get("form", ""))
    return _(form) if form else str(line.data.get("name", ""))


def news(verb: Verb, who: str, title: str) -> str:
    """What whoever asked is told: “Mara Keller rejected “Release: Harwood Finch LLP””."""
    return str(SAYS[verb]) % {"name": who, "record": _("“%(title)s”", title=title)}


def behalf(who: str, other: str) -> str:
    """Who acted, and in whose place."""
    return _("%(who)s on behalf of %(behalf)s", who=who, behalf=other) if other else who
