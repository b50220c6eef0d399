"""What a step of a run is given, and what it says: sources, recommendations with their score, actions to be proposed, what it spent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from app.core.runs import evidence
from app.kernel import clock
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.run_types import RunEffect, RunType
from app.kernel.sentences import Sentence


@dataclass(frozen=True)
class Proposal:
    """An action that a step proposes."""

    effect: RunEffect
    title: str
    payload: dict[str, Any]
    details: str
    sources: tuple[str, ...]


@dataclass
class Context:
    """A step's view of its run: `inputs` as they were typed, `outputs` of the steps before, and the ways to say what was found."""

    kind: RunType
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    sources: list[dict[str, Any]] = field(default_factory=list)
    recommendations: list[dict[str, Any]] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    cost: Decimal = Decimal(0)

    def source(self, label: Sentence | str, metric: str, value: Any, link: str, *, record: str = "", at: datetime | None = None) -> str:
        """Write down what something rests on: a figure or a record, when it was read, and the path (below the organisation's) that
        opens it. Gives the name by which recommendations and proposals cite it."""
        said = {"id": f"S{len(self.sources) + 1}", "label": _kept(label), "metric": metric, "value": value, "record": record,
                "at": (at or clock.now()).isoformat(), "link": link.removeprefix(f"/{current.organisation.slug}").lstrip("/")}
        self.sources.append({**said, "hash": evidence.digest(said)})
        return str(said["id"])

    def recommend(self, title: Sentence | str, why: Sentence | str, *, confidence: float, sources: Sequence[str]) -> None:
        """Recommend something, with a score from 0 to 1, and what it rests on."""
        self.recommendations.append({"title": _kept(title), "why": _kept(why), "confidence": round(float(confidence), 4),
                                     "sources": list(sources)})

    def propose(self, effect: str, title: str, payload: Mapping[str, Any], *, details: str = "", sources: Sequence[str] = ()) -> None:
        """Propose an action that the kind of run declares; somebody decides before anything of it happens. Raises `Invalid`."""
        declared = self.kind.effect(effect)
        if declared is None:
            raise Invalid({"effect": [_("This run does not declare the action “%(name)s”.", name=effect[:60])]})
        self.proposals.append(Proposal(declared, title, json.loads(json.dumps(dict(payload), default=str)), details, tuple(sources)))

    def spend(self, amount: Decimal | str | int) -> None:
        """Count what the step cost, in the organisation's currency."""
        self.cost += Decimal(amount)


def _kept(words: Sentence | str) -> Any:
    return words.kept if isinstance(words, Sentence) else words
