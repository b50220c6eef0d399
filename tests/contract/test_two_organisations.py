"""Two organisations side by side: whoever works in one asks for everything of the other, by every door, and gets nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.core import auth, files
from app.kernel import jobs
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from tests.contract import samples
from tests.contract.registry import CREATABLE, RESOURCES, listed
from tests.contract.world import World

MARK = "Zebrano"  # stands in all that the other organisation has
BY_REFERENCE = 42
LASTING = ("menu.live",)


@pytest.fixture
def foreign(world: World) -> dict[str, Any]:
    """What the other organisation has: a record of each kind, a file, a job, all with its mark."""
    found: dict[str, Any] = {}
    with world.acting("owner", world.other, world.foreign_id):
        for resource in CREATABLE:
            if resource.key not in ("people.member", "access.role", "access.request"):
                found[resource.key] = samples.make(resource, 2, BY_REFERENCE)[-1]
        site = perform_one("organisation.site", "create", None, {"name": f"{MARK} rig", "kind": "rig", "location": MARK}).record
        file = files.store(io.BytesIO(MARK.encode()), f"{MARK}.csv", "text/csv", purpose="export")
        job = jobs.enqueue("tests.core.closing.full:nothing", title=f"{MARK} job")
        found |= {"organisation.site": site, "file": file, "job": job}
        for name, record in found.items():
            for field in ("title", "name", "label", "narrative", "description", "reason"):
                if isinstance(getattr(record, field, None), str) and name not in ("file", "job"):
                    setattr(record, field, f"{MARK} {getattr(record, field)}"[:100])
        session().flush()
        for record in found.values():
            session().refresh(record)
            session().expunge(record)
    return found


def token_of(world: World) -> dict[str, str]:
    """An API token of the owner of the first organisation."""
    with world.acting("owner"):
        _token, secret = auth.make_token("probe")
    return {"Authorization": f"Bearer {secret}"}


def shows(answer: Any) -> bool:
    """Whether anything of the other organisation stands in an answer."""
    return MARK.encode() in answer.data or b"foreign@south.example" in answer.data or b"South Field" in answer.data


@pytest.mark.requirement("GO-001")
@pytest.mark.requirement("OF-031")
@listed([r for r in CREATABLE if r.key not in ("people.member", "access.role", "access.request")])
def test_a_foreign_record_is_refused_by_address_and_by_api_and_never_listed(
        resource: Resource, world: World, foreign: dict[str, Any]) -> None:
    record, client, machine = foreign[resource.key], world.client("owner"), token_of(world)
    with world.acting("owner"):
        mine = samples.make(resource, 1)[0].id
    other, own = world.url(resource, "south"), world.url(resource)
    api = own.replace("/north/", "/api/v1/north/")
    for address in (f"{other}{record.reference}/", other, f"{own}{record.id}/"):
        assert client.get(address).status_code in (403, 404), address
    stranger = world.stranger()
    for address in (f"{api}{record.id}/", f"/api/v1/south/{resource.module}/{resource.slug}/{record.reference}/",
                    f"/api/v1/south/{resource.module}/{resource.slug}/"):
        assert stranger.get(address, headers=machine).status_code in (403, 404), address
    for listing in (client.get(own), stranger.get(api, headers=machine)):
        assert listing.status_code == 200
        assert str(record.id) not in listing.text
        assert not shows(listing)
    assert str(mine) in stranger.get(api, headers=machine).text


def probes(app: Flask, foreign: dict[str, Any]) -> Iterator[tuple[Rule, str, dict[str, Any]]]:
    """Every route by every method, with ids of the other organisation in place of its arguments."""
    ids = {name: record.id for name, record in foreign.items()}
    for rule in app.url_map.iter_rules():
        if "org" not in rule.arguments or rule.endpoint in LASTING:
            continue
        resource = next((key for key in ids if key in registry.resources and _path(key) in rule.rule), "organisation.site")
        values = {name: _value(rule, name, ids, resource, foreign) for name in rule.arguments - {"org"}}
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield rule, method, values


def _path(key: str) -> str:
    resource = registry.resources[key]
    return f"/{resource.module}/{resource.slug}/"


def _value(rule: Rule, name: str, ids: dict[str, UUID], resource: str, foreign: dict[str, Any]) -> Any:
    kind = type(rule._converters[name]).__name__
    if kind == "UUIDConverter":
        return ids["file"] if "file" in name else ids["job"] if "job" in name else ids[resource]
    if kind == "IntegerConverter":
        return 1
    return foreign[resource].reference if name in ("ref", "reference") else str(ids[resource])


@pytest.mark.requirement("LG-290")
def test_no_route_gives_anything_for_an_id_of_another_organisation(world: World, foreign: dict[str, Any]) -> None:
    client, machine = world.client("owner"), token_of(world)
    csrf = world.token(client)
    adapter, asked, wrong = world.app.url_map.bind("localhost"), 0, []
    for rule, method, values in probes(world.app, foreign):
        for slug in ("north", "south"):
            address = adapter.build(rule.endpoint, {**values, "org": slug}, method=method)
            by_machine = address.startswith(("/api/", "/scim/"))
            headers = machine if by_machine else csrf
            browser: FlaskClient = world.stranger() if by_machine else client
            answer = browser.open(address, method=method, headers=headers)
            asked += 1
            if shows(answer) or answer.status_code >= 500 or (slug == "south" and answer.status_code not in (401, 403, 404, 405)):
                wrong.append((method, address, answer.status_code))
    assert wrong == []
    assert asked > 1_000


@pytest.mark.requirement("OF-565")
def test_lists_search_exports_files_jobs_and_caches_show_nothing(world: World, foreign: dict[str, Any]) -> None:
    client, machine = world.client("owner"), token_of(world)
    for resource in RESOURCES:
        own = world.url(resource)
        for address in (own, f"{own}?q={MARK}", f"{own}export?format=csv", f"{own}export?format=json"):
            assert not shows(client.get(address)), address
        assert not shows(world.stranger().get(own.replace("/north/", "/api/v1/north/"), headers=machine))
    file, job = foreign["file"], foreign["job"]
    for address in (f"/north/search?q={MARK}", f"/north/palette?q={MARK}", "/north/jobs/", "/north/jobs/?of=all", "/north/audit/",
                    f"/north/audit/?q={MARK}", "/north/monitoring/", "/organisations", "/north/inbox/", "/north/notifications/"):
        assert not shows(client.get(address)), address
    for place in ("north", "south"):
        for address in (f"/{place}/files/{file.id}/{file.name}", f"/{place}/jobs/{job.id}/", f"/{place}/jobs/{job.id}/progress"):
            assert client.get(address).status_code == 404, address
    for _twice in range(2):  # what was kept from the first answer is nobody else's
        with world.acting("owner", world.other, world.foreign_id):
            assert session().get(type(file), (world.other.id, file.id)) is not None
        assert client.get(f"/north/files/{file.id}/{file.name}").status_code == 404
        assert not shows(client.get(f"/north/search?q={MARK}"))
