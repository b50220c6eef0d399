"""The one door: every change to a record, from a page, the API, an import, a rule or a machine, is `perform()`.

The contract lives here; `app.resources.door` fills the slot at start, so that services below it can come in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from app.kernel.current import Actor
from app.kernel.errors import DeclarationError, Refusal
from app.kernel.manifest import Resource

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one target: done, parked (waiting for approval `approval_id`), or refused with `error`."""

    state: Literal["done", "parked", "refused"]
    record: Any = None
    approval_id: UUID | None = None
    error: Refusal | None = None
    result: Any = None

    @property
    def record_id(self) -> UUID | None:
        """The record's id, when there is a record."""
        return getattr(self.record, "id", None)


class Perform(Protocol):
    """The signature of the door."""

    def __call__(self, resource: Resource | str, action: str, targets: Sequence[Any] = (), data: Data | Sequence[Data] | None = None, *,
                 actor: Actor | None = None, channel: str | None = None, key: str = "", each: bool = False,
                 approved: UUID | None = None) -> list[Outcome]:
        """See `perform`."""


_slot: list[Perform] = []
_approved: ContextVar[UUID | None] = ContextVar("approved", default=None)


def install(implementation: Perform) -> None:
    """Fill the slot; the engine does so at start."""
    _slot[:] = [implementation]


def check() -> None:
    """Refuse a start with an empty slot."""
    if not _slot:
        raise DeclarationError("The door has no implementation: app.resources.door was not installed.")


def perform(resource: Resource | str, action: str, targets: Sequence[Any] = (), data: Data | Sequence[Data] | None = None, *,
            actor: Actor | None = None, channel: str | None = None, key: str = "", each: bool = False,
            approved: UUID | None = None) -> list[Outcome]:
    """Do `action` (create, edit, archive, restore, or a declared one) to `targets` (ids, references or records).

    `data` is one mapping for all, or one per target; for create it is the list of records to make. `key` makes a repeat of the same
    call give the first answer again. With `each` a refusal of one target is its outcome and the others go on; otherwise the
    first refusal is raised and nothing is kept. `approved` is the id of the approval under which a parked action now takes effect.
    Never commits: the edge does. Raises NotFound, Forbidden, Conflict, Invalid.
    """
    check()
    token = _approved.set(approved)
    try:
        return _slot[0](resource, action, targets, data, actor=actor, channel=channel, key=key, each=each, approved=approved)
    finally:
        _approved.reset(token)


def approval_in_effect() -> UUID | None:
    """The approval under which the action being performed takes effect; None when it needed none."""
    return _approved.get()


def perform_one(resource: Resource | str, action: str, target: Any = None, data: Data | None = None, **options: Any) -> Outcome:
    """`perform` for a single record."""
    targets = () if target is None else (target,)
    return perform(resource, action, targets, data, **options)[0]
