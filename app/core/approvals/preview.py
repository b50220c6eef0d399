"""What will happen if you approve, from a real dry run: the next step is taken inside a savepoint, looked at, and undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.core import workflow
from app.core.approvals import words
from app.core.approvals.case import Case
from app.core.approvals.effects import carry_out, hold_seconds
from app.core.approvals.legs import leg_at, name_of, open_legs
from app.core.approvals.models import ApprovalRequest
from app.core.workflow import Step
from app.kernel import outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Refusal
from app.kernel.fields import Field
from app.kernel.kinds import KINDS
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.rehearsal import rehearsal

MOST_EVENTS = 20


@dataclass(frozen=True)
class Consequence:
    """One thing that will happen, in words."""

    text: str
    icon: str = "arrow-right"
    good: bool = False


@dataclass
class Seen:
    """What a dry run did before it was undone: records made, mails queued, other effects owed; or why it cannot work."""

    made: Counter[str] = field(default_factory=Counter)
    mails: list[str] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    events: list[outbox.OutboxRow] = field(default_factory=list)
    refused: str = ""

    def look(self, thing: Any) -> None:
        """Note one new row."""
        if isinstance(thing, outbox.OutboxRow):
            if thing.kind == "event":
                self.events.append(thing)
            elif thing.kind == "effect" and not thing.name.startswith("mail"):
                self.effects[thing.name] += 1
        elif (address := _address(thing)):
            self.mails.append(address)
        else:
            resource = registry.of_model(type(thing))
            if resource is not None:
                self.made[resource.key] += 1


def _address(thing: Any) -> str:
    """Whom a queued mail goes to; empty for what is no mail."""
    return str(getattr(thing, "to_address", "")) if getattr(type(thing), "__tablename__", "").startswith("mail") else ""


def preview(case: Case) -> list[Consequence]:
    """The next step, then what happens once everybody agreed, as the dry run saw it."""
    request, (first, final) = case.request, _next_step(case)
    held = _held(request, final)  # before the dry run, whose undoing forgets the settings that were read
    seen = dry_run(request)
    if seen.refused:
        return [*first, Consequence(_("It could not take effect now: %(reason)s", reason=seen.refused), "triangle-alert")]
    return [*first, *_money(request), *_seen(seen, final), *_declared(case, seen), held]


def _next_step(case: Case) -> tuple[list[Consequence], bool]:
    """What comes of one more approval: others of this step, other branches, the next step, or the effect."""
    run, leg = case.run, leg_at(case.request, case.level)
    missing = case.missing
    if missing > 0:
        said = ngettext("%(num)d more approval of “%(label)s” is needed.", "%(num)d more approvals of “%(label)s” are needed.", missing,
                        label=leg.name)
        return [Consequence(said, "users")], False
    move = workflow.happened(run.graph, run.standing, leg.path, leg.visit, run.step(leg.path).good, run.holds)
    if any(order.kind == "effect" for order in move.orders):
        return [Consequence(_("Everybody has agreed then: it takes effect."), "circle-check", good=True)], True
    asked = [run.step(order.path) for order in move.orders if order.kind == "ask"]
    if asked:
        return [Consequence(_("Goes on to “%(label)s”: %(who)s.", label=name_of(step), who=_names(_who(case, step))), "users")
                for step in asked], False
    others = [each.name for number, each in open_legs(case.request) if number != case.level]
    return [Consequence(_("“%(label)s” goes on beside it.", label=each), "users") for each in others], False


def _who(case: Case, step: Step) -> Sequence[UUID]:
    try:
        return case.run.choose(step, but=[current.user.id]).members
    except Refusal:
        return ()


def _names(ids: Sequence[UUID]) -> str:
    names = words.people(ids[:4])
    said = ", ".join(names[i] for i in ids[:4])
    return said if len(ids) <= 4 else _("%(names)s and %(num)d more", names=said, num=len(ids) - 4)


def dry_run(request: ApprovalRequest) -> Seen:
    """Rehearse the action; nothing of it leaves this transaction."""
    seen = Seen()
    try:
        with rehearsal() as work, _watching(seen):
            carry_out(request)
            work.flush()
            _deliver(seen)
    except Refusal as error:
        seen.refused = str(error)
    except OperationalError:
        seen.refused = _("somebody is changing the record at this moment.")
    return seen


@contextmanager
def _watching(seen: Seen) -> Iterator[None]:
    work = session()

    def look(_session: Any, _context: Any) -> None:
        for thing in work.new:
            seen.look(thing)

    event.listen(work, "after_flush", look)
    try:
        yield
    finally:
        event.remove(work, "after_flush", look)


def _deliver(seen: Seen) -> None:
    """Let those who listen to what happened do their part too, inside the same savepoint."""
    for row in seen.events[:MOST_EVENTS]:
        outbox.handler_of(row).deliver(row.payload, row)
    session().flush()


def _seen(seen: Seen, final: bool) -> list[Consequence]:
    found = [_made(registry.resource(key), count) for key, count in seen.made.items()]
    found += [Consequence(_("One mail to %(address)s", address=address), "mail") for address in dict.fromkeys(seen.mails)]
    found += [Consequence(name if count == 1 else f"{name} × {count}", "webhook") for name, count in seen.effects.items()]
    return found if final else [Consequence(_("Once everybody agreed: %(what)s", what=each.text), each.icon) for each in found]


def _made(resource: Resource, count: int) -> Consequence:
    if count == 1:
        return Consequence(_("One new record: %(label)s", label=resource.label), resource.icon or "file-plus")
    return Consequence(_("%(count)d new records: %(label)s", count=count, label=resource.plural), resource.icon or "file-plus")


def _money(request: ApprovalRequest) -> list[Consequence]:
    if request.amount is None:
        return []
    return [Consequence(_("%(amount)s is committed.", amount=money(request)), "banknote")]


def money(request: ApprovalRequest) -> str:
    """The amount in the reader's language; empty when there is none."""
    if request.amount is None:
        return ""
    described = Field("money", "", currency="currency", attribute="amount")
    return KINDS["money"].display(described, request.amount, request)


def _declared(case: Case, seen: Seen) -> list[Consequence]:
    """What the module says in its own words, where the dry run saw nothing to say."""
    approval = registry.approvals[case.request.approval]
    if approval.consequences is None or seen.made or seen.mails:
        return []
    return [Consequence(str(said)) for said in approval.consequences(case.record)]


def _held(request: ApprovalRequest, final: bool) -> Consequence:
    seconds = hold_seconds(request.risk)
    return Consequence(_("Effects are held for %(seconds)d s; undo sends nothing.", seconds=seconds) if final
                       else _("You can undo for %(seconds)d s.", seconds=seconds), "hourglass")
