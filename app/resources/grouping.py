"""By what figures are grouped: a value as a column, as words, and as the filter of a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Date, cast, func, literal
from sqlalchemy.dialects.postgresql import INTERVAL

from app.kernel.current import current
from app.kernel.fields import Field
from app.kernel.kinds import reader_zone
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.labels import labels_for

EVERY = ("day", "week", "month")
DATED = ("date", "datetime")


@dataclass(frozen=True)
class Bucket:
    """A field whose values make the groups; dates are put together by `every` day, week or month."""

    resource: Resource
    field: Field
    every: str = ""

    @property
    def dated(self) -> bool:
        """Whether the groups follow each other in time."""
        return self.field.kind in DATED

    def column(self) -> ColumnElement[Any]:
        """The value that records of one group have in common."""
        stored: Any = getattr(self.resource.model, self.field.attribute)
        if not self.dated:
            return stored  # type: ignore[no-any-return]
        local = func.timezone(reader_zone().key, stored) if self.field.kind == "datetime" else stored
        shift = cast(literal(f"{self._shift} days"), INTERVAL)
        return cast(func.date_trunc(self.every, local - shift) + shift, Date)

    @property
    def _shift(self) -> int:
        return current.organisation.week_start - 1 if self.every == "week" else 0

    def ordered(self, weights: Mapping[Any, Any]) -> list[Any]:
        """The groups in the order in which they are shown: time, the order of a list of choices, or the largest first; unknown last."""
        known = [key for key in weights if key is not None]
        if self.dated:
            known = list(self._through(known))
        elif self.field.choices:
            known = [entry for entry in self.field.choices if entry in weights]
        else:
            known.sort(key=lambda key: (-weights[key], str(key)))
        return [*known, *([None] if None in weights else [])]

    def _through(self, days: Sequence[date]) -> Iterable[date]:
        """Every day, week or month from the first to the last, also those in which nothing was."""
        day = min(days, default=None)
        while day is not None and day <= max(days):
            yield day
            day = self.after(day)

    def after(self, day: date) -> date:
        """Where the next group begins."""
        if self.every == "month":
            return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        return day + timedelta(days=7 if self.every == "week" else 1)

    def words(self, keys: Iterable[Any]) -> dict[Any, str]:
        """What the groups are called, as lists name them."""
        wanted = list(keys)
        said: dict[Any, str] = {None: _("Not said")}
        if self.field.kind == "reference":
            for table in self.field.tables:
                resource = registry.of_table(table)
                if resource is not None:
                    said.update({key: label.text for key, label in labels_for(resource, wanted).items()})
        return {key: said[key] if key in said else self._word(key) for key in wanted}

    def _word(self, key: Any) -> str:
        if self.dated:
            shape = "MMM y" if self.every == "month" else "d MMM"
            return str(format_date(key, shape, locale=get_locale()))
        if self.field.kind == "boolean":
            return str(_("Yes") if key else _("No"))
        return str(key.label) if self.field.choices else str(key)

    def narrows(self, key: Any) -> tuple[tuple[str, str], ...]:
        """The filter under which a list shows this group; empty where the list has none for it."""
        name = self.field.name
        if name not in self.resource.filters:
            return ()
        if key is None:
            return ((f"{name}__empty", "1"),) if "empty" in self.field.behaviour.operators else ()
        if self.dated:
            return (f"{name}__gte", key.isoformat()), (f"{name}__lt", self.after(key).isoformat())
        return ((name, ("1" if key else "0") if self.field.kind == "boolean" else str(key)),)
