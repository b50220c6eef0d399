"""The kinds of value that a field can hold: how each is read, shown, put into JSON and into a sheet."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask_babel import get_locale
from flask_babel import gettext as _

from app.kernel import currencies
from app.kernel.current import current

if TYPE_CHECKING:
    from app.kernel.fields import Field

TRUE = frozenset({"1", "true", "yes", "on", "y", "t", "oui", "si", "sí", "ja", "sim", "vrai"})
FALSE = frozenset({"0", "false", "no", "off", "n", "f", "", "non", "nein", "nao", "não", "faux"})
LARGEST_INTEGER = 2**63 - 1
ENGLISH = Locale("en")
MOST_DIGITS = 26
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Unreadable(ValueError):
    """A value that a field cannot take; its text says how to mend it."""


class Choices(str, Enum):
    """A closed list: `OPEN = "open", _l("Open"), "warning"` gives the stored value, its label and the tone of its badge."""

    label: Any
    tone: str

    def __new__(cls, value: str, label: Any = "", tone: str = "neutral") -> Choices:
        """Make one entry out of what stands to the right of its name."""
        entry = str.__new__(cls, value)
        entry._value_ = value
        entry.label, entry.tone = label, tone
        return entry

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Kind:
    """How values of one kind go in and out; `value` is never None in any of these."""

    name: str
    parse: Callable[[Field, Any], Any]
    display: Callable[[Field, Any, Any], str]
    to_json: Callable[[Field, Any, Any], Any]
    export: Callable[[Field, Any, Any], Any]
    operators: tuple[str, ...] = ()
    numeric: bool = False


def fold(text: str) -> str:
    """The key by which text is sorted and compared: no case, no accents, numbers padded to twelve digits."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"\d+", lambda m: m.group().zfill(12), plain).strip()[:300]


def _locale() -> Locale:
    return get_locale() or ENGLISH


@lru_cache(maxsize=4096)
def _show_day(day: date, locale: Locale) -> str:
    return format_date(day, "d MMM y", locale=locale)


def reader_zone() -> ZoneInfo:
    """The time zone in which moments are read and shown: that of the person, or of the organisation."""
    user, organisation = current.context.user, current.context.organisation
    if user and not user.is_system:
        return ZoneInfo(user.timezone)
    return ZoneInfo(organisation.timezone if organisation else "UTC")


def read_decimal(raw: Any) -> Decimal:
    """A number as people write it: `1234.5`, `1,234.50`, `1 234,50`, `(12.00)` for minus twelve."""
    if isinstance(raw, bool):
        raise Unreadable(_("Not a number: “%(raw)s”. Write it like 1234.50.", raw=str(raw)[:80]))
    if isinstance(raw, (int, Decimal)):
        return Decimal(raw)
    if isinstance(raw, float):
        return Decimal(repr(raw))
    text = str(raw).strip().replace(" ", "").replace(" ", "").replace(" ", "").replace("'", "").replace("−", "-")
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    text = text.strip("£€$¥")
    if "," in text and "." in text:
        thousands = "," if text.rindex(".") > text.rindex(",") else "."
        text = text.replace(thousands, "").replace(",", ".")
    elif text.count(",") > 1 or re.fullmatch(r"-?\d{1,3}(,\d{3})+", text):
        text = text.replace(",", "")
    else:
        text = text.replace(",", ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Unreadable(_("Not a number: “%(raw)s”. Write it like 1234.50.", raw=str(raw)[:80]))
    return _computable(number)


def _computable(number: Decimal) -> Decimal:
    """The number, where arithmetic on it stays exact: within the 28 digits of the default context."""
    _sign, digits, exponent = number.as_tuple()
    if number and (number.adjusted() > MOST_DIGITS or len(digits) > MOST_DIGITS or int(exponent) < -4 * MOST_DIGITS):
        raise Unreadable(_("The number is too large."))
    return number


def counted(raw: str) -> int | None:
    """A small whole number as it stands in an address or a form; None for anything else."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 9 else None


def minor_units(amount: Decimal, currency: str) -> int:
    """An amount in the smallest unit of its currency (ISO 4217); more decimals than it has are refused."""
    scaled = amount.scaleb(currencies.decimals(currency))
    if scaled != scaled.to_integral_value():
        raise Unreadable(_("%(amount)s has more decimals than %(currency)s allows.", amount=str(amount), currency=currency))
    if abs(scaled) > LARGEST_INTEGER:
        raise Unreadable(_("The number is too large."))
    return int(scaled)


def major_units(minor: int, currency: str) -> Decimal:
    """Minor units as an exact decimal amount."""
    return Decimal(minor).scaleb(-currencies.decimals(currency))


def _text(field: Field, raw: Any) -> str:
    if isinstance(raw, (list, dict)):
        raise Unreadable(_("“%(raw)s” is not known here.", raw=str(raw)[:80]))
    text = CONTROL.sub("", str(raw)).replace("\r\n", "\n").strip()
    if field.kind != "long_text":
        text = " ".join(text.split())
    if field.max_length and len(text) > field.max_length:
        raise Unreadable(_("At most %(max)d characters; this has %(count)d.", max=field.max_length, count=len(text)))
    return text


def _email(field: Field, raw: Any) -> str:
    text = _text(field, raw).lower()
    if not text.isascii() or not re.fullmatch(r"[^@\s,;<>\"]+@[a-z0-9.-]+\.[a-z]{2,}", text) or ".." in text:
        raise Unreadable(_("“%(raw)s” is not an e-mail address. Write it like name@example.org.", raw=text[:80]))
    return text


def _integer(field: Field, raw: Any) -> int:
    number = read_decimal(raw)
    if number != number.to_integral_value():
        raise Unreadable(_("A whole number is needed, not %(raw)s.", raw=str(raw)[:80]))
    return int(_bounded(field, number))


def _decimal(field: Field, raw: Any) -> Decimal:
    number = _bounded(field, read_decimal(raw))
    if number != round(number, field.scale):
        raise Unreadable(_("At most %(scale)d decimals.", scale=field.scale))
    return number


def _bounded(field: Field, number: Decimal) -> Decimal:
    if field.minimum is not None and number < field.minimum:
        raise Unreadable(_("At least %(minimum)s is needed.", minimum=field.minimum))
    if field.maximum is not None and number > field.maximum:
        raise Unreadable(_("At most %(maximum)s is possible.", maximum=field.maximum))
    if abs(number) > LARGEST_INTEGER:
        raise Unreadable(_("The number is too large."))
    return number


DATE_SHAPES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%b-%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d", "%d/%m/%y", "%d-%b-%y")


def read_date(raw: Any, shape: str = "") -> date:
    """A day, in ISO form or in `shape` (strptime); a day that does not exist is refused."""
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    text = str(raw).strip()
    for form in (shape,) if shape else DATE_SHAPES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise Unreadable(_("“%(raw)s” is not a day of the calendar. Write it like 2026-01-31.", raw=text[:80]))


def _date(field: Field, raw: Any) -> date:
    day = read_date(raw)
    in_range(day)
    return day


def in_range(day: date) -> None:
    """Raises `Unreadable` for a day outside of the centuries that anything is about."""
    if not 1900 <= day.year <= 2200:
        raise Unreadable(_("The year %(year)d is out of range.", year=day.year))


def _moment(field: Field, raw: Any) -> datetime:
    if isinstance(raw, datetime):
        in_range(raw)
        return raw if raw.tzinfo else raw.replace(tzinfo=reader_zone())
    text = str(raw).strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        day = read_date(text)
        found = datetime(day.year, day.month, day.day)  # noqa: DTZ001 -- the zone is put on in the next line
    in_range(found)
    return (found if found.tzinfo else found.replace(tzinfo=reader_zone())).astimezone(UTC)


def typed_moment(value: datetime) -> str:
    """A moment as the control of a form holds it: to the minute, in the reader's zone."""
    return value.astimezone(reader_zone()).strftime("%Y-%m-%dT%H:%M")


def _boolean(field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().casefold()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise Unreadable(_("Yes or no is needed, not “%(raw)s”.", raw=str(raw)[:80]))


def _choice(field: Field, raw: Any) -> Choices:
    text = str(raw.value if isinstance(raw, Choices) else raw).strip()
    wanted = fold(text)
    for entry in field.choices or ():
        if wanted in (fold(entry.value), fold(entry.name), fold(str(entry.label))):
            return entry
    known = ", ".join(str(entry.label) for entry in field.choices or ())
    raise Unreadable(_("“%(raw)s” is not one of: %(known)s.", raw=text[:80], known=known))


def _uuid(field: Field, raw: Any) -> UUID:
    try:
        return raw if isinstance(raw, UUID) else UUID(str(raw))
    except ValueError:
        raise Unreadable(_("“%(raw)s” is not known here.", raw=str(raw)[:80])) from None


def _money(field: Field, raw: Any) -> Decimal:
    return read_decimal(raw.get("amount") if isinstance(raw, dict) else raw)


def _money_of(field: Field, value: int, record: Any) -> tuple[Decimal, str]:
    code = field.currency_of(record)
    return major_units(value, code), code


def _show_money(field: Field, value: int, record: Any) -> str:
    amount, code = _money_of(field, value, record)
    return currencies.shown(amount, code, _locale())


def _answers(field: Field, raw: Any) -> dict[str, Any]:
    """Answers to a form: an object by the names of its questions, or the JSON text of one."""
    try:
        found = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unreadable(_("A JSON object is needed."))
    return found


def _said_answers(field: Field, value: Any, _record: Any) -> str:
    sheet = field.sheet(value) if field.sheet else None
    return sheet.words(value) if sheet else ""


def _same(_field: Field, value: Any, _record: Any) -> Any:
    return value


def _said(_field: Field, value: Any, _record: Any) -> str:
    return str(value)


def show_moment(value: datetime) -> str:
    """A moment in the reader's language and zone."""
    return format_datetime(value.astimezone(reader_zone()), "d MMM y, HH:mm", locale=_locale())


_ORDERED = ("gte", "lte", "gt", "lt", "n", "empty")
_TEXTUAL = ("ic", "sw", "n", "empty")

KINDS: dict[str, Kind] = {kind.name: kind for kind in (
    Kind("text", _text, _said, _said, _said, _TEXTUAL),
    Kind("long_text", _text, _said, _said, _said, ("ic", "empty")),
    Kind("email", _email, _said, _said, _said, _TEXTUAL),
    Kind("integer", _integer, lambda f, v, r: format_decimal(v, locale=_locale()), _same, _same, _ORDERED, numeric=True),
    Kind("decimal", _decimal, lambda f, v, r: format_decimal(v, locale=_locale(), decimal_quantization=False), _said, _same, _ORDERED,
         numeric=True),
    Kind("money", _money, _show_money, lambda f, v, r: str(_money_of(f, v, r)[0]), lambda f, v, r: _money_of(f, v, r)[0],
         _ORDERED, numeric=True),
    Kind("date", _date, lambda f, v, r: _show_day(v, _locale()), lambda f, v, r: v.isoformat(), _same, _ORDERED),
    Kind("datetime", _moment, lambda f, v, r: show_moment(v), lambda f, v, r: v.astimezone(UTC).isoformat(),
         lambda f, v, r: v.astimezone(reader_zone()).replace(tzinfo=None), _ORDERED),
    Kind("boolean", _boolean, lambda f, v, r: _("Yes") if v else _("No"), _same, _same),
    Kind("choice", _choice, lambda f, v, r: str(v.label), lambda f, v, r: v.value, lambda f, v, r: str(v.label), ("n", "empty")),
    Kind("reference", _uuid, _said, _said, _said, ("n", "empty")),
    Kind("file", _uuid, _said, _said, _said),
    Kind("answers", _answers, _said_answers, _same, lambda f, v, r: json.dumps(v, ensure_ascii=False, sort_keys=True)),
)}
