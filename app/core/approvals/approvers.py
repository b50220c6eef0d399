"""Who is asked: the rules of declared levels, as deciders of the engine, with what approvals know besides: delegations and limits."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from uuid import UUID

from sqlalchemy import select

from app.core import people, workflow
from app.core.approvals.limits import Limits
from app.core.approvals.models import ApprovalDelegation
from app.core.approvals.standing import StandIn
from app.core.calendar import absences
from app.kernel import clock
from app.kernel.current import SYSTEM, Actor, current
from app.kernel.db import session
from app.kernel.errors import DeclarationError
from app.kernel.registry import known

RULES = ("manager_of", "manager_of_requester", "member", "role", "able")


class Directory(workflow.Directory):
    """Whom there is to ask, who stands in for them today, and today's limits."""

    @cached_property
    def stand_ins(self) -> dict[UUID, list[StandIn]]:
        """Who decides for whom today, by who is stood in for: by delegations, the oldest first, then because they are away."""
        today = clock.today(current.organisation.timezone)
        given = session().scalars(select(ApprovalDelegation).where(
            ApprovalDelegation.starts_on <= today, ApprovalDelegation.ends_on >= today, ApprovalDelegation.ended_at.is_(None),
            ApprovalDelegation.archived_at.is_(None)).order_by(ApprovalDelegation.id))
        found: dict[UUID, list[StandIn]] = defaultdict(list)
        for each in (*map(StandIn.of_delegation, given), *map(StandIn.of_absence, absences.now_with_cover())):
            found[each.member_id].append(each)
        return found

    def actor(self, member_id: UUID) -> Actor:
        """A member as `user` in the condition of what they delegated; the system when they act here no more."""
        if member_id not in self._actors:
            self._actors[member_id] = people.load_actor(current.organisation, member_id) or SYSTEM
        return self._actors[member_id]

    @cached_property
    def _actors(self) -> dict[UUID, Actor]:
        return {}

    @cached_property
    def limits(self) -> Limits:
        """Today's limits and rates."""
        return Limits()


def above(directory: Directory, member_id: UUID, excluded: set[UUID]) -> UUID | None:
    """The next manager above a member who may still be asked."""
    return next((m for m in directory.managers_of(member_id) if m not in excluded), None)


def check_rule(rule: str, where: str) -> None:
    """Stop the start when a rule means nothing."""
    name, _sep, argument = rule.partition(":")
    known(name, RULES, where)
    if name != "manager_of_requester" and not argument:
        raise DeclarationError(f"{where}: “{rule}” names nothing after the colon.")
