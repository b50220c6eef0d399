"""The evidence of a run as PDF: what it recommends with scores, and every source with its figure, moment, address and hash."""

from __future__ import annotations

from typing import BinaryIO

from flask_babel import gettext as _

from app.core.exports import Imprint, Paper
from app.core.runs import showing
from app.core.runs.models import ExecutiveRun


def write_evidence(run: ExecutiveRun, stream: BinaryIO, imprint: Imprint, base_url: str) -> int:
    """Write the bundle; gives the number of pages. The hash in the foot is that of the bundle."""
    paper = Paper(stream, imprint)
    facts = [(_("Kind of run"), showing.kind_in_words(run.kind)), (_("State"), str(run.state.label)),
             (_("Started"), showing.brief(run)["when"]), (_("Took"), showing.took(run.seconds)),
             (_("Cost"), showing.money(run.cost, run.currency) or "–"), *((str(label), value) for label, value in showing.given(run))]
    for label, value in facts:
        paper.paragraph(f"{label}: {value or '–'}", after=1)
    _heading(paper, _("Recommendations"))
    rows = showing.advice(run)
    for number, each in enumerate(rows, start=1):
        if not paper.room(60):
            paper.turn()
        paper.paragraph(f"{number}. {each['title']}", bold=True, after=0)
        paper.paragraph(each["why"], after=0)
        cited = ", ".join(source["id"] for source in each["sources"])
        paper.paragraph(_("Score %(score)s · sources %(cited)s", score=f"{each['score']:.2f}", cited=cited), size=8, after=6)
    if not rows:
        paper.paragraph(_("Nothing is recommended."))
    _heading(paper, _("Sources"))
    for source in showing.sources(run):
        if not paper.room(50):
            paper.turn()
        paper.paragraph(f"{source['id']}  {source['label']}", bold=True, after=0)
        paper.paragraph(" · ".join(filter(None, (f"{source['metric']}: {source['value']}", source["record"], source["when"]))), after=0)
        paper.paragraph(f"{base_url}{source['url']}", size=8, after=0)
        paper.paragraph(f"SHA-256 {source['hash']}", size=7, after=5)
    return paper.close(run.evidence_hash or "")


def _heading(paper: Paper, words: str) -> None:
    if not paper.room(70):
        paper.turn()
    paper.y -= 8
    paper.paragraph(words, size=12, bold=True, after=4)
