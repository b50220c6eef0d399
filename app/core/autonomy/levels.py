"""Which level of autonomy is in force for a kind: the declared one, or the stricter one that the organisation chose. Never a looser one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.approvals import Colour
from app.core.autonomy import kinds
from app.core.autonomy.models import AutonomyLevel, Proposal
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Invalid

RESOURCE = "autonomy.level"


@dataclass(frozen=True)
class InForce:
    """What holds for a kind here; `kept` is what the organisation said, if anything."""

    key: str
    label: str
    help: Any
    declared: str
    level: str
    may_skip: bool
    is_known: bool
    kept: AutonomyLevel | None

    @property
    def choices(self) -> tuple[str, ...]:
        """The levels that the organisation may set."""
        return kinds.at_least(self.declared)


def level_of(key: str) -> Colour:
    """The level in force for a kind; an unknown kind is RED."""
    return Colour(in_force(key).level)


def may_skip(key: str) -> bool:
    """Whether a kind may be used without a decision here: ORANGE, and the organisation allows it."""
    return in_force(key).may_skip


def in_force(key: str) -> InForce:
    """What holds for one kind."""
    return _in_force(key, _kept([key]).get(key))


def everything() -> list[InForce]:
    """What holds for each kind: those that are declared, and those that came without being declared."""
    kept = _kept()
    came = session().scalars(select(Proposal.kind).distinct()).all()
    keys = [*kinds.known(), *sorted({*came, *kept} - {*kinds.known()})]
    return [_in_force(key, kept.get(key)) for key in keys]


def put(key: str, level: str, *, unvalidated: bool) -> AutonomyLevel:
    """Set what holds for a kind, through the door. Raises `Invalid` for a level that is looser than the declared one."""
    row = _kept([key]).get(key)
    data = {"kind": key, "level": level, "unvalidated": "true" if unvalidated else ""}
    done: AutonomyLevel = (perform_one(RESOURCE, "edit", row, data) if row else perform_one(RESOURCE, "create", None, data)).record
    return done


def complete(row: AutonomyLevel) -> None:
    """Refuse, before it is saved, what would loosen a declared level. Raises `Invalid`."""
    declared, level = kinds.declared_level(row.kind), str(row.level.value)
    if level not in kinds.at_least(declared):
        raise Invalid({"level": [_("“%(kind)s” is %(declared)s by its declaration: it can be made stricter, never looser.",
                                   kind=kinds.name_of(row.kind), declared=declared)]})
    if row.unvalidated and level != Colour.ORANGE.value:
        raise Invalid({"unvalidated": [_("Only what is ORANGE may be used without a decision.")]})


def _in_force(key: str, row: AutonomyLevel | None) -> InForce:
    kind = kinds.known().get(key)
    declared = kinds.declared_level(key)
    level = kinds.stricter(declared, row.level.value) if row and not row.is_archived else declared
    skips = row is not None and not row.is_archived and row.unvalidated and level == Colour.ORANGE.value
    return InForce(key, kinds.name_of(key), kind.help if kind else "", declared, level, skips, kind is not None, row)


def _kept(keys: list[str] | None = None) -> Mapping[str, AutonomyLevel]:
    query = select(AutonomyLevel)
    rows = session().scalars(query if keys is None else query.where(AutonomyLevel.kind.in_(keys)))
    return {row.kind: row for row in rows}
