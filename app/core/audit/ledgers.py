"""What reports can be about: the entries of the audit trail, without the values that they changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.audit.models import AuditEntry
from app.core.audit.words import CHANNELS, REASONS, known_resources, resource_label, sentence
from app.kernel.fields import Field
from app.kernel.ledgers import rows
from app.kernel.manifest import Ledger

WHOLE = re.compile(r"[a-z_]+(\.[a-z_]+)+")  # a filter may name the beginning of a code, or its end
RESULTS = {"ok": _l("done"), "refused": _l("refused"), "failed": _l("failed")}


class _Words(Mapping[str, str]):
    """Words for whatever code stands in the trail; what can be chosen among are those of `known`."""

    def __init__(self, said: Callable[[str], str], known: Mapping[str, str]) -> None:
        self._said, self._known = said, known

    def __getitem__(self, code: str) -> str:
        return self._said(code)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known) or 1

    def __contains__(self, code: object) -> bool:
        return bool(code)


def _kinds() -> Mapping[str, Any]:
    return _Words(resource_label, dict(known_resources()))


def _actions() -> Mapping[str, Any]:
    return _Words(lambda code: sentence(code) % {"name": "…", "record": "…"} if WHOLE.fullmatch(code) else code, {})


def _channels() -> Mapping[str, Any]:
    return {"page": _l("on the pages"), **CHANNELS}


def _results() -> Mapping[str, Any]:
    return RESULTS


def _reasons() -> Mapping[str, Any]:
    return REASONS


ENTRY = rows(
    "audit_said",
    select(AuditEntry.organisation_id, AuditEntry.id, AuditEntry.at, AuditEntry.actor_id, AuditEntry.action, AuditEntry.resource,
           AuditEntry.record_reference.label("reference"), AuditEntry.result, AuditEntry.channel,
           AuditEntry.context["reason"].astext.label("reason")),
    reference=Field("text", _l("Record"), sortable=False, required=False), at=Field("datetime", _l("When")),
    actor_id=Field("reference", _l("Person"), reference="member", groups=False, required=False),
    action=Field("text", _l("Action"), sortable=False, listed=_actions),
    resource=Field("text", _l("Kind"), sortable=False, listed=_kinds, required=False),
    result=Field("text", _l("Result"), sortable=False, listed=_results), channel=Field("text", _l("Way"), sortable=False, listed=_channels),
    reason=Field("text", _l("Reason"), sortable=False, listed=_reasons, required=False),
)

LEDGERS = (
    Ledger(ENTRY, key="entry", label=_l("Entry of the audit trail"), plural=_l("Entries of the audit trail"), needs="audit.entry.view",
           takes="audit.entry.export", columns=("at", "actor", "action", "reference", "result", "channel"),
           filters=("at", "actor", "action", "resource", "result", "channel"), sort="-at", page="audit/", confidential=True),
)
