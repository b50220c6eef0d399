"""From a filter to SQL, over a fixed map of attributes: what is not in the map cannot be asked for."""

from __future__ import annotations

import operator as compare
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from app.core.scim.filters import Both, Compare, Either, Not, Tree, Within, wrong

ORDERED = {"eq": compare.eq, "gt": compare.gt, "ge": compare.ge, "lt": compare.lt, "le": compare.le}
PARTS = frozenset({"co", "sw", "ew"})


@dataclass(frozen=True)
class Attribute:
    """What an attribute is in SQL. `kind`: text, exact (text whose case counts), truth, moment or id.

    `among` turns a condition on one of several values into a condition on the record.
    """

    column: Any
    kind: str = "text"
    among: Callable[[ColumnElement[bool]], ColumnElement[bool]] | None = None


@dataclass(frozen=True)
class Fixed:
    """A part that every value has alike: the type of the only address is `work`."""

    value: Any


Known = Attribute | Fixed
Attributes = Mapping[str, Known]


def compiled(tree: Tree, known: Attributes) -> ColumnElement[bool]:
    """The condition that a filter means. Raises `Refused` (invalidFilter)."""
    match tree:
        case Both(left, right):
            return and_(compiled(left, known), compiled(right, known))
        case Either(left, right):
            return or_(compiled(left, known), compiled(right, known))
        case Not(inner):
            return not_(compiled(inner, known))
        case Within(path, inner):
            return compiled(inner, _parts(path, known))
        case Compare(path, operator, value):
            return _compared(attribute(path, known), operator, value)


def attribute(path: str, known: Attributes) -> Known:
    """The attribute of a name. Raises `Refused` (invalidFilter) for one that is not in the map."""
    found = known.get(plain(path))
    if found is None:
        raise wrong(f"“{path[:80]}” is no attribute that can be asked for")
    return found


def plain(path: str) -> str:
    """A name without its schema, in small letters: `urn:…:core:2.0:User:userName` is `username`."""
    return path.rpartition(":")[2].casefold()


def _parts(path: str, known: Attributes) -> dict[str, Known]:
    start = f"{plain(path)}."
    found = {name.removeprefix(start): each for name, each in known.items() if name.startswith(start)}
    if not found:
        raise wrong(f"“{path[:80]}” has no parts that can be asked for")
    return found


def _compared(found: Known, operator: str, value: Any) -> ColumnElement[bool]:
    if isinstance(found, Fixed):
        return _true() if _fixed(found.value, operator, value) else false()
    if operator == "pr":
        present = found.column.isnot(None)
        return _among(found, present & (found.column != "") if found.kind in ("text", "exact") else present)
    if value is None:
        present = _compared(found, "pr", None)
        return {"eq": not_(present), "ne": present}.get(operator, false())
    if operator == "ne":
        return not_(_compared(found, "eq", value))
    condition = {"text": _text, "exact": _exact, "truth": _truth, "moment": _moment, "id": _id}[found.kind](found.column, operator, value)
    return _among(found, condition)


def _among(found: Attribute, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Never unknown: `not` must give the rest."""
    return found.among(condition) if found.among else func.coalesce(condition, false())


def _fixed(held: Any, operator: str, value: Any) -> bool:
    if operator == "pr":
        return True
    if operator not in ("eq", "ne"):
        raise wrong(f"“{operator}” cannot be asked of it")
    same = str(held).casefold() == str(value).casefold()
    return same if operator == "eq" else not same


def _text(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    if not isinstance(value, str):
        raise wrong("a text is compared with a text")
    return _exact(func.lower(column), operator, value.lower())


def _exact(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    if not isinstance(value, str):
        raise wrong("a text is compared with a text")
    if operator in ORDERED:
        return _ordered(column, operator, value)
    way: Any = {"co": column.contains, "sw": column.startswith, "ew": column.endswith}[operator]
    part: ColumnElement[bool] = way(value, autoescape=True)
    return part


def _truth(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    said = {"true": True, "false": False}.get(str(value).casefold())
    if operator != "eq" or said is None:
        raise wrong("it is true or false, and only compared by eq and ne")
    condition: ColumnElement[bool] = column.is_(said)
    return condition


def _moment(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    if operator in PARTS:
        raise wrong(f"“{operator}” cannot be asked of a moment")
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise wrong(f"“{str(value)[:40]}” is no moment, such as 2026-01-05T08:00:00Z") from None
    return _ordered(column, operator, moment)


def _ordered(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = ORDERED[operator](column, value)
    return condition


def _id(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    """Ids are only the same or not; what is no id of ours is nobody's."""
    if operator != "eq":
        raise wrong(f"“{operator}” cannot be asked of an id")
    found = as_id(value)
    condition: ColumnElement[bool] = column == found if found else false()
    return condition


def as_id(raw: Any) -> UUID | None:
    """An id of ours; None for anything else."""
    try:
        return UUID(raw) if isinstance(raw, str) and len(raw) == 36 else None
    except ValueError:
        return None


def _true() -> ColumnElement[bool]:
    return not_(false())
