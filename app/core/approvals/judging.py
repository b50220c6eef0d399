"""Whether the conditions of a workflow hold for a record: limits met at the rate of the day, what a module declared, and written rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.core import access, people
from app.core.approvals.limits import Limits, amount_of
from app.core.workflow import Condition
from app.kernel import currencies
from app.kernel.current import SYSTEM, Actor, current
from app.kernel.fields import fields_of
from app.kernel.manifest import Approval

Holds = Callable[[Condition, Mapping[str, str]], bool]


class Judge:
    """Judges records of one approval; limits, rates and whoever asks are read once."""

    def __init__(self, approval: Approval, limits: Limits, requester: UUID, *, actor: Actor | None = None) -> None:
        self.approval, self.limits, self.requester, self._actor = approval, limits, requester, actor

    def actor(self) -> Actor:
        """Whoever asks, as `user` in a condition; the system when they act here no more."""
        if self._actor is None:
            self._actor = people.load_actor(current.organisation, self.requester) or SYSTEM
        return self._actor

    def of(self, record: Any, round_number: int = 1) -> Holds:
        """The judgement of one record. All parts of a condition must hold; an amount without a rate is asked about, not passed."""
        amount, currency = amount_of(self.approval, record)
        home = None if amount is None else self.limits.at_home(amount, currency)
        foreign = amount is not None and currency != current.organisation.currency
        read = AtHome(record, self.approval, home) if foreign and home is not None else record

        def holds(condition: Condition, said: Mapping[str, str]) -> bool:
            if condition.above and home is not None and home <= self.limits.limit(condition.above):
                return False
            if condition.declared and not self._declared(condition.declared, record, amount):
                return False
            if foreign and home is None and f'["record","{self.approval.amount}","money"' in condition.rule:
                return True
            return not condition.rule or access.holds(condition.rule, self.actor(), read, context(said, round_number))

        return holds

    def _declared(self, name: str, record: Any, amount: int | None) -> bool:
        """What a level of the module's own says; one that is gone asks rather than not."""
        place = int(name.rpartition(".")[2])
        if place >= len(self.approval.levels):
            return True
        if self.approval.amount and self.approval.credits_pass and amount is not None and amount < 0:
            return False
        when = self.approval.levels[place].when
        return when is None or bool(when(record))


class AtHome:
    """A record as the rules of its workflow read it: its amount in the currency of the organisation, at the rate of the day."""

    def __init__(self, record: Any, approval: Approval, home: Decimal) -> None:
        self._record = record
        field, currency = fields_of(type(record))[approval.amount], current.organisation.currency
        self._instead: dict[str, Any] = {field.attribute: home.scaleb(currencies.decimals(currency)), field.currency or "": currency}

    def __getattr__(self, name: str) -> Any:
        return self._instead[name] if name in self._instead else getattr(self._record, name)


def context(said: Mapping[str, str], round_number: int) -> dict[str, Any]:
    """What a rule reads as `context.…`: how each step ended, by its key, and the round."""
    return {**{path.rpartition(".")[2]: outcome for path, outcome in said.items()}, "round": round_number}
