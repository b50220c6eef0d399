"""What every declared resource promises to machines, to the door, to imports and exports."""

from __future__ import annotations

import csv
import io
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest

from app.core.audit import writer
from app.kernel.door import perform, perform_one
from app.kernel.errors import Invalid
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.resources import creating
from app.resources.binding import form_names
from app.resources.openapi import document
from tests.contract import checks, samples
from tests.contract.registry import CREATABLE, EDITABLE, RESOURCES, listed
from tests.contract.world import World


def api(world: World, resource: Resource) -> str:
    return f"/api/v1{world.url(resource)}"


@listed(CREATABLE)
def test_page_and_api_agree(resource: Resource, world: World) -> None:
    world.records(resource, 4)
    page = world.client("owner").get(world.url(resource)).text
    for reference in checks.rows_of(world, resource)[:4]:
        assert f"/{reference}/" in page


@listed(CREATABLE)
def test_api_creates_shows_changes_and_archives(resource: Resource, world: World) -> None:
    with world.acting("owner"):
        data = samples.data(resource, 11)
    client = world.client("owner")
    made = client.post(api(world, resource), json=data, headers=world.token(client))
    assert made.status_code in (201, 202), made.text
    reference = made.json["reference"]
    shown = client.get(f"{api(world, resource)}{reference}/")
    assert shown.json["id"] == made.json["id"]
    assert set(fields_of(resource.model)) <= set(shown.json) | {"reference"}
    with world.acting("owner"):
        free = resource in EDITABLE and (not resource.lock or resource.lock(world.by_reference(resource, reference)) is True)
    if free:
        archived = client.post(f"{api(world, resource)}{reference}/archive", json={}, headers=world.token(client))
        assert archived.status_code == 200, archived.text
        assert reference not in checks.rows_of(world, resource)


@listed(CREATABLE)
def test_api_names_an_unknown_field_and_the_nearest(resource: Resource, world: World) -> None:
    with world.acting("owner"):
        data = samples.data(resource, 12)
    name = form_names(resource)[0]
    client = world.client("owner")
    answer = client.post(api(world, resource), json={**data, f"{name}x": 1}, headers=world.token(client))
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert f"“{name}”" in str(answer.json["errors"][f"{name}x"])
    assert answer.json["request_id"]


@listed(EDITABLE)
def test_api_refuses_a_stale_version(resource: Resource, world: World) -> None:
    record, name, value = checks.editable_change(world, resource)
    client = world.client("owner")
    answer = client.patch(
        f"{api(world, resource)}{record.reference}/", json={name: value}, headers={**world.token(client), "If-Match": '"999"'}
    )
    assert answer.status_code == 412
    assert answer.json["version"] == record.version


@listed(CREATABLE)
def test_the_same_key_makes_one_record(resource: Resource, world: World) -> None:
    with world.acting("owner"):
        data = samples.data(resource, 13)
    client, key = world.client("owner"), str(uuid4())
    answers = [client.post(api(world, resource), json=data, headers={**world.token(client), "Idempotency-Key": key}) for _time in range(2)]
    assert answers[0].json["id"] == answers[1].json["id"]


@listed(CREATABLE)
def test_api_needs_the_permission(resource: Resource, world: World) -> None:
    client = world.client(checks.without(resource))
    answer = client.post(api(world, resource), json={}, headers=world.token(client))
    assert answer.status_code == 403
    assert resource.permission("create") in answer.json["detail"]


@listed(RESOURCES)
def test_openapi_describes_it(resource: Resource, world: World) -> None:
    paths = document()["paths"]
    described = paths[f"/{{org}}/{resource.module}/{resource.slug}/"]
    assert "get" in described
    assert ("post" in described) == (resource in CREATABLE)
    for action in resource.actions:
        assert f"/{{org}}/{resource.module}/{resource.slug}/{{reference}}/{action.name}" in paths


@listed(CREATABLE)
def test_every_write_is_audited(resource: Resource, world: World) -> None:
    record = world.records(resource, 1)[0]
    with world.acting("owner"):
        entry = next((e for e in world.entries(record) if e.action == resource.permission("create")), None)
    assert entry, "the trail does not tell that it was made"
    assert entry.actor_id == world.member("owner").id
    for name in form_names(resource):
        field = fields_of(resource.model)[name]
        if field.kind != "file" and field.value(record) is not None:
            assert name in entry.changes, name


@listed([r for r in CREATABLE if r.exportable])
@pytest.mark.requirement("OF-175")
def test_csv_export_has_the_same_rows(resource: Resource, world: World) -> None:
    world.records(resource, 3)
    answer = world.client("owner").get(f"{world.url(resource)}export?format=csv&export_reason=audit")
    assert answer.status_code == 200, answer.text[:500]
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == len(checks.rows_of(world, resource))


@listed([r for r in CREATABLE if r.exportable])
@pytest.mark.requirement("OF-180")
def test_export_holds_what_the_filters_leave(resource: Resource, world: World) -> None:
    records = world.records(resource, 5)
    for parameter in checks.filters_of(world, resource, records[0]):
        answer = world.client("owner").get(f"{world.url(resource)}export?format=csv&export_reason=audit&{parameter}")
        found = [row[0] for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))][1:]
        assert sorted(found) == sorted(checks.rows_of(world, resource, f"&{parameter}")), parameter


@listed([r for r in CREATABLE if r.exportable and r.importable])
def test_out_and_in_again_changes_nothing(resource: Resource, world: World) -> None:
    """The list as a file, and the file read again by its key with the columns that the wizard finds by itself."""
    with world.acting("owner"):
        made = samples.make(resource, 2) + [perform_one(resource, "create", None, data).record for data in samples.awkward(resource)]
        references = {record.reference for record in made}
    present = checks.rows_of(world, resource)
    assert references <= set(present)
    for form in ("csv", "xlsx", "json"):
        content = world.client("owner").get(f"{world.url(resource)}export?format={form}").data
        counts, faults = checks.read_again(world, resource, content, f"{resource.slug}.{form}")
        assert faults == [], form
        assert counts == {"rows": len(present), "create": 0, "update": 0, "same": len(present), "refused": 0}, form


@listed([r for r in CREATABLE if r.exportable])
def test_export_needs_the_permission(resource: Resource, world: World) -> None:
    assert world.client("nobody").get(f"{world.url(resource)}export?format=csv&export_reason=audit").status_code == 403


@listed(CREATABLE)
def test_one_at_a_time_and_all_at_once_are_the_same(resource: Resource, world: World) -> None:
    """The same rows through the door singly and as a list leave the same records, audit rows, search rows and approvals."""
    with world.acting("owner"):
        rows = [samples.data(resource, n) for n in range(100, 120)]
    singly = world.traces(resource, lambda: [perform(resource, "create", data=[row])[0].record for row in rows])
    with patch.object(creating, "MANY", 10), patch.object(writer, "MANY", 10):  # so that twenty rows go by COPY
        at_once = world.traces(resource, lambda: [o.record for o in perform(resource, "create", data=rows)])
    assert singly == at_once


@listed(CREATABLE)
def test_each_refuses_only_what_is_wrong(resource: Resource, world: World) -> None:
    name = checks.first_required(resource)
    if name is None:
        return
    with world.acting("owner"):
        rows: list[dict[str, Any]] = [samples.data(resource, n) for n in (201, 202, 203)]
        rows[1][name] = ""
        outcomes = perform(resource, "create", data=rows, each=True)
    assert [o.state == "refused" for o in outcomes] == [False, True, False]
    assert isinstance(outcomes[1].error, Invalid)
    assert name in outcomes[1].error.errors
