"""A rule (see `conditions`) in Python, for one record, and in SQL, for lists: a property test holds both to the same answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from ipaddress import ip_address, ip_network
from operator import ge, gt, le, lt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, or_, true

from app.core.access.reach import is_own, owned
from app.kernel import clock
from app.kernel.current import Actor, current
from app.kernel.kinds import minor_units

Said = Mapping[str, Any]
Test = Callable[[Actor, Any, Said], bool]
COMPARE: dict[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_asked: list[Callable[[str], Any]] = []


def circumstances_from(source: Callable[[str], Any]) -> None:
    """Who tells `network` and `second_factor` of the request at hand: the edge, which stands above."""
    _asked[:] = [source]


def holds(rule: str, user: Actor, record: Any, said: Said) -> bool:
    """Whether a rule holds for a record; with none, whether it could hold for some record."""
    return not rule or in_python(rule)(user, record, said)


@lru_cache(maxsize=4096)
def in_python(rule: str) -> Test:
    """A rule as a function of the person, the record and what is said of the circumstances."""
    return _test(json.loads(rule))


def in_sql(rule: str, model: Any, user: Actor, said: Said) -> ColumnElement[bool]:
    """A rule as a criterion on the records of a model, for this person and these circumstances."""
    return _criterion(json.loads(rule), model, user, said)


def _test(rule: list[Any]) -> Test:
    match rule:
        case ["and", *parts]:
            tests = [_test(part) for part in parts]
            return lambda user, record, said: all(test(user, record, said) for test in tests)
        case ["or", *parts]:
            tests = [_test(part) for part in parts]
            return lambda user, record, said: any(test(user, record, said) for test in tests)
        case ["own", negated]:
            return lambda user, record, _said: record is None or is_own(user, record) is not negated
        case ["empty", attribute, negated]:
            return lambda _user, record, _said: record is None or (getattr(record, attribute, None) is None) is not negated
        case ["record", attribute, kind, sign, values, negated, currency]:
            return _recorded(attribute, kind, sign, values, negated, currency)
        case _:
            return lambda _user, _record, said: _around(rule, said)


def _recorded(attribute: str, kind: str, sign: str, values: list[Any], negated: bool, currency: str) -> Test:
    def test(user: Actor, record: Any, _said: Said) -> bool:
        if record is None:
            return True
        if kind == "money" and currency and (getattr(record, currency, None) or _home()) != _home():
            return False
        value = getattr(record, attribute, None)
        wanted = [one for raw in values for one in _meant(kind, raw, user) if one is not None]
        if value is None or not wanted:
            return negated
        found = value in wanted if sign == "in" else COMPARE[sign](value, wanted[0])
        return bool(found) is not negated

    return test


def _criterion(rule: list[Any], model: Any, user: Actor, said: Said) -> ColumnElement[bool]:
    match rule:
        case ["and", *parts]:
            return and_(*(_criterion(part, model, user, said) for part in parts))
        case ["or", *parts]:
            return or_(*(_criterion(part, model, user, said) for part in parts))
        case ["own", negated]:
            parts = owned(model, user)
            if negated:
                return and_(*((part.isnot(True)) for part in parts))
            return or_(*parts) if parts else false()
        case ["empty", attribute, negated]:
            column = getattr(model, attribute, None)
            return _constant(not negated) if column is None else column.isnot(None) if negated else column.is_(None)
        case ["record", attribute, kind, sign, values, negated, currency]:
            return _column(model, user, attribute, kind, sign, values, negated, currency)
        case _:
            return _constant(_around(rule, said))


def _column(model: Any, user: Actor, attribute: str, kind: str, sign: str, values: list[Any], negated: bool,
            currency: str) -> ColumnElement[bool]:
    column = getattr(model, attribute, None)
    wanted = [one for raw in values for one in _meant(kind, raw, user) if one is not None]
    if column is None or not wanted:
        found: ColumnElement[bool] = _constant(negated)
    elif sign == "in":
        found = or_(column.notin_(wanted), column.is_(None)) if negated else column.in_(wanted)
    else:
        opposite = {"<": ge, "<=": gt, ">": le, ">=": lt}[sign]
        found = or_(opposite(column, wanted[0]), column.is_(None)) if negated else COMPARE[sign](column, wanted[0])
    money = getattr(model, currency, None) if kind == "money" and currency else None
    return found if money is None else and_(or_(money == _home(), money.is_(None)), found)


def _constant(value: bool) -> ColumnElement[bool]:
    return true() if value else false()


def _home() -> str:
    return current.organisation.currency if current.has_organisation else "EUR"


def _meant(kind: str, raw: Any, user: Actor) -> Iterable[Any]:
    """A value of a rule as the column holds it; whoever acts is meant by their groups too."""
    if raw == ["user", "id"]:
        return user.own_ids
    if isinstance(raw, list) and raw[0] == "user":
        return (getattr(user, raw[1]),)
    if isinstance(raw, list):
        day = clock.today(current.organisation.timezone) + timedelta(days=raw[1])
        return (datetime.combine(day, time(), ZoneInfo(current.organisation.timezone)) if kind == "datetime" else day,)
    return (_read(kind, raw, _home() if kind == "money" else ""),)


@lru_cache(maxsize=4096)
def _read(kind: str, raw: Any, currency: str) -> Any:
    match kind:
        case "money":
            return minor_units(Decimal(raw), currency)
        case "decimal":
            return Decimal(raw)
        case "date":
            return date.fromisoformat(raw)
        case "datetime":
            moment = datetime.fromisoformat(raw)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        case "reference":
            return UUID(raw)
    return raw


def _around(rule: list[Any], said: Said) -> bool:
    """What rests on the circumstances alone."""
    match rule:
        case ["second_factor", negated]:
            return bool(_circumstance("second_factor", said)) is not negated
        case ["circumstance", "network", _sign, values, negated]:
            address = _circumstance("network", said)
            return bool(address) and any(ip_address(address) in ip_network(network) for network in values) is not negated
        case ["circumstance", name, sign, values, negated]:
            return _compared(_circumstance(name, said), sign, values, negated)
        case ["context", name, sign, values, negated]:
            return _compared(said.get(name), sign, values, negated)
    return False  # a rule of a kind that is not known here holds for nobody


def _compared(value: Any, sign: str, values: list[Any], negated: bool) -> bool:
    if value is None or (sign != "in" and isinstance(value, str) is not isinstance(values[0], str)):
        return negated and value is None
    found = value in values if sign == "in" else COMPARE[sign](value, values[0])
    return bool(found) is not negated


def _circumstance(name: str, said: Said) -> Any:
    if name in said:
        return said[name]
    if name in ("time", "weekday"):
        now = clock.now().astimezone(ZoneInfo(current.organisation.timezone if current.has_organisation else "UTC"))
        return now.strftime("%H:%M") if name == "time" else now.isoweekday()
    if name == "channel":
        return current.channel
    return _asked[0](name) if _asked else None
