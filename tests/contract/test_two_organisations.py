"""Two organisations side by side: whoever works in one asks for everything of the other, by every door, and gets nothing."""

from __future__ import annotations

import io
from typing import Any

import pytest

from app.core import auth, files
from app.kernel import jobs
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.manifest import Resource
from tests.contract import samples
from tests.contract.registry import CREATABLE, listed
from tests.contract.world import World

MARK = "Zebrano"  # stands in all that the other organisation has
BY_REFERENCE = 42


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
                if type(getattr(record, field, None)) is str and name not in ("file", "job"):
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
@pytest.mark.requirement("OF-031", "OF-565")
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
