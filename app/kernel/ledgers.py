"""Ledgers: rows that come about by themselves, read through one query, for reports to be about."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from sqlalchemy import DateTime, Select, cast, null
from sqlalchemy.orm import registry as mappers

from app.kernel.errors import DeclarationError
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Ledger, Module

_mapped = mappers()  # apart from the tables: nothing is written through these


def rows(name: str, query: Select[Any], **fields: Field) -> type:
    """A model that reads the rows of `query`, which gives organisation_id, id and, named as the attributes in `fields`, their columns."""
    table = query.add_columns(cast(null(), DateTime(timezone=True)).label("archived_at")).subquery(name)
    if missing := [each for each in ("organisation_id", "id", *fields) if each not in table.c]:
        raise DeclarationError(f"ledger {name}: its query gives no “{missing[0]}”.")
    named = [field.named(attribute) for attribute, field in fields.items()]
    model = type(name, (), {"__tablename__": name, "__fields__": {field.name: field for field in named}})
    _mapped.map_imperatively(model, table, primary_key=[table.c.organisation_id, table.c.id])
    return model


def complete(module: Module, ledger: Ledger) -> Ledger:
    """The ledger with its key, once every name in it is known to its rows."""
    fields, where = fields_of(ledger.model), f"{module.name}.{ledger.key}"
    if not ledger.needs or not ledger.key or not ledger.label or not ledger.plural:
        raise DeclarationError(f"ledger {where}: it needs a key, a label, a plural, and the permission to read it.")
    for each in (*ledger.columns, *ledger.filters, ledger.sort.removeprefix("-")):
        if each not in fields:
            near = get_close_matches(each, fields, n=1, cutoff=0.4)
            raise DeclarationError(f"ledger {where}: “{each}” is not known." + (f" Did you mean “{near[0]}”?" if near else ""))
    return replace(ledger, key=where, module=module.name, icon=ledger.icon or module.icon, facts=ledger.facts or tuple(fields),
                   importable=False, creatable=False, editable=False)
