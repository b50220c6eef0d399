"""Each kind of deed leaves its entry: the four of a record, permissions, settings, sign-in; with one trace through logs and jobs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest
from flask import Flask

from app.core import audit, auth, settings
from app.core.audit.canonical import ALL, COLUMNS, canonical, entry_of
from app.core.organisations import Site
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.db import as_identity
from app.kernel.door import perform_one
from tests.core.audit.house import signed_in, token_of
from tests.core.stand import Stand
from tests.core.visitors import PASSWORD, Visitor
from tests.infra.databases import Database

SAME = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.requirement("OF-216")
@pytest.mark.requirement("OF-223")
@pytest.mark.requirement("OF-226")
@pytest.mark.requirement("PK-025")
@pytest.mark.requirement("FL-072")
def test_making_opening_editing_and_deleting_a_record_are_four_entries(app: Flask, stand: Stand) -> None:
    client, sites = signed_in(app, stand, "owner"), f"/{stand.organisation.slug}/organisation/sites/"
    token = token_of(client, f"{sites}new")
    made = client.post(f"{sites}new", data={"csrf_token": token, "name": "Rowan", "kind": "rig"}, headers=SAME)
    page = made.headers["Location"]
    assert client.get(page).status_code == 200
    version = client.get(f"{page}edit").text.split('name="version" value="')[1].split('"')[0]
    edited = client.post(f"{page}edit", data={"csrf_token": token, "name": "Rowan Viking", "kind": "rig", "version": version}, headers=SAME)
    assert edited.status_code == 303
    assert client.post(f"{page}archive", data={"csrf_token": token}, headers=SAME).status_code == 303
    rows = stand.entries(resource="organisation.site")
    assert [row.action.rpartition(".")[2] for row in rows] == ["create", "view", "edit", "archive"]
    assert rows[2].changes == {"name": ["Rowan", "Rowan Viking"]}
    assert len({row.record_id for row in rows}) == 1
    for row in rows:
        assert all(getattr(row, name) is not None for name in ALL if name not in ("on_behalf_of", "change_set_id"))


def _sign_in(app: Flask, stand: Stand) -> None:
    browser = Visitor(app)
    with stand.work(), as_identity(stand.actors["member"].identity_id):
        auth.set_password(stand.actors["member"].identity_id, PASSWORD)
    assert browser.sign_in(stand.actors["member"].email).status_code == 303


def _refuse(app: Flask, stand: Stand) -> None:
    assert signed_in(app, stand, "member").get(f"/{stand.organisation.slug}/audit/").status_code == 403


def _set(_app: Flask, stand: Stand) -> None:
    with stand.work():
        settings.set("audit.retention_years", 8)


def _give(_app: Flask, stand: Stand) -> None:
    with stand.work():
        perform_one("access.single_permission", "create", None, {
            "member": str(stand.actors["member"].id), "pattern": "hse.incident.view", "scope": "company"})


def _ask(_app: Flask, stand: Stand) -> None:
    with stand.work("member"):
        audit.note("probe.deed", context={"reason": "by hand"})


@pytest.mark.requirement("FL-072")
@pytest.mark.parametrize(("deed", "action"), [
    (_sign_in, "auth.sign_in"), (_refuse, "access.permission.refuse"), (_set, "settings.setting."),
    (_give, "access.single_permission.create"), (_ask, "probe.deed")])
def test_each_kind_of_deed_leaves_exactly_one_entry_of_the_same_fields(
        app: Flask, stand: Stand, deed: Callable[[Flask, Stand], None], action: str) -> None:
    """By the one function that writes entries: sign-in, refusal, setting, right, and what is noted by hand."""
    deed(app, stand)
    (row,) = [entry for entry in stand.entries() if entry.action.startswith(action)]
    said = {name: getattr(row, name) for name in ALL}
    filled = ("id", "organisation_id", "at", "actor_id", "channel", "action", "changes", "context", "result")
    assert [name for name in filled if said[name] is None] == []
    assert json.loads(canonical(entry_of(said.values()))).keys() >= set(COLUMNS)


@pytest.mark.requirement("OF-510")
def test_what_is_deleted_is_only_put_away_and_comes_back(app: Flask, stand: Stand) -> None:
    client, sites = signed_in(app, stand, "owner"), f"/{stand.organisation.slug}/organisation/sites/"
    token = token_of(client, f"{sites}new")
    page = client.post(f"{sites}new", data={"csrf_token": token, "name": "Rowan", "kind": "rig"}, headers=SAME).headers["Location"]
    reference = page.rstrip("/").rpartition("/")[2]
    client.post(f"{page}archive", data={"csrf_token": token}, headers=SAME)
    assert f"{sites}{reference}/" not in client.get(sites).text.partition("<main")[2].replace("toast", "")
    with stand.work() as work:
        (kept,) = work.query(Site).filter_by(reference=reference)
        assert kept.archived_at is not None
    client.post(f"{page}restore", data={"csrf_token": token}, headers=SAME)
    assert f"{sites}{reference}/" in client.get(sites).text


@pytest.mark.requirement("OF-218")
def test_a_changed_permission_shows_old_and_new(app: Flask, stand: Stand) -> None:
    from app.core.access import Role, RoleGrant

    with stand.work() as work:
        role = work.query(Role).filter_by(key="viewer").one()
        grant = RoleGrant(role_id=role.id, pattern="hse.incident.view", scope="own")
        work.add(grant)
        work.flush()
        grant.scope = "department"
    row = stand.entries(resource="access.role_grant")[-1]
    assert row.changes["scope"] == ["own", "department"]


@pytest.mark.requirement("OF-219")
def test_a_changed_setting_shows_old_and_new(app: Flask, stand: Stand) -> None:
    with stand.work():
        settings.set("audit.retention_years", 8)
    with stand.work():
        settings.set("audit.retention_years", 9)
    assert stand.entries(resource="settings.setting")[-1].changes["value"] == [8, 9]


@pytest.mark.requirement("OF-219")
def test_a_changed_secret_is_told_without_its_value(app: Flask, stand: Stand) -> None:
    from app.core.sso import Provider
    from app.core.sso.models import Kind
    from app.core.sso.providers import set_secret
    from app.kernel.references import assign

    for secret in ("first-secret", "second-secret"):
        with stand.work() as work:
            provider = work.query(Provider).one_or_none()
            if provider is None:
                provider = Provider(kind=Kind.OIDC, name="House", client_id="house")
                assign([provider])
                work.add(provider)
                work.flush()
            set_secret(provider, secret=secret)
    made, set_first, set_again = stand.entries(resource="sso.provider")
    assert (set_first.changes, set_again.changes) == ({"sealed": [None, "***"]}, {"sealed": ["***", "***"]})
    assert "secret" not in repr([made.changes, set_first.context, set_again.context])
    page = signed_in(app, stand, "auditor").get(f"/{stand.organisation.slug}/audit/{set_again.id}/").text
    assert "Client secret" in page
    assert "***" in page


@pytest.mark.requirement("OF-221")
def test_opening_and_listing_what_is_confidential_leaves_an_entry_for_the_viewer(app: Flask, stand: Stand) -> None:
    from app.core.privacy.models import Kind, PersonRequest
    from app.kernel.references import assign

    with stand.work() as work:
        request = PersonRequest(kind=Kind.ACCESS, member_id=stand.actors["member"].id)
        assign([request])
        work.add(request)
        work.flush()
        reference = request.reference
    client, page = signed_in(app, stand, "auditor"), f"/{stand.organisation.slug}/privacy/requests/"
    assert client.get(page).status_code == 200
    assert client.get(f"{page}{reference}/").status_code == 200
    listed, opened = stand.entries(action="privacy.person_request.view")
    assert (listed.context["rows"], opened.record_reference) == (1, reference)
    for row in (listed, opened):
        assert row.context["confidential"] is True
        assert row.actor_id == stand.actors["auditor"].id


def _job() -> None:
    audit.note("probe.job")
    from app.kernel.db import session

    session().commit()


@pytest.mark.requirement("PK-027")
def test_one_trace_is_in_the_entry_the_log_of_the_request_and_that_of_its_job(
        own: tuple[Database, Stand], caplog: pytest.LogCaptureFixture) -> None:
    database, stand = own
    trace = "trace-4711-abcdef"
    client, page = signed_in(database.app, stand, "auditor"), f"/{stand.organisation.slug}/audit/"
    token = token_of(client, page)
    with caplog.at_level(logging.INFO):
        sent = client.post(f"{page}export", data={"csrf_token": token, "format": "csv"}, headers={**SAME, "X-Request-ID": trace})
        assert sent.status_code == 303
        with stand.work() as work:
            job = work.query(jobs.Job).filter_by(request_id=trace).one()
            job_id = job.id
        assert jobs.run(job_id, stand.organisation.id)
    (entry,) = stand.entries(action="audit.entry.export")
    assert entry.request_id == trace
    names = {record.name for record in caplog.records if getattr(record, "trace", "") == trace}
    assert {"opsflux.request", "opsflux.jobs"} <= names
    assert current.request_id == ""
