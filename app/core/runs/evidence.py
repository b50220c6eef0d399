"""The evidence of a run: what its recommendations rest on, checked, and sealed by a hash of its exact bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from app.core.autonomy import digest
from app.kernel.errors import Invalid
from app.kernel.sentences import read

__all__ = ["bundle", "check", "digest", "said"]

NEEDED = ("metric", "at", "link")


def bundle(inputs: Mapping[str, Any], sources: Sequence[Mapping[str, Any]], recommendations: Sequence[Mapping[str, Any]], *,
           cost: str) -> dict[str, Any]:
    """The bundle of what a run has found so far. Raises `Invalid` where something is recommended that rests on nothing."""
    check(sources, recommendations)
    return {"inputs": dict(inputs), "sources": [dict(each) for each in sources],
            "recommendations": [dict(each) for each in recommendations], "cost": cost}


def check(sources: Sequence[Mapping[str, Any]], recommendations: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a source that opens nothing, a score out of its range, and a recommendation that cites nothing, or what is not there."""
    for source in sources:
        if any(not source.get(name) for name in NEEDED):
            raise Invalid({"sources": [_("Each source says what it measures, when it was read, and which page opens it.")]})
    known = {source["id"] for source in sources}
    for each in recommendations:
        if not 0 <= each["confidence"] <= 1:
            raise Invalid({"confidence": [_("A score lies between 0 and 1, not at %(score)s.", score=each["confidence"])]})
        if not each["sources"] or not set(each["sources"]) <= known:
            raise Invalid({"sources": [_("“%(title)s” is recommended without evidence.", title=said(each["title"]))]})


def said(words: Any) -> str:
    """Words that were kept, in the reader's language."""
    return str(read(words)) if isinstance(words, Mapping) else str(words)
