"""Dashboards: tiles count what their list counts, obey sight, are arranged by each person, shared, printed, and follow what happens."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from flask import Flask
from pypdf import PdfReader

from app.kernel.current import Grant
from app.kernel.errors import Forbidden, Invalid, NotFound
from app.kernel.records import new_id
from app.kernel.registry import registry
from app.kernel.tiles import Tile
from app.modules.dashboards import boards, layout, services
from app.modules.dashboards.models import Dashboard
from app.modules.dashboards.showing import Filters, draw
from tests.modules.hse.test_incidents import said
from tests.modules.office import Office
from tests.modules.visitor import Visitor
from tests.resources.test_figures import seen_by

TILES = [{"key": "a", "title": "Reported", "kind": "figure", "resource": "hse.incident", "dated": "occurred_at"},
         {"key": "b", "title": "By kind", "kind": "bar", "resource": "hse.incident", "by": "kind", "width": 2},
         {"key": "c", "title": "Latest", "kind": "list", "resource": "hse.incident", "width": 2},
         {"key": "d", "title": "Read me", "kind": "text", "text": "Look at the list first."}]
Visit = Callable[[str], Visitor]


@pytest.fixture(autouse=True)
def _addressed(app: Flask) -> Iterator[None]:
    with app.test_request_context("/office/"):
        yield


def send(visitor: Visitor, path: str, data: dict[str, Any], page: str) -> Any:
    """Send a form with the token of the page that it stands on."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get(page))
    assert token
    return visitor.client.post(f"/office{path}", data={"csrf_token": token[1], **data})


def board(office: Office, by: str = "hanna", **changes: Any) -> str:
    data = {"name": "Safety", "shared": "everybody", "tiles": json.dumps(TILES), **changes}
    reference: str = office.make("dashboards.dashboard", by, data).record.reference
    return reference


def incidents(office: Office, *kinds: str) -> None:
    for kind in kinds:
        office.make("hse.incident", "hanna", said(office, kind=kind))


def figure(page: str, title: str) -> str:
    found = re.search(rf'aria-label="{title}".*?tabular-nums[^>]*>([^<]+)<', page, re.DOTALL)
    assert found, page
    return found[1]


@pytest.mark.parametrize("wrong", ["{", "[1]", '[{"kind": "pile"}]', '[{"kind": "bar", "resource": "hse.incident"}]',
                                   '[{"kind": "figure", "resource": "hse.accident"}]',
                                   '[{"kind": "figure", "resource": "hse.incident", "query": "statos=open"}]',
                                   '[{"kind": "figure", "resource": "hse.incident", "measure": "sum:title"}]',
                                   '[{"kind": "text", "key": "a"}, {"kind": "text", "key": "a"}]',
                                   json.dumps([{"kind": "text", "key": str(n)} for n in range(25)])])
def test_tiles_that_mean_nothing_are_refused(office: Office, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        board(office, tiles=wrong)
    assert list(refused.value.errors) == ["tiles"]


def test_a_tile_counts_what_its_list_counts(office: Office, visit: Visit) -> None:
    incidents(office, "near_miss", "near_miss", "first_aid")
    reference = board(office)
    hanna = visit("hanna")
    page = hanna.get(f"/dashboards/{reference}/")
    assert figure(page, "Reported") == "3"
    assert "<title>Near miss: 2</title>" in page
    assert re.search(r'<a class="link" href="[^"]*kind=near_miss">Near miss</a></th><td class="num">2</td>', page)
    address = re.search(r'<a class="block h-full p-4 hover:bg-accent" href="([^"]*)"', page)
    assert address
    behind = hanna.get(address[1].replace("&amp;", "&").partition("/office")[2])
    assert len(set(re.findall(r"INC-\d{4}-\d{5}", behind))) == 3


def test_what_somebody_may_not_see_is_absent(office: Office) -> None:
    incidents(office, "near_miss", "first_aid")
    tiles = [*TILES, {"key": "p", "title": "Paid", "kind": "figure", "resource": "procurement.payment", "measure": "sum:amount"}]
    reference = board(office, "olive", tiles=json.dumps(tiles))
    with seen_by(office, "hanna", Grant("dashboards.*.view"), Grant("hse.*.view", site=UUID(office.site))):
        drawn = [draw(tile, Filters()) for tile in boards.find(reference).tiles]
        assert drawn[-1].absent == "You may not see what this is about."
        assert not drawn[-1].numbers
        assert drawn[0].numbers[0].value == 2
    with seen_by(office, "hanna", Grant("dashboards.*.view"), Grant("hse.*.view", site=new_id())):
        nothing = [draw(tile, Filters()) for tile in boards.find(reference).tiles]
        assert nothing[0].numbers[0].value == 0
        assert nothing[1].pictures[0].chart.empty
        assert nothing[2].rows == ()


def test_a_site_above_the_tiles_narrows_them(office: Office) -> None:
    incidents(office, "near_miss")
    tile = layout.parse(json.dumps(TILES))[0]
    with office.as_("hanna"):
        assert draw(tile, Filters(site=office.site)).numbers[0].value == 1
        assert draw(tile, Filters("all")).numbers[0].moved == ""
        assert "before" in draw(tile, Filters("30")).numbers[0].moved


@pytest.mark.parametrize(("target", "better", "tone"), [(5, "down", "good"), (1, "down", "danger"), (2, "up", "good"), (9, "up", "danger")])
def test_a_target_has_a_colour_and_words(office: Office, target: float, better: Any, tone: str) -> None:
    incidents(office, "near_miss", "near_miss", "near_miss")
    with office.as_("hanna"):
        found = draw(replace(layout.parse(json.dumps(TILES))[0], target=target, better=better), Filters()).numbers[0]
    assert (found.tone, bool(found.verdict)) == (tone, True)


@pytest.mark.requirement("OF-542")
def test_whoever_it_is_shared_with_sees_it_by_right(office: Office, visit: Visit) -> None:
    incidents(office, "near_miss")
    private, shared = board(office, name="Private", shared="private"), board(office, name="Shared")
    with office.as_("olive"):
        assert [each.title for each in boards.made()] == ["Shared"]
        with pytest.raises(NotFound):
            boards.find(private)
    olive = visit("olive")
    assert olive.client.get(f"/office/dashboards/{private}/").status_code == 404
    page = olive.get(f"/dashboards/{shared}/")
    assert figure(page, "Reported") == "1"
    assert "Read me" in page
    with office.as_("mo"), pytest.raises(Forbidden):
        boards.find(shared).keep([])
        from app.kernel.door import perform_one
        perform_one("dashboards.dashboard", "edit", boards.find(shared).record.id, {"name": "Mine now"})


@pytest.mark.requirement("LG-342")
def test_each_person_arranges_it_for_themselves(office: Office, visit: Visit) -> None:
    reference = board(office)
    order = lambda name: re.findall(r'data-tile="(\w)"', visit(name).get(f"/dashboards/{reference}/"))  # noqa: E731
    mo = visit("mo")
    build = f"/dashboards/{reference}/?build=1"
    for do, tile in (("later", "a"), ("wider", "a"), ("remove", "c")):
        assert send(mo, f"/dashboards/{reference}/arrange", {"do": do, "tile": tile}, build).status_code == 303
    assert order("mo") == ["b", "a", "d"]
    assert order("hanna") == ["a", "b", "c", "d"]
    with office.as_("mo"):
        assert [tile.width for tile in boards.find(reference).tiles] == [2, 2, 1]
    send(mo, f"/dashboards/{reference}/arrange", {"do": "original"}, f"/dashboards/{reference}/?build=1")
    assert order("mo") == ["a", "b", "c", "d"]


def test_who_made_it_changes_it_for_everybody(office: Office, visit: Visit) -> None:
    reference = board(office)
    hanna = visit("hanna")
    send(hanna, f"/dashboards/{reference}/arrange", {"do": "order", "order": ["d", "c", "b", "a"]}, f"/dashboards/{reference}/?build=1")
    send(hanna, f"/dashboards/{reference}/arrange", {"do": "remove", "tile": "c"}, f"/dashboards/{reference}/?build=1")
    with office.as_("mo"):
        assert boards.find(reference).known == ["d", "b", "a"]


def test_a_tile_is_added_in_two_steps_and_changed(office: Office, visit: Visit) -> None:
    reference = board(office, tiles="[]")
    hanna = visit("hanna")
    first = hanna.get(f"/dashboards/{reference}/tile")
    assert 'name="resource"' in first
    assert 'name="by"' not in first
    step = f"/dashboards/{reference}/tile?kind=bar&resource=hse.incident"
    assert 'name="by"' in hanna.get(step)
    empty = send(hanna, f"/dashboards/{reference}/tile", {"kind": "bar", "resource": "hse.incident", "title": "By site"}, step)
    assert empty.status_code == 422
    assert 'href="#tile-by"' in empty.text
    saved = send(hanna, f"/dashboards/{reference}/tile", {"kind": "bar", "resource": "hse.incident", "title": "By site", "by": "site",
                                                        "measure": "count", "every": "month", "width": "2"}, step)
    assert saved.status_code == 303
    send(hanna, f"/dashboards/{reference}/tile", {"kind": "bar", "resource": "hse.incident", "title": "By kind", "by": "kind", "tile": "t1",
                                                 "measure": "count", "every": "month", "width": "3"}, step)
    with office.as_("mo"):
        (tile,) = boards.find(reference).all_tiles
    assert (tile.title, tile.by, tile.width) == ("By kind", "kind", 3)
    assert visit("mo").client.get(f"/office/dashboards/{reference}/tile").status_code == 403


def test_a_copy_is_ones_own(office: Office, visit: Visit) -> None:
    answer = send(visit("hanna"), "/dashboards/hse/arrange", {"do": "copy"}, "/dashboards/hse/")
    assert answer.status_code == 303
    with office.as_("hanna"):
        (copy,) = boards.made()
        assert copy.editable
        assert copy.known == boards.find("hse").known


@pytest.mark.requirement("OF-537")
def test_the_executive_home_matches_the_records_and_drills_down(office: Office, visit: Visit) -> None:
    incidents(office, "near_miss", "lost_time")
    olive = visit("olive")
    page = olive.get("/dashboards/executive/")
    assert figure(page, "Incidents reported") == "2"
    assert figure(page, "Lost-time injuries") == "1"
    assert figure(page, "Payments") == "£0.00"
    for address in re.findall(r'<a class="block h-full p-4 hover:bg-accent" href="([^"]*)"', page):
        assert olive.get(address.replace("&amp;", "&").partition("/office")[2])


def test_homes_are_for_those_who_see_what_stands_on_them(office: Office) -> None:
    with office.as_("olive"):
        assert [each.key for each in boards.homes()] == ["executive", "operations", "hse", "administrator", "auditor"]
    with office.as_("mo"):
        keys = [each.key for each in boards.homes()]
        assert "administrator" not in keys
        with pytest.raises(NotFound):
            boards.find("administrator")


@pytest.mark.requirement("LG-340")
def test_the_pdf_has_the_name_and_the_same_figures(office: Office, visit: Visit) -> None:
    incidents(office, "near_miss", "first_aid", "near_miss")
    answer = visit("hanna").client.get(f"/office/dashboards/{board(office)}/file.pdf")
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert answer.mimetype == "application/pdf"
    for words in ("Small Office", "Safety", "Reported", "Near miss", "Look at the list first."):
        assert words in text
    assert re.search(r"Reported\n?.*3", text)


@pytest.mark.requirement("LG-341")
def test_the_sheet_has_typed_numbers_and_days(office: Office, visit: Visit) -> None:
    incidents(office, "near_miss", "first_aid", "near_miss")
    answer = visit("hanna").client.get(f"/office/dashboards/{board(office)}/file.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["Figures", "By kind", "Latest"]
    assert [cell.value for cell in book["Figures"][2]][:2] == ["Reported", 3]
    assert {row[0].value: row[1].value for row in book["By kind"].iter_rows(min_row=2)} == {"Near miss": 2, "First aid": 1}
    assert book["Latest"].max_row == 4
    assert any(cell.is_date for cell in book["Latest"][2])
    assert visit("hanna").client.get(f"/office/dashboards/{board(office)}/file.doc").status_code == 404


def test_a_tile_whose_field_is_gone_leaves_the_page(office: Office) -> None:
    with office.as_("hanna"):
        assert draw(Tile("x", "Old", "bar", "hse.incident", by="weather"), Filters()).absent
        assert draw(Tile("x", "Old", "figure", "hse.weather"), Filters()).absent


def test_every_declared_tile_can_be_drawn(office: Office) -> None:
    incidents(office, "near_miss")
    with office.as_("olive"):
        for tile in registry.tiles.values():
            for filters in (Filters(), Filters("all", office.site)):
                assert not draw(tile, filters).absent, tile.key


def test_the_tiles_are_written_in_one_form(office: Office) -> None:
    reference = board(office)
    with office.as_("hanna") as work:
        kept = work.query(Dashboard).filter_by(reference=reference).one()
        assert json.loads(kept.tiles or "") == TILES
        services.complete(kept)
        assert layout.stored(layout.parse(kept.tiles)) == kept.tiles


def test_sharing_with_a_group_names_it(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        board(office, shared="group")
    assert list(refused.value.errors) == ["group"]


def test_the_form_hides_what_the_builder_writes_and_the_record_leads_to_it(office: Office, visit: Visit) -> None:
    reference = board(office)
    hanna = visit("hanna")
    assert '<input type="hidden" id="field-tiles" name="tiles"' in hanna.get(f"/dashboards/boards/{reference}/edit")
    assert f'href="/office/dashboards/{reference}/"' in hanna.get(f"/dashboards/boards/{reference}/")
    assert "Safety" in hanna.get("/dashboards/")
