"""Where a person is named: the declaration says whether a group may stand there, and where it may, every door takes one."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import people, search
from app.core.access import reach
from app.core.workflow import About, Decider, Directory, found
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import DeclarationError, Invalid
from app.kernel.fields import PEOPLE, Field, fields_of, reference
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from tests.contract import checks, samples
from tests.contract.registry import CREATABLE, RESOURCES
from tests.contract.world import World

NAME = "HSE department"


def taking(resource: Resource) -> list[Field]:
    """The fields of a resource in which a group may stand."""
    return [field for field in fields_of(resource.model).values() if field.groups]


PLACES = [(resource, field) for resource in CREATABLE for field in taking(resource)]
places = pytest.mark.parametrize(("resource", "field"), PLACES, ids=[f"{r.key}-{f.name}" for r, f in PLACES])


def group(world: World, *roles: str, above: str = "") -> Any:
    """A group of the members of these roles."""
    with world.acting("owner"):
        return perform_one("people.group", "create", None, {
            "name": NAME if not above else "Night shift", "kind": "functional", "parent": above,
            "lines": [{"member": str(world.ids[role])} for role in roles]}).record.id


def made(world: World, resource: Resource, field: Field, value: Any) -> Any:
    """A record with a group in that field, made by the admin, who is not in it."""
    with world.acting("admin"):
        record = perform_one(resource, "create", None, {**samples.data(resource, 7), field.name: str(value)}).record
        session().flush()
        return record.id


def test_the_declaration_says_it_of_every_person() -> None:
    with pytest.raises(DeclarationError, match="groups=True or groups=False"):
        reference(PEOPLE, "Owner")
    named = [(r.key, f.name) for r in RESOURCES for f in fields_of(r.model).values() if f.reference == PEOPLE]
    assert len(named) > 5
    assert {(r.key, f.name) for r, f in PLACES} >= {("hse.corrective_action", "owner"), ("calendar.duty_turn", "member")}
    assert [f.name for r in RESOURCES for f in taking(r) if f.reference != PEOPLE] == []


@pytest.mark.requirement("OF-069")
@places
def test_a_group_is_chosen_where_a_person_is(world: World, resource: Resource, field: Field) -> None:
    chosen = group(world, "manager")
    form = world.client("owner").get(f"{world.url(resource)}new").text
    address = f"/{world.slug}/people/members/pick?groups=1"
    assert f'hx-get="{address}"' in form
    offered = world.client("owner").get(f"{address}&{field.name}__text=hse").text
    assert f'data-value="{chosen}"' in offered
    assert "Group · " in offered
    assert f'data-value="{world.ids["viewer"]}"' in world.client("owner").get(f"{address}&q=viewer").text, "people are offered as before"
    with world.acting("admin"):
        typed, sent = samples.data(resource, 5), samples.data(resource, 6)
        code = session().get_one(people.Group, (world.place.id, chosen)).reference
    typed.pop(field.name)
    answer = world.post(f"{world.url(resource)}new", {**typed, f"{field.name}__text": NAME, field.name: ""})
    assert answer.status_code == 303, "typed without script, the name is enough"
    page = world.client("owner").get(answer.location).text
    assert NAME in page
    assert f"/people/groups/{code}/" in page, "and leads to the group"
    api = world.client("owner").post(f"/api/v1{world.url(resource)}", json={**sent, field.name: code},
                                     headers=world.token(world.client("owner")))
    assert api.status_code == 201, api.text
    assert api.json[field.name]["title"] == NAME


@pytest.mark.requirement("OF-069")
@places
def test_what_is_a_groups_is_its_members(world: World, resource: Resource, field: Field) -> None:
    """Theirs are also those in a group below; who leaves has it no more; who was never in it never had it."""
    top = group(world)
    group(world, "manager", above=str(top))
    record_id = made(world, resource, field, top)
    model: Any = resource.model

    def mine(role: str) -> bool:
        with world.acting(role):
            record = session().get_one(model, (world.place.id, record_id), populate_existing=True)
            by_one = reach.is_own(current.user, record)
            listed = session().query(model.id).filter(reach.within(model, "own", current.user)).all()
            assert by_one is (record_id in {row.id for row in listed}), "one and many say the same"
            return by_one

    assert (mine("manager"), mine("viewer")) == (True, False)
    with world.acting("owner"):
        record = session().get_one(model, (world.place.id, record_id))
        directory, about = Directory(), About(record, world.ids["owner"])
        assert found(directory, [Decider("field", field.name)], about, set()) == [world.ids["manager"]]
        perform_one("people.group", "archive", top, {})
    assert mine("manager") is False, "a group that was put away asks nobody"


@pytest.mark.requirement("OF-069")
@places
def test_lists_search_exports_and_imports_know_its_name(world: World, resource: Resource, field: Field) -> None:
    chosen = group(world, "manager", "owner")
    record_id = made(world, resource, field, chosen)
    model: Any = resource.model
    with world.acting("owner"):
        code = session().get_one(model, (world.place.id, record_id)).reference
        group_code = session().get_one(people.Group, (world.place.id, chosen)).reference
        if field.name in resource.search:
            assert code in {hit.reference for hit in search.find("HSE depart", limit=50).hits}
    client, url = world.client("owner"), world.url(resource)
    if field.name in resource.filters:
        for wanted in ("@me", str(chosen), group_code):
            shown = client.get(f"{url}?{field.name}={wanted}").text
            assert code in shown, wanted
        assert NAME in client.get(f"{url}?{field.name}={chosen}").text
        assert code not in client.get(f"{url}?{field.name}={world.ids['viewer']}").text
    sheet = client.get(f"{url}export?format=csv").text
    assert NAME in sheet
    line = next(row for row in sheet.splitlines() if NAME in row)
    counts, faults = checks.read_again(world, resource, f"{sheet.splitlines()[0]}\n{line}\n".encode(), "again.csv")
    assert (counts["same"], faults) == (1, []), "what was exported comes back as it was"


@pytest.mark.requirement("OF-069")
@places
def test_a_group_that_was_put_away_is_chosen_no_more_and_stays_where_it_stands(world: World, resource: Resource, field: Field) -> None:
    chosen = group(world, "manager")
    record_id = made(world, resource, field, chosen)
    with world.acting("owner"):
        perform_one("people.group", "archive", chosen, {})
    assert str(chosen) not in world.client("owner").get(f"/{world.slug}/people/members/pick?groups=1&q=hse").text
    with world.acting("admin"):
        with pytest.raises(Invalid):
            perform_one(resource, "create", None, {**samples.data(resource, 9), field.name: str(chosen)})
        session().rollback()
    with world.acting("admin"):
        kept = perform_one(resource, "edit", record_id, {field.name: str(chosen)}).record
        assert field.value(kept) == chosen


@pytest.mark.requirement("OF-069")
@places
def test_a_group_of_another_organisation_is_not_known(world: World, resource: Resource, field: Field) -> None:
    theirs = world.foreign_record(registry.resource("people.group"))
    with world.acting("admin"):
        for said in (str(theirs.id), theirs.name):
            with pytest.raises(Invalid):
                perform_one(resource, "create", None, {**samples.data(resource, 9), field.name: said})
        session().rollback()
