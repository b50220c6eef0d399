"""What a change of a role comes to: what it gives afterwards, and who gets or loses it. Pure data, kept as JSON text."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, order=True)
class Given:
    """A permission as a role gives it."""

    pattern: str
    scope: str
    condition: str = ""


@dataclass(frozen=True)
class NewHolder:
    """Somebody who gets the role, until a moment or for good."""

    member_id: UUID
    until: datetime | None = None


@dataclass(frozen=True)
class OldHolder:
    """Somebody who has the role: the assignment that ends now, or at another moment than before."""

    id: UUID
    ends: bool = False
    until: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """A role as it is to be. `was` is what it gave when the change was drafted."""

    label: str
    description: str = ""
    parent: UUID | None = None
    parent_was: UUID | None = None
    grants: tuple[Given, ...] = ()
    was: tuple[Given, ...] = ()
    give: tuple[NewHolder, ...] = ()
    until: tuple[OldHolder, ...] = ()

    @property
    def added(self) -> list[Given]:
        """What the role gives that it did not."""
        return sorted(set(self.grants) - set(self.was))

    @property
    def withdrawn(self) -> list[Given]:
        """What it gave and gives no more."""
        return sorted(set(self.was) - set(self.grants))

    @property
    def altered(self) -> list[tuple[Given, Given]]:
        """What it gives on in another way, before and after: pairs out of `withdrawn` and `added`."""
        new = {each.pattern: each for each in self.added}
        return [(old, new[old.pattern]) for old in self.withdrawn if old.pattern in new]

    @property
    def parent_is_new(self) -> bool:
        """Whether it inherits from another role than before."""
        return self.parent is not None and self.parent != self.parent_was

    def header(self, role: Any) -> dict[str, str]:
        """What changes of the role's own fields."""
        wanted = {"label": self.label, "description": self.description, "parent": str(self.parent or "")}
        now = {"label": role.label, "description": role.description or "", "parent": str(role.parent_id or "")}
        return {name: value for name, value in wanted.items() if value != now[name]}

    def changes_role(self, role: Any) -> bool:
        """Whether anything changes but who has it."""
        return bool(self.added or self.withdrawn or self.header(role))

    @property
    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value))

    @classmethod
    def read(cls, text: str) -> Plan:
        """From how it is kept."""
        kept = json.loads(text)
        return cls(
            label=kept["label"], description=kept["description"], parent=_id(kept["parent"]), parent_was=_id(kept["parent_was"]),
            grants=tuple(Given(**each) for each in kept["grants"]), was=tuple(Given(**each) for each in kept["was"]),
            give=tuple(NewHolder(UUID(each["member_id"]), _moment(each["until"])) for each in kept["give"]),
            until=tuple(OldHolder(UUID(each["id"]), each["ends"], _moment(each["until"])) for each in kept["until"]))


def _id(raw: str | None) -> UUID | None:
    return UUID(raw) if raw else None


def _moment(raw: str | None) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None
