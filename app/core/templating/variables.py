"""What every template of an organisation knows, by the same names everywhere: mails, notices, documents.

`user` (the reader), `company`, `now`, `today`, `app`; and a record under its own name (`incident`), each field as pages show it, with what
is stored in `raw`: codes, numbers, yes and no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access
from app.kernel import clock
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import KINDS, show_moment
from app.kernel.manifest import Related, Resource
from app.kernel.registry import registry
from app.kernel.release import release

Values = dict[str, Any]
Mark = Callable[[Field, Any, str], str]
UNSAID = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NEVER, MOST_RELATED = ("file", "answers"), 200
ADMINISTRATORS = frozenset({"owner", "admin"})
PERSON = "Ada Lovelace"  # whom examples are for
_DAY, _MOMENT = Field("date", ""), Field("datetime", "")


def clean(text: str) -> str:
    """Text without the characters that no document and no mail can hold; every end of a line is one character."""
    return UNSAID.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def standard(reader: Actor, mark: Mark | None = None) -> Values:
    """What every template knows, for one reader, in the language and zone of whoever acts."""
    company = {"name": clean(current.organisation.name)}
    now = clock.now()
    zone = current.organisation.timezone if current.user.is_system else current.user.timezone
    said = mark or _as_shown
    admin = bool(ADMINISTRATORS & set(reader.roles))
    return {
        "user": {"name": clean(reader.name), "email": reader.email, "is_admin": admin, "company": company},
        "company": company,
        "now": said(_MOMENT, now, show_moment(now)),
        "today": said(_DAY, clock.today(zone), KINDS["date"].display(_DAY, clock.today(zone), None)),
        "app": {"name": "OpsFlux", "version": release()},
    }


def example() -> Values:
    """The same with invented values."""
    ada = Actor(UUID(int=1), PERSON, "ada@example.org", roles=("owner",), language=current.context.user.language
                if current.context.user else "en", timezone=current.organisation.timezone)
    return standard(ada)


def known_fields(resource: Resource) -> dict[str, Field]:
    """The fields by their names, and by the shorter ones that some have in templates."""
    found = {name: field for name, field in fields_of(resource.model).items() if field.kind not in NEVER}
    return found | {field.extra["known_as"]: field for field in found.values() if "known_as" in field.extra}


def records_as_values(resource: Resource, records: Sequence[Any], mark: Mark | None = None) -> list[Values]:
    """Records as templates know them; what they refer to is named for all of them at once."""
    fields = known_fields(resource)
    return _as_values(fields, records, mark)


def record_as_values(resource: Resource, record: Any, mark: Mark | None = None) -> Values:
    """One record with its lines and with those that refer to it, as far as the reader may see them."""
    found = records_as_values(resource, [record], mark)[0]
    if resource.lines:
        found["lines"] = lines_as_values(resource, record, mark)
    return found | {word_of(each): _related(record, each, mark) for each in resource.related}


def lines_as_values(resource: Resource, record: Any, mark: Mark | None = None) -> list[Values]:
    """The lines of a record in their order."""
    lines = resource.lines
    if lines is None:
        return []
    model: Any = lines.model
    rows = session().scalars(select(model).where(
        model.organisation_id == record.organisation_id, getattr(model, f"{lines.parent}_id") == record.id
    ).order_by(getattr(model, "position", model.id))).all()
    return _as_values(line_fields(resource), rows, mark)


def record_example(resource: Resource, *, alone: bool = False) -> Values:
    """A record with the labels of its fields in the place of what they hold; `alone`, without its lines and what refers to it."""
    found = _example(known_fields(resource))
    if alone:
        return found
    if resource.lines:
        found["lines"] = [_example(line_fields(resource))]
    for each in resource.related:
        found[word_of(each)] = [_example(known_fields(registry.resource(each.resource)))]
    return found


def line_fields(resource: Resource) -> dict[str, Field]:
    """The fields of a record's lines."""
    known = fields_of(resource.lines.model) if resource.lines else {}
    return {name: known[name] for name in (resource.lines.fields if resource.lines else ()) if known[name].kind not in NEVER}


def _example(fields: Mapping[str, Field]) -> Values:
    return {**{name: f"[{field.label}]" for name, field in fields.items()}, "reference": f"[{_('Reference')}]", "number": 1,
            "raw": {name: _sample(field) for name, field in fields.items()}}


def _sample(field: Field) -> Any:
    if field.numeric:
        return 1
    return {"boolean": True, "choice": next((each.value for each in field.choices or ()), "")}.get(field.kind, "2026-01-31")


def _as_values(fields: Mapping[str, Field], records: Sequence[Any], mark: Mark | None) -> list[Values]:
    named = _named(fields.values(), records)
    return [_one(fields, record, named, mark or _as_shown, number) for number, record in enumerate(records, start=1)]


def _one(fields: Mapping[str, Field], record: Any, named: Mapping[UUID, str], mark: Mark, number: int) -> Values:
    shown, raw = {}, {}
    for name, field in fields.items():
        value = field.value(record)
        if field.kind == "reference":
            shown[name] = raw[name] = clean(named.get(value, ""))
            continue
        shown[name] = mark(field, field.export(record), clean(field.display(record)))
        raw[name] = _plain(field, record)
    return {**shown, "reference": str(getattr(record, "reference", "")), "number": number, "raw": raw}


def _plain(field: Field, record: Any) -> Any:
    value = field.export(record) if field.numeric else field.to_json(record)
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, bool | int | float) else clean(str(value))


def _as_shown(_field: Field, _value: Any, shown: str) -> str:
    return shown


def typed(field: Field, value: Any, shown: str) -> str:
    """What is shown, with the number, day or moment that it is in front, for documents whose cells have kinds."""
    if value is None or not shown:
        return shown
    if field.numeric and isinstance(value, int | float | Decimal):
        return f"\x04n{value:f}\x05{shown}" if isinstance(value, Decimal) else f"\x04n{value}\x05{shown}"
    if isinstance(value, datetime):
        local = value if value.tzinfo is None else value.astimezone(_zone()).replace(tzinfo=None)
        return f"\x04m{local.isoformat(timespec='seconds')}\x05{shown}"
    return f"\x04d{value.isoformat()}\x05{shown}" if isinstance(value, date) else shown


def _zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(current.organisation.timezone if current.user.is_system else current.user.timezone)


def other_of(related: Related) -> Resource:
    """What refers to a record."""
    return registry.resource(related.resource)


def word_of(related: Related) -> str:
    """`corrective_actions`: those that refer to a record, as templates call them."""
    return other_of(related).slug.replace("-", "_")


def _related(record: Any, related: Related, mark: Mark | None) -> list[Values]:
    other = other_of(related)
    if not access.can(current.user, other.permission("view")).allowed:
        return []
    model: Any = other.model
    rows = session().scalars(select(model).where(
        model.organisation_id == record.organisation_id, getattr(model, fields_of(model)[related.field].attribute) == record.id,
        model.archived_at.is_(None), access.visible(other, current.user)).order_by(model.reference).limit(MOST_RELATED)).all()
    return records_as_values(other, rows, mark)


def _named(fields: Iterable[Field], records: Sequence[Any]) -> dict[UUID, str]:
    """What the records are called to which these refer, one query a table."""
    by_table: dict[str, set[UUID]] = {}
    for field in fields:
        if field.kind == "reference":
            for table in field.tables:
                by_table.setdefault(table, set()).update(filter(None, (field.value(each) for each in records)))
    found: dict[UUID, str] = {}
    for table, ids in by_table.items():
        resource = registry.of_table(table)
        if resource and ids:
            model: Any = resource.model
            title = fields_of(model).get(resource.title)
            name = getattr(model, title.attribute if title and title.kind != "reference" else "reference")
            found.update({row[0]: str(row[1] or row[2]) for row in session().execute(select(model.id, name, model.reference).where(
                model.organisation_id == current.organisation.id, model.id.in_(ids)))})
    return found
