"""The bytes that are approved: canonical JSON of what an action declares, its SHA-256, and what differs between two of them."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.approvals import words
from app.core.files import RecordFile, StoredFile
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Lines, Resource

NEVER = frozenset({"status", "state", "tags", "comments"})


@dataclass(frozen=True)
class Snapshot:
    """Canonical JSON and the SHA-256 of exactly these bytes."""

    text: str
    hash: str

    @classmethod
    def of(cls, content: dict[str, Any]) -> Snapshot:
        """Sorted keys, no spaces, UTF-8: the same content always gives the same bytes."""
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return cls(text, digest(text))


@dataclass(frozen=True)
class Change:
    """One field that differs, in words."""

    label: str
    before: str
    after: str


def digest(text: str) -> str:
    """SHA-256 of the UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def snapshot_names(resource: Resource) -> tuple[str, ...]:
    """The fields that are approved: those declared, or those of the form; never state, stamps, tags or comments."""
    if resource.snapshot:
        return resource.snapshot
    known = fields_of(resource.model)
    return tuple(name for names in resource.form.values() for name in names if name in known and name not in NEVER)


def take(resource: Resource, records: Sequence[Any], *, hanging: Mapping[UUID, Sequence[StoredFile]] | None = None) -> list[Snapshot]:
    """The snapshots of many records of one resource: lines and files are read once for all of them; `hanging`: files read already."""
    fields = [fields_of(resource.model)[name] for name in snapshot_names(resource)]
    ids = [record.id for record in records]
    lines = _lines(resource.lines, ids) if resource.lines else {}
    attached = _files(fields, records, _hashes([r.id for r in records]) if hanging is None else
                      {record_id: [file.sha256 for file in files] for record_id, files in hanging.items()})
    taken = []
    for record in records:
        content: dict[str, Any] = {"resource": resource.key, "record": str(record.id), "fields": _values(fields, record)}
        if resource.lines:
            content["lines"] = lines.get(record.id, [])
        if attached.get(record.id):
            content["files"] = sorted(attached[record.id])
        taken.append(Snapshot.of(content))
    return taken


def _values(fields: Iterable[Field], record: Any) -> dict[str, Any]:
    return {field.name: _value(field, record) for field in fields}


def _value(field: Field, record: Any) -> Any:
    value = field.to_json(record)
    if field.kind == "money" and value is not None:
        return {"amount": value, "currency": field.currency_of(record)}
    return value


def _lines(lines: Lines, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    model: Any = lines.model
    known = fields_of(model)
    parent = getattr(model, f"{lines.parent}_id")
    wanted = [known[name] for name in lines.fields]
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in session().scalars(select(model).where(parent.in_(ids)).order_by(model.position)):
        found[getattr(row, parent.key)].append(_values(wanted, row))
    return found


def _hashes(ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    hanging = select(RecordFile.record_id, StoredFile.sha256).join(StoredFile, StoredFile.id == RecordFile.file_id)
    for record_id, sha in session().execute(hanging.where(RecordFile.record_id.in_(ids))):
        found[record_id].append(sha)
    return found


def _files(fields: Sequence[Field], records: Sequence[Any], hanging: Mapping[UUID, Sequence[str]]) -> dict[UUID, list[str]]:
    """The SHA-256 of each file that hangs on a record or stands in one of its fields."""
    named = [f for f in fields if f.kind == "file"]
    ids = {v for record in records for f in named if (v := f.value(record))}
    standing = dict(session().execute(select(StoredFile.id, StoredFile.sha256).where(StoredFile.id.in_(ids))).all()) if ids else {}
    found: dict[UUID, list[str]] = defaultdict(list, {record_id: list(hashes) for record_id, hashes in hanging.items()})
    for record in records:
        found[record.id] += [standing[v] for f in named if (v := f.value(record)) in standing]
    return found


def content_of(text: str) -> dict[str, Any]:
    """What a stored snapshot holds."""
    found: dict[str, Any] = json.loads(text)
    return found


def differences(resource: Resource, before: str, after: str) -> list[Change]:
    """What differs between two snapshots of a record, field by field, line by line, file by file, in words."""
    old, new = content_of(before), content_of(after)
    fields = fields_of(resource.model)
    names = words.names_in(fields.values(), [old.get("fields", {}), new.get("fields", {})])
    changes: list[Change] = []
    for name in dict.fromkeys((*old.get("fields", {}), *new.get("fields", {}))):
        before_it, after_it = old.get("fields", {}).get(name), new.get("fields", {}).get(name)
        if before_it == after_it:
            continue
        if name in fields and fields[name].kind == "answers":
            changes += _answer_changes(fields[name], before_it, after_it)
        else:
            changes.append(Change(str(fields[name].label) if name in fields else name, *_both(fields.get(name), old, new, name, names)))
    return changes + _line_changes(resource, old.get("lines", []), new.get("lines", [])) + _file_changes(old, new)


def _both(field: Field | None, old: dict[str, Any], new: dict[str, Any], name: str, names: dict[UUID, str]) -> tuple[str, str]:
    return tuple(words.shown(field, side.get("fields", {}).get(name), names) for side in (old, new))  # type: ignore[return-value]


def _line_changes(resource: Resource, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[Change]:
    if old == new or resource.lines is None:
        return []
    fields = fields_of(resource.lines.model)
    changes = []
    for number in range(max(len(old), len(new))):
        before, after = (side[number] if number < len(side) else {} for side in (old, new))
        names = words.names_in(fields.values(), [before, after])
        changes += [Change(_("Line %(number)d: %(field)s", number=number + 1, field=fields[name].label if name in fields else name),
                           words.shown(fields.get(name), before.get(name), names), words.shown(fields.get(name), after.get(name), names))
                    for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    return changes


def _file_changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    before, after = old.get("files", []), new.get("files", [])
    gone, come = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    return ([Change(_("File"), short(each), "") for each in gone] + [Change(_("File"), "", short(each)) for each in come])


def short(value: str) -> str:
    """The first and last four digits of a hash: 9c41…e07b."""
    return f"{value[:4]}…{value[-4:]}" if len(value) > 12 else value


def facts(resource: Resource, text: str) -> list[tuple[str, str, bool]]:
    """The snapshot as it is shown: label, value in words, and whether it is a figure."""
    content = content_of(text).get("fields", {})
    fields = fields_of(resource.model)
    names = words.names_in(fields.values(), [content])
    return [fact for name, value in _ordered(resource, content) if name in fields for fact in _facts(fields[name], value, names)]


def _facts(field: Field, value: Any, names: Mapping[UUID, str]) -> list[tuple[str, str, bool]]:
    if field.kind == "answers":
        return [(part.label, part.text, part.numeric) for part in _parts(field, value).values()]
    return [(str(field.label), words.shown(field, value, names), field.numeric)]


def _parts(field: Field, value: Any) -> dict[str, Any]:
    """The answers to a form in words, by the names of its questions."""
    sheet = field.sheet(value) if field.sheet and value else None
    return {part.name: part for _section, parts in sheet.parts(value) for part in parts} if sheet else {}


def _answer_changes(field: Field, before: Any, after: Any) -> list[Change]:
    old, new = _parts(field, before), _parts(field, after)
    said = [(old.get(name), new.get(name)) for name in dict.fromkeys((*old, *new))]
    return [Change((one or other).label, one.text if one else "", other.text if other else "") for one, other in said
            if (one.text if one else "") != (other.text if other else "")]


def linked(resource: Resource, text: str) -> dict[str, set[UUID]]:
    """By table, the ids of all records that a snapshot refers to, its lines included."""
    content = content_of(text)
    wanted = words.linked(fields_of(resource.model).values(), [content.get("fields", {})])
    if resource.lines is not None:
        for table, ids in words.linked(fields_of(resource.lines.model).values(), content.get("lines", [])).items():
            wanted.setdefault(table, set()).update(ids)
    return wanted


def line_table(resource: Resource, text: str) -> tuple[list[tuple[str, bool]], list[list[str]]]:
    """The lines of a snapshot: heads (with whether they are figures) and rows in words."""
    rows = content_of(text).get("lines", [])
    if not rows or resource.lines is None:
        return [], []
    fields = fields_of(resource.lines.model)
    wanted = [fields[name] for name in resource.lines.fields if name in fields]
    names = words.names_in(wanted, rows)
    return [(str(f.label), f.numeric) for f in wanted], [[words.shown(f, row.get(f.name), names) for f in wanted] for row in rows]


def files_in(text: str) -> list[str]:
    """The SHA-256 of each file that belongs to a snapshot."""
    return list(content_of(text).get("files", []))


def _ordered(resource: Resource, content: dict[str, Any]) -> list[tuple[str, Any]]:
    order = [name for name in snapshot_names(resource) if name in content]
    return [(name, content[name]) for name in (*order, *(n for n in content if n not in order))]
