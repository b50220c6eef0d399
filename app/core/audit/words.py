"""Words for the machine values of the trail, added when it is shown: labels of fields, choices, people and records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.audit.models import AuditEntry
from app.core.audit.personal import is_sealed, keys_of, reveal
from app.kernel.current import current
from app.kernel.db import Base, session
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import show_moment
from app.kernel.registry import registry


def model_of(name: str) -> type | None:
    """The mapped class that is audited under `hse.incident` or `people.member_role`."""
    if name in registry.resources:
        return registry.resources[name].model
    table = name.rpartition(".")[2]
    return next((m.class_ for m in Base.registry.mappers if getattr(m.class_, "__record_name__", "") == table), None)


def action_label(name: str) -> str:
    """“Released” for `procurement.payment.release`, in the reader's language where the product has a word."""
    key, _dot, verb = name.rpartition(".")
    built_in = {"create": _("Created"), "edit": _("Changed"), "archive": _("Archived"), "restore": _("Restored"), "delete": _("Deleted"),
                "import": _("Imported"), "export": _("Exported"), "view": _("Viewed"),
                "sign_in": _("Signed in"), "sign_out": _("Signed out"), "refuse": _("Refused"), "cross": _("Crossed organisations")}
    if verb in built_in:
        return str(built_in[verb])
    resource = registry.resources.get(key)
    action = resource.action(verb) if resource else None
    return str(action.label) if action and action.label else verb.replace("_", " ").capitalize()


def resource_label(name: str) -> str:
    """“Payment” for `procurement.payment`."""
    resource = registry.resources.get(name)
    return str(resource.label) if resource else name.rpartition(".")[2].replace("_", " ").capitalize()


class Vocabulary:
    """What a page of entries needs to be read: looked up once for all of them."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        entries = list(entries)
        self._fields: dict[str, Mapping[str, Field]] = {}
        for name in {entry.resource for entry in entries}:
            model = model_of(name)
            self._fields[name] = fields_of(model) if model else {}
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
                    wanted.setdefault(field.reference, set()).update(UUID(side) for side in pair if isinstance(side, str))
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
        """The label of a field, or its name made readable."""
        field = self._fields[resource].get(name)
        if name == "archived_at":
            return str(_("Archived"))
        return str(field.label) if field else name.removesuffix("_id").replace("_", " ").capitalize()

    def value(self, entry: AuditEntry, name: str, side: int) -> str:
        """One side of a change as people read it."""
        kept = entry.changes[name][side]
        if is_sealed(kept):
            readable, kept = reveal(self._keys, kept)
            if not readable:
                return str(_("erased"))
        field = self._fields[entry.resource].get(name)
        if kept is None or kept == "":
            return ""
        if field is None:
            return _plain(kept)
        if field.kind == "reference":
            return self._records.get(UUID(kept), "") or str(kept)[:8]
        return self._shown(field, kept, entry, side)

    def _shown(self, field: Field, kept: Any, entry: AuditEntry, side: int) -> str:
        said = entry.changes.get(field.currency, [None, None])[side] if field.currency else None
        holder = SimpleNamespace(**{field.currency: said}) if field.currency else None
        try:
            return field.behaviour.display(field, _typed(field, kept), holder)
        except (ValueError, TypeError, KeyError):
            return str(kept)


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
    return ", ".join(map(str, kept)) if isinstance(kept, list) else str(kept)
