"""The records about which is agreed: made, asked for, changed and taken back by whoever asks, through the door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core import people
from app.demo.agreeing.office import REQUESTER, Office
from app.demo.agreeing.plays import Play
from app.kernel import clock
from app.kernel.current import acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one

RESOURCES = {"purchase": ("procurement.requisition", "submit"), "payment": ("procurement.payment", "release"),
             "close_out": ("hse.incident", "close"), "access_request": ("access.request", "grant")}
CHANGES = {"procurement.payment": "purpose", "access.request": "reason"}


class Papers:
    """The desk of whoever asks."""

    def __init__(self, office: Office) -> None:
        self.office, self.number = office, 0

    def ask(self, play: Play) -> UUID:
        """Make the record of a play and ask for what is to be agreed; gives its id."""
        self.number += 1
        resource, action = _of(play)
        made: UUID = self._do(resource, "create", None, self._data(play))
        if action in ("submit", "close"):
            self.submit(play, made)
        return made

    def submit(self, play: Play, record_id: UUID) -> None:
        """Ask, or ask again after it was returned."""
        resource, action = _of(play)
        self._do(resource, action, record_id, {"outcome": "The guard rail was replaced."} if action == "close" else {})

    def change(self, play: Play, record_id: UUID) -> None:
        """Change the record while it waits: what was decided about other bytes counts no more."""
        resource, _action = _of(play)
        self._do(resource, "edit", record_id, {CHANGES.get(resource, "title"): f"Changed {self.number}"})

    def take_back(self, play: Play, record_id: UUID) -> bool:
        """Withdraw it; gives whether it can be opened again."""
        resource, _action = _of(play)
        own = resource == "requests.request"
        self._do(resource, "withdraw" if own else "archive", record_id, {})
        return own

    def open_again(self, play: Play, record_id: UUID) -> None:
        """Open what was withdrawn again, and ask for it."""
        self._do(_of(play)[0], "reopen", record_id, {})
        self.submit(play, record_id)

    def _do(self, resource: str, action: str, target: UUID | None, data: dict[str, Any]) -> UUID:
        actor = people.load_actor(self.office.place, self.office.members[REQUESTER].id)
        with acting(self.office.place, actor, channel="page"), unit_of_work():
            found: UUID = perform_one(resource, action, target, data).record_id
            return found

    def _data(self, play: Play) -> dict[str, Any]:
        office, size, title, today = self.office, play.size, f"{play.template.label} {self.number}", clock.today(self.office.place.timezone)
        department, site = str(office.department), str(office.site)
        match play.template.key:
            case "purchase":
                line = {"description": "Anchor bolts", "quantity": 1, "unit": "set", "unit_price": str(size.amount), "cost_centre": "AGR-1"}
                return {"title": title, "justification": "Worn", "supplier": str(office.supplier), "department": department, "site": site,
                        "needed_by": (today + timedelta(days=30)).isoformat(), "lines": [line]}
            case "payment":
                return {"supplier": str(office.supplier), "amount": str(size.amount), "paid_on": today.isoformat(), "purpose": title,
                        "category": "Works", "department": department, "transaction_number": f"AGR-{self.number:05d}",
                        "capital_or_revenue": "R"}
            case "close_out":
                return {"title": title, "kind": "near_miss", "site": site, "department": department, "actual_severity": "1",
                        "actual_likelihood": "3", "potential_severity": "3", "potential_likelihood": "2", "narrative": "A rail was loose.",
                        "occurred_at": (clock.now() - timedelta(hours=2)).isoformat(), "immediate_action": "Taped off."}
            case "access_request":
                return {"permission": "hse.incident.import", "reason": f"The old records, {self.number}",
                        "until": (clock.now() + timedelta(days=60)).isoformat()}
        return {"kind": play.template.key, "title": title, "description": "For the depot.", "site": site, **_days(play),
                **({"amount": str(size.amount)} if size.amount else {})}


def _of(play: Play) -> tuple[str, str]:
    return RESOURCES.get(play.template.key, ("requests.request", "submit"))


def _days(play: Play) -> dict[str, str]:
    """From the day after tomorrow on, for the kinds that have days."""
    if play.template.key not in ("leave", "travel", "permit", "contract", "deployment"):
        return {}
    first = clock.today() + timedelta(days=2)
    return {"starts_on": first.isoformat(), "ends_on": (first + timedelta(days=play.size.days - 1)).isoformat()}
