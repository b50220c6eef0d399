"""Writing a year of records at once: numbered by the year in which each was made, audited and searchable like any other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from app.core import audit, search
from app.kernel import clock
from app.kernel.bulk import copy_records, record_rows
from app.kernel.current import current
from app.kernel.records import Record, refresh_keys
from app.kernel.references import assign
from app.kernel.registry import registry


def keep(records: Sequence[Any]) -> None:
    """Write new records of one model, given in the order in which they were made."""
    if not records:
        return
    for record in records:
        record.organisation_id = current.organisation.id
    if isinstance(records[0], Record):
        _number(records)
    record_rows(records)
    for record in records:
        refresh_keys(record)
    copy_records(records)
    audit.record_created(records)
    resource = registry.of_model(type(records[0]))
    if resource is not None and resource.search:
        search.index(resource, records)


def _number(records: Sequence[Record]) -> None:
    for _year, made in groupby(records, key=lambda record: record.created_at.year):
        together = list(made)
        with clock.at(together[0].created_at):
            assign(together)
