"""Phrases, exclusions, synonyms, other forms of a word, operators and facets: over everything, and never more than one may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from app.core import search
from app.core.organisations import Site
from app.kernel import clock
from app.kernel.current import Grant
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Invalid
from app.modules.procurement.models import Supplier
from app.resources import searching
from tests.core.stand import Stand

NAMES = ("Helicopter deck", "Hélicoptère de secours", "Old chopper", "Harbour wall crane", "Wall at the harbour", "Forklift hall",
         "Fork lift ramp", "Inspections", "Inspection bay", "Inspector's house")


@pytest.fixture
def stand(app: Flask) -> Stand:
    """Some places, and suppliers of two people."""
    made = Stand()
    with made.work():
        for name in NAMES:
            made.site(name)
        perform_one("procurement.supplier", "create", None, {"name": "Helicopter hire", "contact": "Ask for the harbour office"})
    return made


def titles(stand: Stand, typed: str, role: str = "owner", **chosen: str) -> list[str]:
    with stand.work(role):
        answer = searching.look(searching.understand(MultiDict({"q": typed, **chosen})))
        return [hit.title for hit, _resource, _record in answer.hits]


def look(stand: Stand, typed: str, role: str = "owner", **chosen: str) -> searching.Answer:
    with stand.work(role):
        return searching.look(searching.understand(MultiDict({"q": typed, **chosen})))


@pytest.mark.parametrize(("typed", "found"), [
    ('"harbour wall"', {"Harbour wall crane"}), ("harbour wall", {"Harbour wall crane", "Wall at the harbour"}),
    ("harbour -crane -hire", {"Wall at the harbour"}), ('wall -"harbour wall"', {"Wall at the harbour"}), ('"wall harbour"', set()),
    ('"harbour wall" cra', {"Harbour wall crane"}), ("-crane", set()),
])
def test_phrases_and_what_is_left_out(stand: Stand, typed: str, found: set[str]) -> None:
    assert set(titles(stand, typed)) == found


@pytest.mark.requirement("OF-331")
def test_words_that_mean_the_same_find_the_same(stand: Stand) -> None:
    everything = {"Helicopter deck", "Hélicoptère de secours", "Old chopper", "Helicopter hire"}
    assert set(titles(stand, "chopper")) == {"Old chopper"}
    with stand.work():
        perform_one("search.synonym", "create", None, {"words": "helicopter = hélicoptère; chopper"})
        perform_one("search.synonym", "create", None, {"words": "forklift, fork lift"})
    for typed in ("helicopter", "hélicoptère", "chopper", "HELICOPTERE"):
        assert set(titles(stand, typed)) == everything, typed
    for typed in ("forklift", "fork lift"):
        assert set(titles(stand, typed)) == {"Forklift hall", "Fork lift ramp"}, typed
    assert set(titles(stand, "chopper deck")) == {"Helicopter deck"}
    assert titles(stand, "chopper")[0] == "Old chopper", "what was typed stands before what means the same"
    with stand.work() as work:
        kept = work.query(search.synonyms.Synonym).order_by(search.synonyms.Synonym.words).all()
        assert [each.words for each in kept] == ["forklift = fork lift", "helicopter = hélicoptère = chopper"]


def test_a_part_without_a_word_breaks_no_search(stand: Stand) -> None:
    with stand.work() as work:
        record = perform_one("search.synonym", "create", None, {"words": "& = chopper = whirlybird"}).record
        assert record.words == "chopper = whirlybird"
        record.words = "& = chopper = whirlybird"  # as it was kept before
        work.flush()
    assert titles(stand, "whirlybird") == ["Old chopper"]


@pytest.mark.parametrize("words", ["", "crane", "& = crane", "crane = Crane", "a b c d = e", " = ".join(f"word{n}" for n in range(30))])
def test_a_group_of_synonyms_that_says_nothing_is_refused(stand: Stand, words: str) -> None:
    with stand.work(), pytest.raises(Invalid) as refused:
        perform_one("search.synonym", "create", None, {"words": words})
    assert set(refused.value.errors) == {"words"}


@pytest.mark.parametrize(("says", "typed"), [
    ("Turbine inspections", "inspected"), ("Les vérifications annuelles", "vérification"), ("Prüfungen", "Prüfung"),
    ("Inspecciones", "inspección"), ("Inspeções", "inspeção"), ("Ispezioni", "ispezione"), ("Leaking valves", "valve leak"),
])
def test_other_forms_of_a_word_are_found_in_six_languages(stand: Stand, says: str, typed: str) -> None:
    with stand.work():
        stand.site(says)
    search.forget()
    assert says in titles(stand, typed)


@pytest.mark.requirement("OF-330")
def test_a_typing_error_is_forgiven_and_told(stand: Stand) -> None:
    found = look(stand, "helicoptre")
    assert {"Helicopter deck", "Helicopter hire"} <= {hit.title for hit, _resource, _record in found.hits}
    assert found.suggestion.startswith("helicopt")


@pytest.mark.requirement("OF-333")
def test_the_record_with_that_title_is_first_and_a_whole_reference_before_all(stand: Stand) -> None:
    with stand.work():
        stand.site("Old chopper shed beside the old chopper")
        reference = stand.site("Quay").reference
        stand.site(f"Store of {reference}")
    assert titles(stand, "old chopper")[0] == "Old chopper"
    assert titles(stand, reference)[:2] == ["Quay", f"Store of {reference}"]


@pytest.mark.requirement("OF-328")
def test_results_are_narrowed_by_kind_state_person_and_day(stand: Stand) -> None:
    with stand.work() as work:
        made = perform_one("procurement.supplier", "create", None, {"name": "Helicopter parts"}).record
        early, made.created_at = made.id, datetime(2026, 1, 31, 12, tzinfo=UTC)
        work.query(Site).filter_by(name="Old chopper").one().created_by = stand.actors["member"].id
    assert titles(stand, "helicopter type:supplier after:2026-02-01") == ["Helicopter hire"]
    assert titles(stand, "helicopter", type="procurement.supplier", before="2026-02-01") == ["Helicopter parts"]
    assert titles(stand, "helicopter before:2026-01-31") == []
    assert titles(stand, "chopper", by=str(stand.actors["member"].id)) == titles(stand, "chopper by:member") == ["Old chopper"]
    assert titles(stand, "chopper by:@me") == []
    with stand.work():
        perform_one("procurement.supplier", "archive", early)
    assert titles(stand, "helicopter type:supplier") == ["Helicopter hire"]


@pytest.mark.requirement("OF-334")
def test_facets_count_what_may_be_seen_and_choosing_one_gives_so_many(stand: Stand) -> None:
    found = look(stand, "helicopter")
    assert {facet.value: facet.count for facet in found.kinds} == {"organisation.site": 2, "procurement.supplier": 1}
    for facet in (*found.kinds, *found.people):
        name = "type" if facet in found.kinds else "by"
        assert look(stand, "helicopter", **{name: facet.value}).total == facet.count
    chosen = look(stand, "helicopter", type="procurement.supplier")
    assert [(facet.value, facet.chosen) for facet in chosen.kinds if facet.chosen] == [("procurement.supplier", True)]
    assert len(chosen.kinds) == 2, "the others stay to be chosen"
    stand.actors["member"] = replace(stand.actors["member"], grants=(Grant("organisation.site.*", "company", "test"),))
    told = look(stand, "helicopter", "member")
    assert ([(facet.value, facet.count) for facet in told.kinds], told.total) == ([("organisation.site", 2)], 2)
    assert look(stand, "hire", "member") == look(stand, "nothing-like-it", "member")


def test_what_is_narrowed_is_found_however_much_stands_before_it(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "NEWEST", 3)
    monkeypatch.setattr(searching, "CANDIDATES", 4)
    with stand.work() as work:
        old = perform_one("procurement.supplier", "create", None, {"name": "Container seals"}).record
        stand.site("Container first").created_by = stand.actors["member"].id
        for number in range(9):
            stand.site(f"Container {number}")
        work.flush()
        reference = old.reference
    assert titles(stand, "type:sites by:member") == ["Container first"]
    assert titles(stand, "container type:sites by:member") == ["Container first"]
    assert titles(stand, "container type:supplier") == ["Container seals"]
    found = look(stand, "container", by=str(stand.actors["auditor"].id))
    assert (found.total, found.cut) == (0, True)
    assert titles(stand, reference) == ["Container seals"]


def test_a_filter_that_one_kind_alone_understands_leaves_the_others_out(stand: Stand) -> None:
    with stand.work():
        stand.site("Leak bay")
        perform_one("notifications.announcement", "create", None, {"title": "Leak drill", "send_at": "2096-01-05T08:00"})
    assert titles(stand, "status:scheduled leak") == titles(stand, "type:announcement status:scheduled") == ["Leak drill"]
    with stand.work(), pytest.raises(Invalid):
        searching.look(searching.understand(MultiDict({"q": "status:nonsense leak"})))


def test_a_suggestion_names_no_word_of_what_may_not_be_seen(stand: Stand) -> None:
    with stand.work():
        stand.site("Falcons")
        perform_one("procurement.supplier", "create", None, {"name": "Falcon"})
    stand.actors["member"] = replace(stand.actors["member"], grants=(Grant("organisation.site.*", "company", "test"),))
    assert look(stand, "falcom", "owner").suggestion == "falcon"
    seen = look(stand, "falcom", "member")
    assert ([hit.title for hit, _resource, _record in seen.hits], seen.suggestion) == (["Falcons"], "falcons")
    with stand.work("member"):
        assert search.find("falcom").suggestion == "falcons"


def test_without_words_the_newest_of_what_is_named_come_first(stand: Stand) -> None:
    with stand.work():
        stand.site("The last one")
    assert titles(stand, "type:sites")[0] == "The last one"
    assert len(titles(stand, "type:sites")) == len(NAMES) + 1
    assert titles(stand, "") == []


@pytest.mark.parametrize(("typed", "named", "hint"), [
    ("type:suplier crane", "type", "supplier"), ("after:yesteryear x", "after", "2026-01-31"),
    ("before:2026-02-30 x", "before", "calendar"), ("after:0001-01-01 x", "after", "range")])
def test_an_operator_that_cannot_be_understood_says_how_to_mend_it(stand: Stand, typed: str, named: str, hint: str) -> None:
    with stand.work(), pytest.raises(Invalid) as refused:
        searching.understand(MultiDict({"q": typed}))
    assert list(refused.value.errors) == [named]
    assert hint in refused.value.errors[named][0]


def test_a_page_shows_its_part_and_says_how_many_there_are(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PER_PAGE", 4)
    with stand.work():
        for number in range(9):
            stand.site(f"Container {number}")
    with stand.work():
        pages = [searching.look(searching.understand(MultiDict({"q": "container"})), page) for page in (1, 2, 3, 99)]
    assert [len(page.hits) for page in pages] == [4, 4, 1, 1]
    assert {page.total for page in pages} == {9}
    assert len({hit.record_id for page in pages[:3] for hit, _resource, _record in page.hits}) == 9
    monkeypatch.setattr(searching, "CANDIDATES", 5)
    found = look(stand, "container")
    assert (found.total, found.cut) == (5, True)


@pytest.mark.requirement("OF-332")
def test_what_was_looked_for_is_marked_in_title_and_excerpt(stand: Stand) -> None:
    with stand.work():
        asked = search.understood('helicopt "harbour office"')
        marker = search.Marker(asked, search.ways_of(asked.words))
        supplier = session().query(Supplier).filter_by(name="Helicopter hire").one()
        assert marker.mark(supplier.name) == "<mark>Helicopter</mark> hire"
        assert marker.mark("<b>Hélicoptère</b> & deck") == "&lt;b&gt;<mark>Hélicoptère</mark>&lt;/b&gt; &amp; deck"
        text = "x" * 20 + " " + "filler " * 60 + "the harbour office by the quay " + "filler " * 60
        excerpt = marker.excerpt(["nothing here", text])
    assert "<mark>harbour</mark> <mark>office</mark>" in excerpt
    assert (excerpt[:2], excerpt[-2:]) == ("… ", " …")
    assert len(excerpt) < 400
    assert clock.midnight(datetime(2026, 7, 1, tzinfo=UTC).date(), "Europe/Paris") == datetime(2026, 6, 30, 22, tzinfo=UTC)
