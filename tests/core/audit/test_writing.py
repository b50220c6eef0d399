"""What the trail holds of a change, whichever feed it came by."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from app.core import audit
from app.core.audit.canonical import ALL, digest, entry_of, key
from app.core.audit.feeds import resource_name
from app.core.audit.models import AuditEntry
from app.core.organisations import Site
from app.core.organisations.models import SiteKind
from app.kernel import clock
from app.kernel.bulk import copy_records, record_rows
from app.kernel.current import PLATFORM_ID, SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import DeclarationError
from app.kernel.records import new_id, refresh_keys
from app.kernel.references import assign
from tests.core.stand import Stand


def test_a_new_record_is_told_with_every_field_that_has_a_value(stand: Stand) -> None:
    with stand.work():
        site = stand.site("Nordsee Alpha")
        record_id, reference = site.id, site.reference
    (entry,) = stand.entries(record_id=record_id)
    assert entry.changes == {"name": [None, "Nordsee Alpha"], "kind": [None, "office"]}
    assert (entry.action.rpartition(".")[2], entry.record_reference, entry.result) == ("create", reference, "ok")
    assert (entry.actor_id, entry.channel, entry.request_id) == (stand.actors["owner"].id, "page", "request-1")


def test_an_edit_tells_before_and_after_in_machine_values(stand: Stand) -> None:
    with stand.work():
        record_id = stand.site("Base").id
    with stand.work() as work:
        site = work.scalars(select(Site).where(Site.id == record_id)).one()
        site.kind, site.location = SiteKind.RIG, "Aberdeen"
    entry = stand.entries(record_id=record_id)[-1]
    assert entry.action.endswith(".edit")
    assert entry.changes == {"kind": ["office", "rig"], "location": [None, "Aberdeen"]}


def test_archive_and_restore_have_their_own_verbs(stand: Stand) -> None:
    with stand.work():
        record_id = stand.site("Base").id
    for moment in (clock.now(), None):
        with stand.work() as work:
            work.scalars(select(Site).where(Site.id == record_id)).one().archived_at = moment
    assert [e.action.rpartition(".")[2] for e in stand.entries(record_id=record_id)] == ["create", "archive", "restore"]


def test_setting_a_field_to_what_it_was_says_nothing(stand: Stand) -> None:
    with stand.work():
        record_id = stand.site("Base").id
    with stand.work() as work:
        site = work.scalars(select(Site).where(Site.id == record_id)).one()
        site.name = "Base"
    assert len(stand.entries(record_id=record_id)) == 1


def test_a_value_that_was_not_loaded_is_still_told(stand: Stand) -> None:
    with stand.work() as work:
        site = stand.site("Base")
        work.expire(site)
        site.name, site.name_key = "Camp", "camp"
        record_id = site.id
    assert stand.entries(record_id=record_id)[-1].changes == {"name": ["Base", "Camp"]}


def test_what_the_door_does_names_the_action_of_its_own_records_only(stand: Stand) -> None:
    name = resource_name(Site)
    with stand.work(), audit.doing(f"{name}.commission", approval="a-1"):
        own = stand.site("Base").id
    with stand.work(), audit.doing("hse.incident.close"):
        other = stand.site("Camp").id
    (first,), (second,) = stand.entries(record_id=own), stand.entries(record_id=other)
    assert (first.action, first.context) == (f"{name}.commission", {"approval": "a-1"})
    assert (second.action, second.context) == (f"{name}.create", {"within": "hse.incident.close"})


def test_many_by_copy_leave_the_same_rows_as_one_at_a_time(stand: Stand) -> None:
    with stand.work():
        one = stand.site("Single").id
        sites = [Site(name="Single", kind=SiteKind.OFFICE) for _ in range(600)]
        assign(sites)
        for place, site in enumerate(sites):
            site.organisation_id, site.id, site.name = stand.organisation.id, new_id(), f"Many {place}"
        record_rows(sites)
        for site in sites:
            refresh_keys(site)
        copy_records(sites)
        audit.record_created(sites)
        many = {site.id for site in sites}
    (single,) = stand.entries(record_id=one)
    copied = [entry for entry in stand.entries(action=single.action) if entry.record_id in many]
    assert len(copied) == 600
    assert {tuple(sorted(entry.changes)) for entry in copied} == {tuple(sorted(single.changes))}
    said = {(entry.actor_id, entry.channel, entry.result, entry.resource) for entry in copied}
    assert said == {(single.actor_id, single.channel, single.result, single.resource)}


def test_every_row_carries_a_keyed_digest_of_its_own_bytes(stand: Stand) -> None:
    with stand.work():
        stand.site("Base")
    for entry in stand.entries():
        values = entry_of(getattr(entry, name) for name in ALL)
        assert digest(key("entry"), values) == entry.digest
        assert digest(key("entry"), {**values, "result": "other"}) != entry.digest


def test_a_statement_past_the_feeds_is_refused(stand: Stand) -> None:
    with stand.work() as work:
        stand.site("Base")
        with pytest.raises(DeclarationError, match="audited"):
            work.execute(update(Site).values(name="Anything"))


def test_an_undone_piece_of_work_leaves_no_row(stand: Stand) -> None:
    with pytest.raises(RuntimeError), stand.work():
        record_id = stand.site("Base").id
        raise RuntimeError
    assert stand.entries(record_id=record_id) == []


def test_an_undone_savepoint_takes_its_rows_along(stand: Stand) -> None:
    with stand.work() as work:
        kept = stand.site("Base").id
        with pytest.raises(RuntimeError), work.begin_nested():
            gone = stand.site("Camp").id
            raise RuntimeError
    assert len(stand.entries(record_id=kept)) == 1
    assert stand.entries(record_id=gone) == []


def test_who_acted_is_known_though_the_first_try_was_undone_past_a_savepoint(stand: Stand) -> None:
    from app.core.audit.models import AuditPerson

    with pytest.raises(RuntimeError), stand.work() as work:
        with work.begin_nested():
            stand.site("Gone")
        raise RuntimeError
    with stand.work() as work:
        stand.site("Kept")
        work.flush()
        assert work.get(AuditPerson, (stand.organisation.id, stand.actors["owner"].id)) is not None


def test_a_note_is_for_what_changes_no_record(stand: Stand) -> None:
    with stand.work():
        audit.note("auth.session.sign_in", context={"address": "192.0.2.1"})
        audit.note("hse.incident.close", result="refused", resource="hse.incident", context={"reason": "not yours"})
    entry, refused = stand.entries(action="auth.session.sign_in")[0], stand.entries(result="refused")[0]
    assert entry.context == {"address": "192.0.2.1"}
    assert (refused.resource, refused.context["reason"]) == ("hse.incident", "not yours")


def test_a_note_apart_outlives_the_refused_work(own: tuple[object, Stand]) -> None:
    _database, stand = own
    with pytest.raises(RuntimeError), stand.work():
        audit.note("hse.incident.close", result="refused", apart=True)
        raise RuntimeError
    assert len(stand.entries(result="refused")) == 1


def test_crossing_organisations_needs_a_reason_and_stands_in_the_platforms_chain(stand: Stand) -> None:
    with pytest.raises(ValueError, match="reason"), stand.work(), audit.across_organisations(" "):
        pass
    with stand.work(), audit.across_organisations("support case 42"):
        pass
    assert stand.entries(action="platform.organisation.cross") == []
    assert [entry.context for entry in _platform(actor_id=stand.actors["owner"].id)] == [{"reason": "support case 42"}]


def test_making_an_organisation_stands_in_the_platforms_chain(stand: Stand) -> None:
    (entry,) = _platform(record_id=stand.organisation.id)
    assert (entry.action, entry.record_reference) == ("platform.organisation.create", stand.organisation.slug)


def _platform(**wanted: Any) -> list[AuditEntry]:
    with acting(Organisation(PLATFORM_ID, "platform", "Platform"), SYSTEM), unit_of_work() as work:
        found = list(work.scalars(select(AuditEntry).filter_by(**wanted)))
        work.expunge_all()
    return found
