"""Kinds of run for tests: what they did outside is written down here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.runs import Context
from app.kernel.fields import Form, integer, text
from app.kernel.run_types import RunEffect, RunStep, RunType

DONE: list[str] = []  # what was done outside
STEPPED: list[str] = []  # the steps that were begun
BROKEN: list[Exception] = []  # what the second step raises, once each


class Inputs(Form):
    """What the kind asks for."""

    count = integer("Count", default=3, minimum=1, maximum=9)
    word = text("Word", max_length=40, required=False)


def count(context: Context) -> Mapping[str, Any]:
    """The first step."""
    STEPPED.append("count")
    context.spend("0.25")
    return {"doubled": context.inputs["count"] * 2}


def judge(context: Context) -> Mapping[str, Any]:
    """The second step: it may break, recommends, and proposes two things."""
    STEPPED.append("judge")
    if BROKEN:
        raise BROKEN.pop()
    seen = context.source("Incidents that are open", "open incidents", context.outputs["count"]["doubled"], "hse/incidents/?status=open")
    also = context.source("Actions that are open", "open actions", 4, "hse/corrective-actions/?state=open")
    context.recommend("Mend the fence", "It is broken.", confidence=0.6, sources=(seen,))
    context.recommend("Paint the door", "It is old.", confidence=0.9, sources=(seen, also))
    for word in ("first", "second"):
        context.propose("call", f"Call the {word}", {"word": word}, sources=(seen,))
    return {"judged": True}


def call(payload: Mapping[str, Any]) -> None:
    """Something outside."""
    DONE.append(str(payload["word"]))


def baseless(context: Context) -> None:
    """A step that recommends without evidence."""
    context.recommend("Believe me", "Because.", confidence=0.9, sources=())


def wild(context: Context) -> None:
    """A step whose score is out of its range."""
    context.recommend("Surely", "Very.", confidence=1.5, sources=(context.source("All", "all", 1, "hse/incidents/"),))


STEPS = (RunStep("count", "Count", count), RunStep("judge", "Judge", judge))
EFFECTS = (RunEffect("call", "Call somebody", call, "ORANGE"),)
KINDS = (RunType("test.count", "Count", (STEPS[0],), inputs=Inputs), RunType("test.judge", "Judge", STEPS, inputs=Inputs, effects=EFFECTS),
         RunType("test.baseless", "Baseless", (RunStep("say", "Say", baseless),)),
         RunType("test.wild", "Wild", (RunStep("say", "Say", wild),)))
