"""What every declared resource promises of links: another organisation's record is refused by every door, just like one that never was."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.binding import form_names
from app.resources.bound_fields import raw_of
from tests.contract import checks, samples
from tests.contract.registry import CREATABLE, EDITABLE, listed
from tests.contract.world import World


def links(resource: Resource) -> list[Field]:
    """The fields of the form that refer to other records."""
    fields = fields_of(resource.model)
    return [fields[name] for name in form_names(resource) if fields[name].kind == "reference"]


def line_links(resource: Resource) -> list[Field]:
    """Those of its lines."""
    fields = fields_of(resource.lines.model) if resource.lines else {}
    return [fields[name] for name in resource.lines.fields if fields[name].kind == "reference"] if resource.lines else []


LINKED = [r for r in CREATABLE if links(r) or line_links(r)]


def strangers(world: World, field: Field) -> dict[str, str]:
    """Ids that must all be refused alike: of another organisation's record, and of none."""
    other = registry.of_table(field.reference)
    assert other is not None, f"{field.name} refers to {field.reference}, which no resource is made of"
    with world.acting("owner", world.other, world.foreign_id):
        foreign = samples.linked(field)
    return {"foreign": str(foreign), "nowhere": str(uuid4())}


def count(world: World, resource: Resource) -> int:
    with world.acting("owner"):
        return session().scalar(select(func.count()).select_from(resource.model)) or 0


def alike(said: dict[str, str], ids: dict[str, str]) -> None:
    """The answers differ in nothing but the id that was asked for."""
    assert len({text.replace(ids[what], "·") for what, text in said.items()}) == 1, said


@listed(LINKED)
def test_a_form_refuses_a_foreign_link(resource: Resource, world: World) -> None:
    for field in links(resource):
        with world.acting("owner"):
            data = samples.data(resource, 21)
        ids, before, said = strangers(world, field), count(world, resource), {}
        for what, value in ids.items():
            answer = world.post(world.url(resource) + "new", {**data, field.name: value})
            assert answer.status_code == 422, f"{field.name}: {what}"
            assert f'href="#field-{field.name}"' in answer.text, f"{field.name}: {what}"
            said[what] = checks.error_of(answer.text, field.name)
            assert said[what], f"{field.name}: {what}"
        alike(said, ids)
        assert count(world, resource) == before


@listed(LINKED)
def test_the_api_refuses_a_foreign_link(resource: Resource, world: World) -> None:
    client = world.client("owner")
    for field in [*links(resource), *line_links(resource)]:
        with world.acting("owner"):
            data = samples.data(resource, 22)
        ids, before, said = strangers(world, field), count(world, resource), {}
        inside = field in line_links(resource)
        for what, value in ids.items():
            sent = {**data, "lines": [{**data["lines"][0], field.name: value}]} if inside else {**data, field.name: value}
            answer = client.post(f"/api/v1{world.url(resource)}", json=sent, headers=world.token(client))
            assert answer.status_code == 422, answer.text
            assert list(answer.json["errors"]) == [f"lines.1.{field.name}" if inside else field.name]
            said[what] = str(answer.json["errors"])
        alike(said, ids)
        assert count(world, resource) == before


@listed([r for r in LINKED if r in EDITABLE and links(r)])
def test_an_edit_refuses_a_foreign_link(resource: Resource, world: World) -> None:
    record, client = checks.changeable(world, resource), world.client("owner")
    path = f"{world.url(resource)}{record.reference}/"
    for field in links(resource):
        ids, said = strangers(world, field), {}
        for what, value in ids.items():
            form = checks.edited_form(world, resource, record, field.name, value)
            assert world.post(f"{path}edit", form).status_code == 422, f"{field.name}: {what}"
            answer = client.patch(f"/api/v1{path}", json={field.name: value}, headers={**world.token(client), "If-Match": "*"})
            assert answer.status_code == 422, answer.text
            assert list(answer.json["errors"]) == [field.name]
            said[what] = str(answer.json["errors"])
        alike(said, ids)
        assert unchanged(world, resource, record, field), field.name


@listed([r for r in LINKED if r.importable and links(r)])
def test_an_import_refuses_a_foreign_link(resource: Resource, world: World) -> None:
    key = resource.import_key or "reference"
    for field in links(resource):
        with world.acting("owner"):
            data = {n: v for n, v in samples.data(resource, 23).items() if n != "lines"}
        ids, before = strangers(world, field), count(world, resource)
        target = io.StringIO()
        rows = csv.writer(target)
        rows.writerow({**data, field.name: ""})
        for number, value in enumerate(ids.values()):
            own = {key: f"own{number}@sample.example" if key == "email" else f"Own {number}"} if key in data else {}
            rows.writerow({**data, **own, field.name: value}.values())
        counts, faults = checks.read_again(world, resource, target.getvalue().encode(), "foreign.csv")
        assert counts["refused"] == counts["rows"] == 2, counts
        said = {what: fault[2] for what, (_row, fault) in zip(ids, faults, strict=True)}
        assert [fault[0] for _row, fault in faults] == [field.name] * 2
        alike(said, ids)
        assert count(world, resource) == before


@listed([r for r in EDITABLE if any(f.name in r.bulk_edit for f in links(r))])
def test_a_bulk_edit_refuses_a_foreign_link(resource: Resource, world: World) -> None:
    record = checks.changeable(world, resource)
    for field in [f for f in links(resource) if f.name in resource.bulk_edit]:
        ids, said = strangers(world, field), {}
        for what, value in ids.items():
            answer = world.post(f"{world.url(resource)}bulk", {
                "action": "edit", "_confirmed": "1", "ids": record.reference, "change": field.name, field.name: value})
            assert answer.status_code == 422, f"{field.name}: {what}: {answer.status_code}"
            said[what] = checks.error_of(answer.text, field.name)
            assert said[what], f"{field.name}: {what}"
        alike(said, ids)
        assert unchanged(world, resource, record, field), field.name


@listed([r for r in EDITABLE if r.form])
def test_a_bulk_change_of_a_foreign_record_finds_nothing(resource: Resource, world: World) -> None:
    foreign = world.foreign_record(resource)
    with world.acting("owner", world.other, world.foreign_id):
        session().get_one(resource.model, (world.other.id, foreign.id)).reference = "ZZZ-1999-00001"
    said = {}
    for value in ("ZZZ-1999-00001", "ZZZ-1999-00002", str(foreign.id), str(uuid4())):
        answer = world.post(f"{world.url(resource)}bulk", {"action": "archive", "_confirmed": "1", "ids": value})
        said[value] = f"{answer.status_code} {checks.bare(answer.text).replace(value, '·')}"
    assert len(set(said.values())) == 1, said
    with world.acting("owner", world.other, world.foreign_id):
        assert world.by_reference(resource, "ZZZ-1999-00001").archived_at is None


def unchanged(world: World, resource: Resource, record: Any, field: Field) -> bool:
    """Whether a record refers to what it did."""
    with world.acting("owner"):
        return raw_of(field, world.by_reference(resource, record.reference)) == raw_of(field, record)


def test_there_is_a_link_to_test() -> None:
    assert {r.key for r in LINKED} >= {"procurement.payment", "procurement.requisition", "hse.incident", "people.member"}
