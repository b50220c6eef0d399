"""Words for the machine values of the trail, added when it is shown: labels of fields, choices, people and records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.audit.models import AuditEntry
from app.core.audit.personal import is_sealed, keys_of, reveal
from app.kernel.current import current
from app.kernel.db import Base, session
from app.kernel.errors import Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import fold, show_moment
from app.kernel.registry import registry
from app.kernel.sentences import read

GENERIC = {
    "create": _l("%(name)s created %(record)s"), "edit": _l("%(name)s changed %(record)s"),
    "archive": _l("%(name)s archived %(record)s"), "restore": _l("%(name)s restored %(record)s"),
    "delete": _l("%(name)s deleted %(record)s"), "export": _l("%(name)s exported %(record)s"),
    "view": _l("%(name)s opened %(record)s"), "tag": _l("%(name)s changed the tags of %(record)s"),
}

STANDING = {"archived_at": _l("Archived"), "tags": _l("Tags")}  # what is kept of any record beside its fields
ACCOUNT = "auth.account"  # signing in and all that changes how: of a person, not of a record
KINDS = {ACCOUNT: _l("Sign-in and account")}
REASONS = {
    "password": _l("The password was wrong."), "unknown": _l("Nobody has this address."), "no password": _l("There is no password."),
    "disabled": _l("The account is disabled."), "locked": _l("Too many tries: it was locked for a quarter of an hour."),
    "barred": _l("The password is barred until another is set."),
}
CHANNELS = {
    "api": _l("by API"), "scim": _l("by a directory (SCIM)"), "import": _l("by import"), "approval": _l("by approval"),
    "mail": _l("by mail"), "job": _l("by a job"), "outbox": _l("in the background"),
    "schedule": _l("by schedule"), "command": _l("on the command line"), "demo": _l("for the demonstration"),
}


def channel_label(name: str) -> str:
    """By which way something was done, in words; nothing for the pages, which are the usual one."""
    return str(CHANNELS.get(name, "" if name == "page" else name))


def reason_label(entry: AuditEntry) -> str:
    """Why, in the words of whoever said so; those of the sign-in are codes."""
    said = str(entry.context.get("reason") or entry.context.get("comment") or entry.context.get("needs") or "")
    return str(REASONS.get(said, said)) if entry.resource == ACCOUNT else said


def known_channels() -> list[tuple[str, str]]:
    """The ways that can be filtered by, with their names."""
    return [("page", str(_("on the pages"))), *((name, str(label)) for name, label in CHANNELS.items())]


def known_resources() -> list[tuple[str, str]]:
    """The kinds of record that can be filtered by, by name."""
    kinds = {**{key: resource.plural for key, resource in registry.resources.items()}, **KINDS}
    return sorted(((key, str(label)) for key, label in kinds.items()), key=lambda pair: fold(pair[1]))


def result_label(name: str) -> str:
    """How something went, in words."""
    return {"ok": str(_("done")), "refused": str(_("refused")), "failed": str(_("failed"))}.get(name, name)


def model_of(name: str) -> type | None:
    """The mapped class that is audited under `hse.incident` or `people.member_role`."""
    if name in registry.resources:
        return registry.resources[name].model
    table = name.rpartition(".")[2]
    return next((m.class_ for m in Base.registry.mappers if getattr(m.class_, "__record_name__", "") == table), None)


def sentence(name: str, result: str = "ok") -> str:
    """“%(name)s released %(record)s” for `procurement.payment.release`, in the reader's language, the names still to be put in."""
    for said in (f"{name}.{result}", name):
        own = next((module.says[said] for module in registry.modules.values() if said in module.says), None)
        if own:
            return str(own)
    key, _dot, verb = name.rpartition(".")
    resource = registry.resources.get(key)
    action = resource.action(verb) if resource else None
    if action and action.said:
        return str(action.said)
    if verb in GENERIC:
        return str(GENERIC[verb])
    done = str(action.label) if action and action.label else name
    return str(_("%(name)s did “%(action)s” with %(record)s", name="%(name)s", action=done.replace("%", "%%"), record="%(record)s"))


def resource_label(name: str) -> str:
    """“Payment” for `procurement.payment`, “Saved mapping” for the table of a service."""
    resource = registry.resources.get(name) or registry.ledgers.get(name)
    return str(resource.label if resource else KINDS.get(name) or getattr(model_of(name), "__label__", "") or name)


def object_of(entry: AuditEntry) -> str:
    """What was acted upon, as the object of a sentence: the record's reference, the list, or the kind of an entry that has no reference."""
    setting = registry.settings.get(entry.record_reference)
    if entry.record_reference and setting is None:
        return entry.record_reference
    resource = registry.resources.get(entry.resource)
    if entry.record_id is None and resource is not None:
        return str(_("the list “%(kind)s”", kind=resource.plural))
    label = resource_label(entry.resource)
    return str(_("an entry “%(kind)s”", kind=f"{label}: {setting.label}" if setting else label))


class Vocabulary:
    """What a page of entries needs to be read: looked up once for all of them."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        entries = list(entries)
        self._fields: dict[str, Mapping[str, Field]] = {}
        self._labels: dict[str, Mapping[str, Any]] = {}
        for name in {entry.resource for entry in entries}:
            model = model_of(name)
            self._fields[name] = fields_of(model) if model else {}
            self._labels[name] = labels_of(model) if model else {}
        sides = [side for entry in entries for pair in entry.changes.values() for side in pair]
        subjects = {UUID(side["of"]) for side in sides if is_sealed(side)}
        self._keys = keys_of(session().connection(), current.organisation.id, subjects)
        self._records = self._referred(entries)

    def _referred(self, entries: Iterable[AuditEntry]) -> dict[UUID, str]:
        wanted: dict[str, set[UUID]] = {}
        for entry in entries:
            for name, pair in entry.changes.items():
                field = self._fields[entry.resource].get(name)
                if field is not None and field.kind == "reference":
                    for table in field.tables:
                        wanted.setdefault(table, set()).update(UUID(side) for side in pair if isinstance(side, str))
        found: dict[UUID, str] = {}
        for table, ids in wanted.items():
            resource = registry.of_table(table)
            if resource and ids:
                model: Any = resource.model
                title = fields_of(model)[resource.title].attribute if resource.title in fields_of(model) else "reference"
                rows = session().execute(select(model.id, getattr(model, title)).where(
                    model.organisation_id == current.organisation.id, model.id.in_(ids)))
                found.update({row[0]: str(row[1]) for row in rows})
        return found

    def order(self, entry: AuditEntry) -> list[str]:
        """The names of the changed fields in the order in which they were declared."""
        places = {name: place for place, name in enumerate(self._fields[entry.resource])}
        return sorted(entry.changes, key=lambda name: places.get(name, len(places)))

    def label(self, resource: str, name: str) -> str:
        """The label of a field, or of a plain column; the name of one that is there no more."""
        field = self._fields[resource].get(name)
        if name in STANDING:
            return str(STANDING[name])
        return str(field.label if field else self._labels[resource].get(name, name))

    def changed(self, entry: AuditEntry, name: str) -> list[tuple[str, str, str]]:
        """What a change of a field comes to: label, before, after; of the answers to a form each that differs."""
        field = self._fields[entry.resource].get(name)
        if field is None or field.kind != "answers" or field.sheet is None:
            return [(self.label(entry.resource, name), self.value(entry, name, 0), self.value(entry, name, 1))]
        old, new = (_answers(field, kept) for kept in entry.changes[name])
        both = dict.fromkeys((*old, *new))
        return [(label, old.get(label, ""), new.get(label, "")) for label in both if old.get(label) != new.get(label)]

    def value(self, entry: AuditEntry, name: str, side: int) -> str:
        """One side of a change as people read it."""
        kept = entry.changes[name][side]
        if is_sealed(kept):
            readable, kept = reveal(self._keys, kept)
            if not readable:
                return str(_("erased"))
        field = self._fields[entry.resource].get(name)
        if kept is None or kept in ("", {}, []):
            return ""
        if field is None:
            return self._told(entry, name, side) or (resource_label(kept) if name == "resource" else _plain(kept))
        if field.kind == "reference":
            return self._records.get(UUID(kept), "") or str(kept)[:8]
        return self._shown(field, kept, entry, side)

    def _told(self, entry: AuditEntry, name: str, side: int) -> str:
        """What its model says of such a value, `info={"in_words": …}`; nothing where it says nothing, or can no longer be understood."""
        model: Any = model_of(entry.resource)
        column = model.__mapper__.columns.get(name) if model else None
        if column is None or "in_words" not in column.info:
            return ""
        try:
            return str(column.info["in_words"](entry.changes[name][side], lambda other: self._beside(entry, model, other, side)))
        except (ValueError, LookupError, TypeError, AttributeError, Invalid):
            return ""

    def _beside(self, entry: AuditEntry, model: Any, name: str, side: int) -> Any:
        """The value of another column at the same time: of the change, or as the record has it."""
        if name in entry.changes:
            return entry.changes[name][side]
        record = session().get(model, (current.organisation.id, entry.record_id)) if entry.record_id else None
        return getattr(record, name, None)

    def _shown(self, field: Field, kept: Any, entry: AuditEntry, side: int) -> str:
        said = entry.changes.get(field.currency, [None, None])[side] if field.currency else None
        holder = SimpleNamespace(**{field.currency: said}) if field.currency else None
        try:
            return field.behaviour.display(field, _typed(field, kept), holder)
        except (ValueError, TypeError, KeyError):
            return str(kept)


def _answers(field: Field, kept: Any) -> dict[str, str]:
    """The answers to a form by the words of their questions."""
    sheet = field.sheet(kept) if field.sheet and isinstance(kept, dict) else None
    return {part.label: part.text for _section, parts in sheet.parts(kept) for part in parts} if sheet else {}


def labels_of(model: Any) -> dict[str, Any]:
    """The labels of the columns that are kept and shown in the trail only: `mapped_column(…, info={"label": _l("Preferences")})`."""
    return {attribute.key: attribute.columns[0].info["label"] for attribute in model.__mapper__.column_attrs
            if "label" in attribute.columns[0].info}


def _typed(field: Field, kept: Any) -> Any:
    readers: dict[str, Any] = {"date": date.fromisoformat, "datetime": datetime.fromisoformat, "decimal": Decimal, "file": UUID}
    if field.kind == "choice" and field.choices:
        return field.choices(kept)
    return readers[field.kind](kept) if field.kind in readers else kept


def _plain(kept: Any) -> str:
    if isinstance(kept, bool):
        return str(_("Yes") if kept else _("No"))
    if isinstance(kept, str) and len(kept) > 18 and kept[10:11] == "T":
        try:
            return show_moment(datetime.fromisoformat(kept))
        except ValueError:
            return kept
    if isinstance(kept, list):
        return ", ".join(_plain(each) for each in kept)
    return str(read(kept)) if isinstance(kept, dict) and "say" in kept else str(kept)
