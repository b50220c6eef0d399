"""The decision sheet of a request as data: snapshot, hash, levels, who decided what, when and on whose behalf."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.core import audit
from app.core.approvals import filling, preview, sentences, showing, snapshots, words
from app.core.approvals.case import Case
from app.core.approvals.models import ApprovalRequest
from app.kernel.current import current
from app.kernel.kinds import show_moment
from app.kernel.registry import registry


def sheet(request: ApprovalRequest) -> dict[str, Any]:
    """Everything that the PDF shows, in the reader's language; `url` is what its QR code leads to, below the base address."""
    resource = registry.resource(request.resource)
    approval = registry.approvals.get(request.approval)
    case = Case(request)
    told = case.told
    names = words.people([request.requested_by, *(i for line in told for i in (line.by_id, line.on_behalf_of))])
    heads, rows = snapshots.line_table(resource, request.snapshot)
    return {
        "title": showing.heading(request), "reference": request.reference, "record_reference": request.record_reference,
        "kind": str(resource.label), "approval": str(approval.label) if approval else request.approval, "state": str(request.state.label),
        "tone": request.state.tone, "risk": request.risk.value, "amount": preview.money(request), "flags": request.reasons,
        "organisation": current.organisation.name, "requested_by": names[request.requested_by],
        "requested_at": show_moment(request.requested_at),
        "effected_at": show_moment(request.effected_at) if request.effected_at else "", "url": showing.page_url(request),
        "facts": [(label, value) for label, value, _numeric in snapshots.facts(resource, request.snapshot)],
        "line_heads": [label for label, _numeric in heads], "lines": rows, "files": snapshots.files_in(request.snapshot),
        "levels": showing.level_rows(case), "snapshot": snapshots.content_of(request.snapshot), "hash": request.snapshot_hash,
        "filled": filling.given(case), "round": request.round, "evidence": case.evidence,
        "decisions": [{"said": sentences.told(line, sentences.behalf(names[line.by_id], names.get(line.on_behalf_of, "")),
                                              request.record_reference), "when": show_moment(line.at), "reason": words.reason_of(line),
                       "level": _("Level %(level)d, round %(round)d", level=line.level, round=line.round), "hash": line.shown_hash,
                       "channel": audit.channel_label(line.channel), "current": line.round == request.round} for line in told]}
