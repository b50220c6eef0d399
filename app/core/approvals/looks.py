"""How the reader looks at the inbox: which tab, narrowed by what, in what order, as a list or a board. All of it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from flask_babel import gettext as _
from sqlalchemy import ColumnElement

from app.core.approvals.models import ApprovalRequest, Colour
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.registry import registry

Tab = Literal["mine", "groups", "delegated", "starred", "watching", "requested"]
TABS: tuple[Tab, ...] = ("mine", "groups", "delegated", "starred", "watching", "requested")
SOON = timedelta(hours=24)


@dataclass(frozen=True)
class Look:
    """One way to look; what is empty, or first among its choices, is not in the address."""

    tab: Tab = "mine"
    kind: str = ""
    risk: str = ""
    due: str = ""
    sort: str = "due"
    layout: str = "list"
    by: str = "urgency"

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Look:
        """What an address says; what it says in words that mean nothing is passed over. Raises NotFound for a tab that is none."""
        if said.get("tab", "mine") not in TABS:
            raise NotFound
        known = {name: {value for value, _label in choices} for name, choices in choices_of().items()}
        return cls(**{"tab": said.get("tab", "mine"), **{name: said[name] for name in known if said.get(name) in known[name]}})

    @property
    def narrowed(self) -> bool:
        """Whether it leaves rows of its tab out."""
        return bool(self.kind or self.risk or self.due)

    @property
    def descending(self) -> bool:
        """Whether the newest come first."""
        return self.sort == "newest"

    def words(self, **other: str) -> dict[str, str]:
        """What the address says of it, with something `other`."""
        plain = asdict(Look())
        return {name: value for name, value in asdict(replace(self, **other)).items() if value != plain[name]}  # type: ignore[arg-type]

    def criteria(self) -> list[ColumnElement[bool]]:
        """What its rows have in common, besides the tab."""
        found: list[ColumnElement[bool]] = []
        if self.kind:
            found.append(ApprovalRequest.resource == self.kind)
        if self.risk:
            found.append(ApprovalRequest.risk == self.risk)
        if self.due:
            found.append(ApprovalRequest.due_at < clock.now() + (SOON if self.due == "soon" else timedelta()))
        return found


def choices_of() -> dict[str, list[tuple[str, str]]]:
    """By what it can be narrowed and ordered, each with the choices that there are, the usual one first where there is one."""
    kinds = [(resource.key, str(resource.plural)) for resource in registry if any(action.approval for action in resource.actions)]
    return {"kind": sorted(kinds, key=lambda each: each[1]), "risk": [(colour.value, str(colour.label)) for colour in Colour],
            "due": [("overdue", _("Overdue")), ("soon", _("Within a day"))],
            "sort": [("due", _("Most urgent first")), ("newest", _("Newest first")), ("oldest", _("Oldest first"))],
            "layout": [("list", _("List")), ("board", _("Board"))], "by": [("urgency", _("Urgency")), ("step", _("Step"))]}
