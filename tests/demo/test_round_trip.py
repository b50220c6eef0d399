"""Every list of a filled organisation as a file, and read again: nothing is new, nothing changes, nothing is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from app import declare
from app.core import imports, organisations, people
from app.demo.cast import HOUSES
from app.kernel import embedded, jobs
from app.kernel.current import acting
from app.kernel.db import session, unit_of_work
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.features import exporting
from app.resources.querying import count, read
from tests.infra.databases import database_of_its_own

declare()
LISTS = [r for r in registry if r.form and r.creatable and r.importable and r.exportable]
OTHERS = ("xlsx", "ods", "jsonl")  # each list in one of them, in turn, beside CSV
OWNERS = {house.slug: next(post.name for post in house.posts if post.role == "owner") for house in HOUSES}


@pytest.fixture(scope="module")
def demo(servers: embedded.Servers, demo_template: str) -> Iterator[Flask]:
    """A copy of the demo."""
    for database in database_of_its_own(servers, demo_template):
        with database.app.app_context():
            yield database.app


@pytest.mark.timeout(300)
@pytest.mark.parametrize("slug", OWNERS)
@pytest.mark.parametrize("resource", LISTS, ids=lambda r: r.key)
def test_out_and_in_again_changes_nothing(demo: Flask, resource: Resource, slug: str) -> None:
    place = organisations.load_organisation(organisations.place_of(slug))
    with acting(place), unit_of_work():
        member_id = session().query(people.Member.id).filter_by(name=OWNERS[slug]).scalar()
        owner = people.load_actor(place, member_id)
    turn = LISTS.index(resource) + list(OWNERS).index(slug)
    for form in ("csv", OTHERS[turn % len(OTHERS)]):
        with demo.test_request_context("/"), acting(place, owner, channel="page"), unit_of_work():
            wanted, target = read(resource, MultiDict()), io.BytesIO()
            rows, name = exporting.write(wanted, form, target, MultiDict())
            assert count(wanted)[0] == rows
            if not rows:
                return
            run = imports.begin(resource, target.getvalue(), name)
            job_id, reference = imports.start_check(run, resource).id, run.reference
        jobs.run(job_id, place.id)
        with acting(place, owner), unit_of_work():
            run = imports.find_run(resource, reference)
            session().refresh(run)
            wrong = [(row.number, row.errors, row.raw) for row in imports.refused(run, limit=3)]
            wrong += [(row.number, row.before, row.parsed) for row in imports.changes(run, limit=3)]
            assert wrong == [], form
            assert (run.state, run.row_count, run.created_count, run.updated_count, run.refused_count, run.same_count) == (
                imports.State.CHECKED, rows, 0, 0, 0, rows)
