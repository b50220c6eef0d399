"""What people type, and what they find."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from sqlalchemy import select, text
from werkzeug.datastructures import MultiDict

from app.core import audit, search
from app.core.organisations import Site
from app.core.search import feed, finding
from app.kernel import clock, outbox, together
from app.kernel.bulk import copy_records, record_rows
from app.kernel.current import SYSTEM, acting, current
from app.kernel.door import perform, perform_one
from app.kernel.manifest import Resource
from app.kernel.records import new_id, refresh_keys
from app.kernel.references import assign
from app.kernel.registry import registry
from app.modules.procurement.models import Supplier
from app.resources.querying import count, read
from tests.core.stand import Stand
from tests.infra.databases import Database

NAMES = ("Nordsee Électricité", "Harbour crane", "Pump house number 7", "Pump house number 77", "O'Brien's quay-side office")
BIRDS = ("Heron", "Gannet", "Plover", "Curlew", "Bittern", "Osprey")


@pytest.fixture
def sites() -> Resource:
    """The resource of sites."""
    found = registry.of_model(Site)
    assert found is not None
    return found


@pytest.fixture
def stand(app: Flask, sites: Resource) -> Stand:
    """An organisation with some places to find."""
    made = Stand()
    with made.work():
        search.index(sites, [made.site(name) for name in NAMES])
    return made


def _found(stand: Stand, typed: str, role: str = "owner") -> list[str]:
    with stand.work(role):
        return [hit.title for hit in search.find(typed).hits]


@pytest.mark.parametrize(("typed", "title"), [
    ("crane", "Harbour crane"), ("CRANE harbour", "Harbour crane"), ("electricite", "Nordsee Électricité"),
    ("ÉLECTRICITÉ", "Nordsee Électricité"), ("harb", "Harbour crane"), ("harbour cra", "Harbour crane"),
    ("obrien's", "O'Brien's quay-side office"), ("quay", "O'Brien's quay-side office"), ("quay-side", "O'Brien's quay-side office"),
])
def test_words_in_any_order_case_and_accent_and_beginnings_are_found(stand: Stand, typed: str, title: str) -> None:
    assert _found(stand, typed) == [title]


@pytest.mark.parametrize("typed", ["carne", "harbuor", "cranne", "nordze electrcite", "habour crane"])
def test_typing_errors_are_corrected_and_it_says_so(stand: Stand, typed: str) -> None:
    with stand.work():
        found = search.find(typed)
    assert len(found.hits) == 1
    assert found.suggestion not in ("", typed)


def test_a_whole_word_stands_above_its_continuations(stand: Stand) -> None:
    assert _found(stand, "pump 7") == ["Pump house number 7", "Pump house number 77"]


def test_a_record_is_found_by_its_reference_and_by_parts_of_it(stand: Stand) -> None:
    with stand.work() as work:
        reference = work.scalars(select(Site.reference).where(Site.name == "Harbour crane")).one()
    for typed in (reference, reference.lower(), reference[-5:]):
        assert "Harbour crane" in _found(stand, typed)


@pytest.mark.parametrize("typed", ["", "   ", "'", "' | '", "a & !b", "crane:*:*A", "\\", "%", "<script>", "\x00", "(((", "–", "🦀"])
def test_nothing_that_is_typed_breaks_it(stand: Stand, typed: str) -> None:
    _found(stand, typed)


def test_an_edit_moves_the_words_and_an_archive_takes_them_away(stand: Stand, sites: Resource) -> None:
    with stand.work() as work:
        site = work.scalars(select(Site).where(Site.name == "Harbour crane")).one()
        site.name = "Harbour derrick"
        refresh_keys(site)
        work.flush()
        search.index(sites, [site])
    assert (_found(stand, "derrick"), _found(stand, "crane")) == (["Harbour derrick"], [])
    with stand.work() as work:
        site = work.scalars(select(Site).where(Site.name == "Harbour derrick")).one()
        site.archived_at = clock.now()
        work.flush()
        search.index(sites, [site])
    assert _found(stand, "derrick") == []


def test_undone_work_cannot_be_found(stand: Stand, sites: Resource) -> None:
    with pytest.raises(RuntimeError), stand.work():
        search.index(sites, [stand.site("Lighthouse")])
        raise RuntimeError
    assert _found(stand, "lighthouse") == []


def test_many_by_copy_are_found_like_one(stand: Stand, sites: Resource) -> None:
    with stand.work():
        made = [Site(name=f"Container {place}") for place in range(600)]
        assign(made)
        for site in made:
            site.organisation_id, site.id = stand.organisation.id, new_id()
        record_rows(made)
        for site in made:
            refresh_keys(site)
        copy_records(made)
        audit.record_created(made)
        search.index(sites, made)
    assert "Container 599" in _found(stand, "container 599")
    with stand.work():
        assert len(search.matching("container", sites, limit=1_000)) == 600
        search.remove([site.id for site in made])
    assert _found(stand, "container 599") == []


def test_what_a_service_changes_beside_its_own_record_is_found_too(stand: Stand) -> None:
    with stand.work():
        stand.site("Lighthouse")
    assert _found(stand, "lighthouse") == ["Lighthouse"]
    with stand.work() as work:
        site = work.scalars(select(Site).where(Site.name == "Lighthouse")).one()
        site.name = "Beacon"
        refresh_keys(site)
    assert (_found(stand, "lighthouse"), _found(stand, "beacon")) == ([], ["Beacon"])
    with stand.work() as work:
        work.delete(work.scalars(select(Site).where(Site.name == "Beacon")).one())
    assert _found(stand, "beacon") == []


def test_a_savepoint_that_was_undone_leaves_nothing_to_find(stand: Stand) -> None:
    with stand.work() as work:
        with pytest.raises(RuntimeError), work.begin_nested():
            stand.site("Lighthouse")
            raise RuntimeError
        stand.site("Beacon")
    assert (_found(stand, "lighthouse"), _found(stand, "beacon")) == ([], ["Beacon"])


def test_another_organisation_finds_nothing_of_it(stand: Stand) -> None:
    other = Stand("other")
    assert _found(other, "crane") == []
    assert _found(other, "carne") == []


def test_who_may_not_view_does_not_find(stand: Stand) -> None:
    from dataclasses import replace

    stand.actors["member"] = replace(stand.actors["member"], grants=())
    assert _found(stand, "crane", "member") == []


def test_hits_say_where_they_lead_and_are_grouped(stand: Stand, sites: Resource) -> None:
    with stand.work():
        found = search.find("pump")
        (group,) = found.groups
        assert (group.label, len(group.hits)) == (sites.plural, 2)
        assert found.hits[0].url == f"/{stand.organisation.slug}/{sites.module}/{sites.slug}/{found.hits[0].reference}/"
        assert group.url.endswith("?q=pump")


def _supplied(stand: Stand, name: str, count: int) -> Supplier:
    """A supplier of that name with so many payments."""
    supplier = perform_one("procurement.supplier", "create", None, {"name": name}).record
    rows = [{"supplier": str(supplier.id), "amount": "1.00", "paid_on": "2026-06-01", "transaction_number": f"{supplier.reference}/{n}"}
            for n in range(count)]
    with acting(stand.organisation, current.user, channel="import"):  # nothing follows from them: they are only to be found
        perform("procurement.payment", "create", data=rows)
    return supplier


def _deliver(stand: Stand) -> None:
    with acting(stand.organisation, SYSTEM):
        while outbox.drain(stand.organisation.id):
            pass


def _listed(stand: Stand, typed: str) -> int:
    payments = registry.resource("procurement.payment")
    with stand.work():
        return count(read(payments, MultiDict({"q": typed})))[0]


def test_who_bears_a_name_stands_above_who_refers_to_it(stand: Stand) -> None:
    with stand.work():
        _supplied(stand, "Ostermann", 30)
    assert _found(stand, "ostermann")[0] == "Ostermann"
    assert len(_found(stand, "ostermann")) == 20
    assert _found(stand, "osterman")[0] == "Ostermann"  # a beginning
    assert _listed(stand, "ostermann") == 30
    assert _listed(stand, "ostremann") == 30  # a typing error


def test_a_new_name_is_followed_a_portion_at_a_time(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PORTION", 8)
    with stand.work():
        supplier_id = _supplied(stand, "Ostermann", 20).id
    with stand.work():
        perform_one("procurement.supplier", "edit", supplier_id, {"name": "Westermann"})
    assert (_listed(stand, "westermann"), _listed(stand, "ostermann")) == (0, 20)  # after the commit, not within it
    _deliver(stand)
    assert (_listed(stand, "westermann"), _listed(stand, "ostermann")) == (20, 0)
    with stand.work() as work:
        owed = work.query(outbox.OutboxRow).filter_by(name=feed.FOLLOW).all()
        assert sorted(row.payload["resource"] for row in owed) == sorted(
            ["procurement.payment"] * 3 + ["procurement.requisition", "procurement.journal_line"])


def test_an_edit_that_leaves_the_name_owes_nothing(stand: Stand) -> None:
    with stand.work():
        supplier_id = _supplied(stand, "Ostermann", 1).id
    with stand.work() as work:
        perform_one("procurement.supplier", "edit", supplier_id, {"contact": "Ann"})
    with stand.work() as work:
        assert work.query(outbox.OutboxRow).filter_by(name=feed.FOLLOW).count() == 0


def test_many_names_at_once_are_followed_too(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MANY", 3)
    with stand.work():
        suppliers = [_supplied(stand, f"Oldtown {bird}", 1).id for bird in BIRDS]
    with stand.work():
        perform("procurement.supplier", "edit", suppliers, [{"name": f"Quayside {bird}"} for bird in BIRDS])
    _deliver(stand)
    assert [_listed(stand, f"quayside {bird}") for bird in BIRDS] == [1] * 6
    assert _listed(stand, "oldtown") == 0


def test_a_list_holds_all_that_match_however_many(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    with stand.work():
        _supplied(stand, "Ostermann", 12)
        _supplied(stand, "Westermann", 3)
    for plenty in (5, 10_000):
        monkeypatch.setattr(finding, "PLENTY", plenty)
        assert (_listed(stand, "ostermann"), _listed(stand, "westermann"), _listed(stand, "lighthouse")) == (12, 3, 0)
    other = Stand("other")
    assert _listed(other, "ostermann") == 0


def test_the_index_made_anew_finds_the_same(fresh_database: Database) -> None:
    with fresh_database.app.app_context():
        stand = Stand()
        with stand.work() as work:
            for name in NAMES:
                stand.site(name)
            gone = stand.site("Lighthouse").id
        with stand.work() as work:
            work.execute(text("DELETE FROM search_entry WHERE id <> :gone"), {"gone": gone})
            work.execute(text("UPDATE site SET archived_at = now() WHERE id = :gone"), {"gone": gone})
        assert _found(stand, "crane") == []
        result = fresh_database.app.test_cli_runner().invoke(args=["search", "rebuild", "--json"])
        assert (result.exit_code, json.loads(result.stdout)[stand.organisation.slug] >= len(NAMES)) == (0, True), result.output
        assert _found(stand, '"harbour crane"') == ["Harbour crane"]
        with stand.work() as work:
            assert work.execute(text("SELECT count(*) FROM search_entry WHERE id = :gone"), {"gone": gone}).scalar() == 0
