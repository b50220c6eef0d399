"""The decision sheet of an approval as PDF: what was shown, its hash, and who decided it, when, and on whose behalf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import orjson
from flask_babel import gettext as _

from app.core.exports.paper import QUIET, Imprint, Paper, wrapped
from app.kernel.ai_actions import Evidence

LABEL = 150.0


def write_decision(sheet: Mapping[str, Any], stream: BinaryIO, imprint: Imprint) -> int:
    """Write what `approvals.sheet(request)` gives; gives the number of pages. The hash in the foot is that of the snapshot."""
    paper = Paper(stream, imprint)
    _facts(paper, [(_("Asks for"), sheet["approval"]), (_("Record"), f"{sheet['kind']} {sheet['record_reference']}"),
                   (_("State"), sheet["state"]), (_("Risk"), sheet["risk"]), (_("Amount"), sheet["amount"] or "–"),
                   (_("Asked by"), f"{sheet['requested_by']}, {sheet['requested_at']}"), (_("Took effect"), sheet["effected_at"] or "–")])
    _heading(paper, _("What was shown"))
    _facts(paper, sheet["facts"])
    _lines(paper, sheet["line_heads"], sheet["lines"])
    for file in sheet["files"]:
        paper.paragraph(_file(file), size=8, tone=QUIET)
    if sheet["evidence"]:
        _evidence(paper, sheet["evidence"])
    for each in sheet["filled"]:
        _heading(paper, f"{each['title']} · {each['who']}, {each['when']}")
        _facts(paper, [(part.label, part.text) for _section, parts in each["sections"] for part in parts])
    if sheet["flags"]:
        _heading(paper, _("To look at"))
        for flag in sheet["flags"]:
            paper.paragraph(f"• {flag}")
    _heading(paper, _("Decisions"))
    for line in sheet["decisions"]:
        _decision(paper, line, sheet["hash"])
    if not sheet["decisions"]:
        paper.paragraph(_("Nobody has decided yet."), tone=QUIET)
    _heading(paper, _("The exact bytes"))
    paper.paragraph(_("The SHA-256 of these bytes is what each decision above refers to."), size=8, tone=QUIET)
    paper.paragraph(orjson.dumps(sheet["snapshot"], option=orjson.OPT_SORT_KEYS).decode(), size=7)
    return paper.close(str(sheet["hash"]))


def _heading(paper: Paper, words: str) -> None:
    if not paper.room(60):
        paper.turn()
    paper.y -= 8
    paper.paragraph(words, size=11, bold=True)


def _facts(paper: Paper, facts: Sequence[tuple[Any, Any]]) -> None:
    for label, value in facts:
        lines = wrapped(str(value) or "–", paper.right - paper.left - LABEL, 9)
        if not paper.room(13 * len(lines)) and len(lines) < 40:
            paper.turn()
        for number, line in enumerate(lines):
            if not paper.room(13):
                paper.turn()
            paper.y -= 13
            if number == 0:
                paper.text(paper.left, paper.y, str(label), size=9, tone=QUIET)
            paper.text(paper.left + LABEL, paper.y, line)
    paper.y -= 4


def _lines(paper: Paper, heads: Sequence[Any], rows: Sequence[Sequence[Any]]) -> None:
    for number, row in enumerate(rows, start=1):
        said = " · ".join(f"{head}: {cell}" for head, cell in zip(heads, row, strict=False) if str(cell))
        paper.paragraph(f"{number}. {said}", size=8.5)


def _evidence(paper: Paper, evidence: Evidence) -> None:
    """What stands behind it: facts, each source with its address and hash, the hash of the whole, and the words that were changed."""
    _heading(paper, _("Evidence"))
    _facts(paper, evidence.facts)
    for source in evidence.sources:
        paper.paragraph(" · ".join(filter(None, (source.label, source.url))), after=0)
        paper.paragraph(f"SHA-256 {source.hash}", size=7, tone=QUIET)
    if evidence.words:
        paper.paragraph(_("As it was produced"), bold=True, after=0)
        paper.paragraph("".join(piece for sign, piece in evidence.words if sign != "+"))
        paper.paragraph(_("As it was changed"), bold=True, after=0)
        paper.paragraph("".join(piece for sign, piece in evidence.words if sign != "-"))
    paper.paragraph(f"{_('Hash of the whole')}: {evidence.hash}", size=7, tone=QUIET)


def _file(file: Any) -> str:
    return " · ".join(str(v) for v in file.values()) if isinstance(file, Mapping) else " · ".join(map(str, file)) \
        if isinstance(file, (tuple, list)) else str(file)


def _decision(paper: Paper, line: Mapping[str, Any], shown: str) -> None:
    if not paper.room(44):
        paper.turn()
    paper.paragraph(line["said"], bold=True, after=0)
    paper.paragraph(" · ".join(filter(None, (line["when"], line["level"], line["channel"]))), size=8, tone=QUIET, after=0)
    if line["reason"]:
        paper.paragraph(f"“{line['reason']}”", after=0)
    if line["hash"]:
        same = _("the bytes above") if line["hash"] == shown else _("other bytes than above")
        paper.paragraph(f"SHA-256 {line['hash']} ({same})", size=7, tone=QUIET)
    paper.y -= 4
