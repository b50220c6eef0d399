"""Plays the runs, one after the other, and counts: what was asked, answered by which way, how it ended, and whether its trace is whole."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

from sqlalchemy import func, select

from app.core import audit
from app.core.approvals import ApprovalDecision, ApprovalRequest, ApprovalSeat, Seat, State, clocks, legs
from app.core.approvals.models import LIVE, Asked
from app.core.audit.models import AuditEntry
from app.demo.agreeing.desk import CHANNELS, Desk, Waiting
from app.demo.agreeing.office import TAKEN, Office
from app.demo.agreeing.plays import AS_ASKED, Play, asked, plays, result
from app.demo.agreeing.records import Papers
from app.kernel import clock, outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work

MOST_TURNS, TICKS, HOLD = 60, 3, timedelta(minutes=3)
Say = Callable[[str], object]


def run(only: Sequence[str] = (), *, say: Say = lambda _line: None) -> dict[str, Any]:
    """Play all runs (of some workflows only, if asked) in an organisation made for it; gives the figures."""
    began, office = time.monotonic(), Office()
    channels, papers, told = cycle(CHANNELS), Papers(office), []
    for play in plays(tuple(only)):
        told.append(Playing(office, papers, play, channels).whole())
        wrong = "" if told[-1]["sound"] else f"  WRONG: {told[-1]['why']}"
        say(f"{time.monotonic() - began:5.0f} s  {play.name}: {told[-1]['ended']}{wrong}")
    with acting(office.place, SYSTEM):
        audit.seal(office.place.id)
    return _figures(office, told) | {"seconds": round(time.monotonic() - began, 1)}


def _figures(office: Office, told: list[dict[str, Any]]) -> dict[str, Any]:
    ended, ways, verbs = (Counter[str]() for _each in range(3))
    for each in told:
        ended.update(each["states"])
        ways.update(each["ways"])
        verbs.update(each["did"])
    with acting(office.place, SYSTEM), unit_of_work() as work:
        requests = work.scalar(select(func.count()).select_from(ApprovalRequest)) or 0
        lines = Counter(dict(work.execute(select(ApprovalDecision.verb, func.count()).group_by(ApprovalDecision.verb)).tuples().all()))
    stored = {verb.value: count for verb, count in lines.items()}
    return {"organisation": office.place.slug, "workflows": len({each["workflow"] for each in told}), "runs": len(told),
            "runs_by_twist": dict(Counter(each["twist"] for each in told)), "requests": requests, "ended": dict(ended),
            "answers_by_way": dict(ways), "story": stored, "story_adds_up": stored == dict(verbs),
            "requests_add_up": requests == ended.total(),
            "traces_whole": sum(each["sound"] for each in told), "wrong": [each["name"] for each in told if not each["sound"]],
            "audit_verified": not any(chain.problem for chain in audit.verify([office.place.id]))}


class Playing:
    """One run of one workflow."""

    def __init__(self, office: Office, papers: Papers, play: Play, channels: Iterator[str]) -> None:
        self.office, self.papers, self.play, self.channels = office, papers, play, channels
        self.now: datetime = clock.now()
        self.did, self.ways = Counter[str](), Counter[str]()
        self.twisted, self.behalf = False, 0
        with clock.at(self.now):
            self.record_id = papers.ask(play)

    def whole(self) -> dict[str, Any]:
        """Play it to its end; says how it ended and whether that is what the graph says, with nothing missing in its story."""
        back = self._leave() if self.play.twist in ("delegated", "covered") else None
        for _turn in range(MOST_TURNS):
            found = self._live()
            if found is None:
                break
            with clock.at(self.now):
                self._turn(found)
        if back:
            back()
        return self._told()

    def _turn(self, found: Waiting) -> None:
        if found.state == State.HELD:
            self._take_effect()
        elif found.state == State.RETURNED:
            self._ask_again()
        elif found.kind == "wait":
            self._pass(timedelta(days=4))
            self.did["comment"] += 1
        elif found.path == self.play.path and not self.twisted:
            self.twisted = self.play.twist != "refused"
            self._twist(found)
        else:
            self._answer(found, "approve")

    def _twist(self, found: Waiting) -> None:
        """What happens out of the ordinary."""
        match self.play.twist:
            case "refused" | "outvoted":
                self._answer(found, "reject")
            case "returned":
                self._answer(found, "return")
            case "handed on":
                self._answer(found, "escalate", way="page")
            case "late":
                self._late(found)
            case "edited":
                self._change()
            case "withdrawn":
                self._withdraw()
            case _:
                self._answer(found, "approve", way="page" if self.play.twist == "undone" else "")
                if self.play.twist == "undone":
                    self._undo(found)

    def _answer(self, found: Waiting, verb: str, way: str = "") -> None:
        """Whoever is asked first answers by the next way."""
        said = "" if verb == "approve" else "Because of the budget."
        used = Desk(self.office, self.office.by_id[found.member_id]).answer(way or next(self.channels), found, verb, said)
        self.ways[used] += 1
        self.did[verb] += 1
        self.behalf += found.behalf

    def _undo(self, found: Waiting) -> None:
        Desk(self.office, self.office.by_id[found.member_id]).undo(found.reference)
        self.did["undo"] += 1

    def _late(self, found: Waiting) -> None:
        """Nobody answers until the limit has passed: the next one above is asked, or the step ends by itself."""
        for end in found.ends:
            self.did[end or "escalate"] += 1
        self._pass(timedelta(hours=found.hours + 1))

    def _pass(self, passed: timedelta) -> None:
        self.now += passed
        with clock.at(self.now), acting(self.office.place, SYSTEM, channel="schedule"):
            for _tick in range(TICKS):
                clocks.escalate_overdue()

    def _ask_again(self) -> None:
        """Change what was returned, which asks anew; what cannot be changed is asked for once more."""
        if self.play.template.key not in AS_ASKED:
            self._change()
            return
        self.papers.submit(self.play, self.record_id)
        self.did["request"] += 1

    def _change(self) -> None:
        self.papers.change(self.play, self.record_id)
        self.did["void"] += 1

    def _withdraw(self) -> None:
        again = self.papers.take_back(self.play, self.record_id)
        self.did["withdraw"] += 1
        if again:
            self.papers.open_again(self.play, self.record_id)

    def _take_effect(self) -> None:
        self.now += HOLD
        with clock.at(self.now), acting(None, None):
            outbox.drain(self.office.place.id)
        self.did["effect"] += 1

    def _leave(self) -> Callable[[], None] | None:
        """Whoever is asked first is away: the stand-in has their seat, by a delegation or because they cover. Gives how they come back."""
        found = self._live()
        if found is None:
            return None
        leave = self.office.delegate if self.play.twist == "delegated" else self.office.cover
        return leave(self.office.by_id[found.member_id], self.now)

    def _live(self) -> Waiting | None:
        """The request about the record that is not over, and who is asked first: a stand-in before others, then whoever is above."""
        with acting(self.office.place, SYSTEM), unit_of_work() as work:
            request = work.scalars(select(ApprovalRequest).where(
                ApprovalRequest.record_id == self.record_id, ApprovalRequest.state.in_(LIVE))).first()
            if request is None:
                return None
            opened = legs.open_legs(request)
            number, leg = opened[0] if opened and request.state == State.OPEN else (0, legs.Leg(""))
            seats = work.scalars(select(ApprovalSeat).where(
                ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round, ApprovalSeat.level == number,
                ApprovalSeat.state == Seat.WAITING).order_by(ApprovalSeat.delegation_id.is_(None), ApprovalSeat.asked != Asked.ESCALATED,
                                                             ApprovalSeat.id)).all()
            return Waiting.of(request, leg, [each for _number, each in opened], seats)

    def _told(self) -> dict[str, Any]:
        with acting(self.office.place, SYSTEM), unit_of_work() as work:
            requests = list(work.scalars(select(ApprovalRequest).where(ApprovalRequest.record_id == self.record_id)))
            lines = list(work.scalars(select(ApprovalDecision).where(ApprovalDecision.request_id.in_([each.id for each in requests]))))
            ids = {each.id for each in requests}
            kept = set(work.scalars(select(AuditEntry.record_id).where(AuditEntry.record_id.in_(ids))))
            states = sorted(each.state.value for each in requests)
            story = Counter(line.verb.value for line in lines)
            named = all(line.by_id and line.shown_hash for line in lines)
            behalf = sum(line.on_behalf_of is not None for line in lines)
        self.did["request"] += len(states)
        whole = story == +self.did and kept == ids and named and behalf >= self.behalf
        return {"name": self.play.name, "workflow": self.play.template.key, "twist": self.play.twist, "states": states, "ways": self.ways,
                "did": +self.did, "ended": ", ".join(states) or "at once", "sound": whole and states == self._wanted(),
                "why": f"story {dict(story)}, done {dict(+self.did)}, wanted {self._wanted()}"}

    def _wanted(self) -> list[str]:
        """How its requests must end: there is none where nobody is asked, and there are two where it was opened again."""
        if not asked(self.play.template.draw("x"), self.play.size):
            return []
        if self.play.twist == "withdrawn":
            return ["cancelled", "effected"] if self.play.template.key not in TAKEN else ["cancelled"]
        return [result(self.play)]
