"""Where records live: `/<org>/<module>/<plural>/<reference>/`."""

from __future__ import annotations

from typing import Any

from app.kernel.current import current
from app.kernel.fields import Field
from app.kernel.manifest import Resource
from app.kernel.registry import registry


def list_url(resource: Resource) -> str:
    """The path of a resource's list."""
    return f"/{current.organisation.slug}/{resource.module}/{resource.slug}/"


def record_url(resource: Resource, record: Any) -> str:
    """The permanent path of a record (or of a reference given as text)."""
    return f"{list_url(resource)}{record if isinstance(record, str) else record.reference}/"


def form_url(resource: Resource, record: Any = None) -> str:
    """Where a record is made, or changed, by hand."""
    if resource.own_form:
        return resource.own_form(record)
    return f"{record_url(resource, record)}edit" if record else f"{list_url(resource)}new"


def url_of(record: Any) -> str:
    """The permanent path of a record of any resource; empty when it has no page."""
    resource = registry.of_model(type(record))
    return record_url(resource, record) if resource else ""


def picker_url(field: Field) -> str:
    """Where the records are found that a field may refer to."""
    resource = registry.of_table(field.reference)
    return f"{list_url(resource)}pick{'?groups=1' if field.groups else ''}" if resource else ""
