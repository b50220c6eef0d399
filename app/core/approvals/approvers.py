"""Who is asked: the rules of declared levels, as deciders of the engine, with what approvals know besides: delegations and limits."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from uuid import UUID

from sqlalchemy import select

from app.core import workflow
from app.core.approvals.limits import Limits
from app.core.approvals.models import ApprovalDelegation
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import DeclarationError
from app.kernel.registry import known

RULES = ("manager_of", "manager_of_requester", "member", "role")


class Directory(workflow.Directory):
    """Whom there is to ask, who stands in for them today, and today's limits."""

    @cached_property
    def delegations(self) -> dict[UUID, list[ApprovalDelegation]]:
        """The standing delegations of today by who gave them, the oldest first."""
        today = clock.today(current.organisation.timezone)
        found: dict[UUID, list[ApprovalDelegation]] = defaultdict(list)
        for each in session().scalars(select(ApprovalDelegation).where(
                ApprovalDelegation.starts_on <= today, ApprovalDelegation.ends_on >= today, ApprovalDelegation.ended_at.is_(None),
                ApprovalDelegation.archived_at.is_(None)).order_by(ApprovalDelegation.id)):
            found[each.member_id].append(each)
        return found

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
