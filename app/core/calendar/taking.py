"""From events of a calendar file to absences: what is new, has moved, was cancelled. The same file twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _

from app.core.calendar import absences
from app.core.calendar.absence import Absence, AbsenceSource
from app.core.calendar.ical import Event
from app.kernel import clock
from app.kernel.current import current
from app.kernel.door import perform_one
from app.kernel.errors import Invalid

NEW, CHANGED, SAME, CANCELLED, REFUSED = "new", "changed", "same", "cancelled", "refused"
LONG = timedelta(hours=20)


@dataclass(frozen=True)
class Item:
    """What would become of one event."""

    event: Event
    state: str
    known: Absence | None = None

    @property
    def likely(self) -> bool:
        """Whether it looks like an absence and not like a meeting: whole days, most of a day, or marked so; and is known or not over."""
        event = self.event
        if self.state == REFUSED or event.starts_at is None or event.ends_at is None:
            return False
        long = event.all_day or event.out_of_office or event.ends_at - event.starts_at >= LONG
        return self.state in (CHANGED, CANCELLED) or (self.state == NEW and long and event.ends_at > clock.now())

    @property
    def packed(self) -> str:
        """What a form carries of it."""
        found = asdict(self.event)
        return json.dumps({name: found[name].isoformat() if name in ("starts_at", "ends_at") else found[name]
                           for name in ("uid", "title", "starts_at", "ends_at", "zone", "cancelled")})


@dataclass(frozen=True)
class Taken:
    """How many were entered, changed and put away."""

    entered: int = 0
    changed: int = 0
    put_away: int = 0


def looked_at(events: Sequence[Event]) -> list[Item]:
    """What would become of each event for the reader, the earliest first, what cannot be taken last."""
    known = absences.marked(current.user.id, [event.uid for event in events])
    items = [Item(event, _state(event, known.get(event.uid)), known.get(event.uid)) for event in events]
    return sorted(items, key=lambda item: (item.state == REFUSED, item.event.starts_at or clock.now()))


def _state(event: Event, known: Absence | None) -> str:
    if event.reason:
        return REFUSED
    if event.cancelled:
        return CANCELLED if known is not None else REFUSED
    if known is None:
        return NEW
    return SAME if (known.starts_at, known.ends_at) == (event.starts_at, event.ends_at) else CHANGED


def take(packed: Iterable[str], kind: str, cover: str) -> Taken:
    """Enter what was chosen as absences of the reader, through the door. Raises Invalid for what no form of ours carries."""
    rows = [_unpacked(each) for each in packed]
    if not rows:
        raise Invalid({"take": [_("Choose at least one.")]})
    known = absences.marked(current.user.id, [row["uid"] for row in rows])
    done = [_one(row, known.get(row["uid"]), kind, cover) for row in rows]
    return Taken(done.count(NEW), done.count(CHANGED), done.count(CANCELLED))


def _one(row: dict[str, Any], known: Absence | None, kind: str, cover: str) -> str:
    said = {"starts_at": row["starts_at"], "ends_at": row["ends_at"], "timezone": row["zone"]}
    if row["cancelled"]:
        if known is not None:
            perform_one("calendar.absence", "archive", known.id)
        return CANCELLED if known is not None else SAME
    with absences.said_by(AbsenceSource.ICAL, row["uid"]):
        if known is not None:
            perform_one("calendar.absence", "edit", known.id, said)
            return CHANGED
        perform_one("calendar.absence", "create", None, {
            **said, "member": str(current.user.id), "kind": kind, "cover": cover, "note": row["title"][:200]})
    return NEW


def _unpacked(packed: str) -> dict[str, Any]:
    names = ("uid", "title", "starts_at", "ends_at", "zone")
    try:
        found = json.loads(packed)
        row = {name: str(found[name]) for name in names}
    except (ValueError, KeyError, TypeError):
        raise Invalid({"take": [_("Read the file again.")]}) from None
    return {**row, "uid": row["uid"][:255], "cancelled": found.get("cancelled") is True}
