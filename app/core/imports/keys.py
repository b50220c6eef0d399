"""Rows that stand for records which exist already: found by the import key, compared, and told apart from twins in the same file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access
from app.core.imports.parsing import Fault, RowParser, Understood
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field
from app.kernel.kinds import fold
from app.kernel.manifest import Resource
from app.kernel.records import uniqueness

SHEET_PRECISION = timedelta(milliseconds=1)  # a spreadsheet holds no finer moment


class Keys:
    """Recognises rows by the key of their resource."""

    def __init__(self, parser: RowParser) -> None:
        self._parser, self._resource = parser, parser.resource
        self._name = self._resource.import_key or "reference"
        self._field = parser.fields[self._name]
        self._attribute, _lets_go = uniqueness(self._resource.model, self._field)
        self._seen: dict[str, int] = {}

    def recognise(self, rows: Sequence[Understood]) -> None:
        """Mark what is an update, what changes nothing, and what repeats a row above."""
        keyed = [(row, self._key(row.values[self._name])) for row in rows if row.values.get(self._name) not in (None, "")]
        found = self._existing([key for _row, key in keyed])
        for row, key in keyed:
            if key in self._seen:
                row.faults.append(Fault(self._parser.header_of(self._name), str(row.values[self._name]),
                                        _("Row %(row)d has the same %(label)s.", row=self._seen[key], label=self._field.label)))
                continue
            self._seen[key] = row.row.number
            if key in found:
                self._update(row, found[key])
            elif self._name == "reference":
                row.faults.append(Fault(self._parser.header_of("reference"), str(row.values["reference"]),
                                        _("There is no such record; leave the reference empty to make a new one.")))
        for row in rows:
            row.values.pop("reference", None)
            if row.way == "create":
                self._parser.require(row)

    def _key(self, value: Any) -> str:
        return fold(str(value)) if self._attribute != self._field.attribute else str(value)

    def _existing(self, keys: Sequence[str]) -> dict[str, Any]:
        if not keys:
            return {}
        model: Any = self._resource.model
        column = getattr(model, self._attribute)
        query = select(model).where(model.organisation_id == current.organisation.id, column.in_(keys))
        return {str(getattr(r, column.key)): r for r in session().scalars(query.order_by(model.archived_at))}  # one that is live comes last

    def _update(self, row: Understood, record: Any) -> None:
        reason = self._refusal(record)
        if reason:
            row.faults.append(Fault(self._parser.header_of(self._name), str(row.values[self._name]), reason))
            return
        changed = {n: v for n, v in row.values.items() if n in self._parser.fields and not same(self._parser.fields[n], record, v)}
        changed.pop("reference", None)
        row.way, row.record_id = ("update" if changed else "same"), record.id
        row.before = {n: self._parser.fields[n].to_json(record) for n in changed}
        row.values = {**changed, "reference": row.values.get("reference")}

    def _refusal(self, record: Any) -> str:
        if record.is_archived:
            return str(_("%(reference)s is archived; restore it first.", reference=record.reference))
        decision = access.can(current.user, self._resource.permission("edit"), record)
        return "" if decision.allowed else str(decision.reason)


def same(field: Field, record: Any, value: Any) -> bool:
    """Whether a record holds a staged value already."""
    held = field.to_json(record)
    if value is None or held is None:
        return (value is None and held is None) or (field.kind == "boolean" and not value and not held)
    if field.kind in ("money", "decimal"):
        return Decimal(str(held)) == Decimal(str(value))
    if field.kind == "datetime":
        return abs(datetime.fromisoformat(str(held)) - datetime.fromisoformat(str(value))) < SHEET_PRECISION
    return str(held) == str(value)


def fingerprint(resource: Resource, record: Any, fields: Sequence[Field]) -> str:
    """What the fields of a record held, as one short text: tells later whether somebody has edited it."""
    held = "\x1f".join(_held(getattr(record, f.attribute)) for f in fields)
    return blake2b(f"{resource.key}\x1e{held}".encode(), digest_size=12).hexdigest()


def _held(value: Any) -> str:
    """The same text for a value before it was written and after it was read again."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
