"""Ways to break a resource on purpose, each in just the way that one contract test looks for."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from markupsafe import Markup
from sqlalchemy import false, text, true

from app.core import access, drafts, search
from app.core.access import decisions, reasons
from app.core.audit import feeds
from app.core.imports import delimited, keys, links
from app.core.menu import building
from app.core.search import feed, finding, writing
from app.kernel import screens
from app.kernel.db import session
from app.kernel.errors import Forbidden, Invalid
from app.resources import binding, creating, door, openapi, paging, querying, stages
from app.resources.features import api, exporting, form, listing, picking
from app.resources.features.detail import Detail
from app.resources.labels import Shown
from tests.contract import samples, test_foreign, test_pages

Break = Callable[[Flask, pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Breaker:
    """One fault, and the contract test that has to notice it."""

    test: str
    fault: str
    apply: Break


def put(thing: Any, name: str, instead: Any) -> Break:
    """A fault that is one name of the engine meaning something else."""
    return lambda _app, patch: patch.setattr(thing, name, instead)


def wrapped(thing: Any, name: str, wrap: Callable[..., Any]) -> Break:
    """A fault around what is there: `wrap(original, *arguments)` is called in its place."""

    def apply(_app: Flask, patch: pytest.MonkeyPatch) -> None:
        original = getattr(thing, name)
        patch.setattr(thing, name, lambda *arguments, **named: wrap(original, *arguments, **named))

    return apply


def answered(endpoint: str, change: Callable[[str], str]) -> Break:
    """A fault in the page that an address answers with."""

    def apply(app: Flask, patch: pytest.MonkeyPatch) -> None:
        view = app.view_functions[endpoint]

        @functools.wraps(view)  # it still says who may open it
        def instead(**values: Any) -> Any:
            answer = view(**values)
            answer.set_data(change(answer.get_data(as_text=True)))
            return answer

        patch.setitem(app.view_functions, endpoint, instead)

    return apply


def gate_open(app: Flask, patch: pytest.MonkeyPatch) -> None:
    """Every address answers whoever asks."""
    patch.setitem(app.before_request_funcs, None, [lambda: "come in"])


def nothing(*_arguments: Any, **_named: Any) -> None:
    """In the place of a step that is left out."""


def no_filters(_resource: Any, _args: Any) -> querying.Wanted:
    """In the place of reading the query string: whatever it says, all of the list."""
    return querying.Wanted(_resource, sort=_resource.sort)


def no_tie_break(query: Any, column: Any, key: Any, descending: bool) -> Any:
    """In the place of a total order: ties stand the same way up and down."""
    return query.order_by(column.desc() if descending else column, key)


def asking_per_row(show: Any, *arguments: Any) -> Any:
    """In the place of labels that are looked up together."""
    session().execute(text("SELECT 1"))
    return show(*arguments)


def taken_instead(known_records: Callable[..., Any], field: Any, asked: Any) -> Any:
    """In the place of a link that is refused: some record of our own."""
    known, asked = known_records(field, asked), set(asked)
    return {each: known.get(each) or samples.linked(field) for each in asked}


def told_apart(load: Callable[..., Any], resource: Any, targets: Any, **options: Any) -> Any:
    """In the place of loading: one foreign record is refused rather than not found."""
    if "ZZZ-1999-00001" in targets:
        raise Forbidden("Not yours.")
    return load(resource, targets, **options)


def silent_entry(record: Any) -> Any:
    """In the place of an entry that says what was written."""
    return feeds._entry(record, "create", {})


def told_that_it_exists(*_arguments: Any, **_named: Any) -> Any:
    """In the place of a record that is not found: a refusal, which gives it away."""
    raise Forbidden("Not yours.")


def unwritable(paths: Callable[..., Mapping[str, Any]], resource: Any) -> dict[str, Any]:
    """In the place of the whole description: one without its writing part."""
    return {path: {method: said for method, said in item.items() if method != "post"} for path, item in paths(resource).items()}


INCIDENTS = "hse.incident_"
BREAKERS = (
    Breaker("test_list_shows_records", "the list shows nothing", wrapped(paging, "narrowed", lambda f, w: f(w).where(false()))),
    Breaker("test_list_needs_the_permission", "the check is skipped", put(access, "require", nothing)),
    Breaker("test_signed_out_is_sent_to_sign_in", "the gate is open", gate_open),
    Breaker("test_another_organisation_is_not_found", "the gate is open", gate_open),
    Breaker("test_a_foreign_record_is_not_found", "a refusal gives it away", put(stages, "load", told_that_it_exists)),
    Breaker("test_fragment_stands_inside_the_page", "a fragment is a whole page", put(screens, "wants_fragment", lambda: False)),
    Breaker("test_full_page_for_boosted_links_and_history", "a page is a fragment", put(screens, "wants_fragment", lambda: True)),
    Breaker("test_filters_narrow", "filters are ignored", put(querying, "_condition", lambda *_: true())),
    Breaker("test_unknown_filter_is_named_with_the_nearest", "unknown filters are ignored", put(listing, "read", no_filters)),
    Breaker("test_sort_is_stable_and_total", "no tie-break", put(paging, "_ordered", no_tie_break)),
    Breaker("test_paging_visits_each_row_once", "the next page turns round",
            wrapped(paging, "_beyond", lambda f, c, k, v, last, down: f(c, k, v, last, not down))),
    Breaker("test_query_count_does_not_grow_with_rows", "a query per row", wrapped(Shown, "_word", asking_per_row)),
    Breaker("test_create_by_form", "the audit feed is off", put(feeds, "write", nothing)),
    Breaker("test_a_missing_field_is_named_and_nothing_is_lost", "no summary", put(form.FormPage, "_summary", lambda _self: [])),
    Breaker("test_a_missing_field_is_named_and_nothing_is_lost", "what was typed is lost", put(form.FormPage, "take", nothing)),
    Breaker("test_script_in_text_is_shown_as_text", "text is not escaped", wrapped(Shown, "_word", lambda f, *a: Markup(str(f(*a))))),  # noqa: S704 -- the fault
    Breaker("test_too_long_text_is_refused_with_its_length", "text is cut in silence",
            wrapped(binding, "_parse", lambda f, d, raw, *a, **k: f(d, raw[:36] if isinstance(raw, str) else raw, *a, **k))),
    Breaker("test_edit_writes_before_and_after", "changes are not audited", put(feeds, "changed", nothing)),
    Breaker("test_a_stale_form_is_a_conflict", "a stale version is accepted", put(stages, "changeable", nothing)),
    Breaker("test_archive_hides_and_restore_brings_back", "nothing is put away", put(stages, "put_away", nothing)),
    Breaker("test_detail_shows_the_facts", "no facts", put(Detail, "facts", [])),
    Breaker("test_the_trail_leads_back", "no trail", answered(f"{INCIDENTS}detail", lambda page: page.replace("Breadcrumb", "Places"))),
    Breaker("test_what_cannot_be_done_says_why", "no reason is given", put(reasons, "missing", lambda _action: "No.")),
    Breaker("test_history_page", "nobody is named",
            put(import_module("app.core.audit.history"), "people_of", lambda _ids: {})),
    Breaker("test_a_draft_is_kept_and_put_back", "the draft is not kept", put(drafts, "keep", nothing)),
    Breaker("test_words_that_name_nothing_stay_typed_and_the_form_stays_usable", "what was typed is lost",
            put(form.FormPage, "take", nothing)),
    Breaker("test_forms_work_without_script", "a form leads nowhere",
            answered(f"{INCIDENTS}new", lambda page: re.sub(r' action="[^"]*"', "", page))),
    Breaker("test_picker_finds_by_its_first_letters", "nothing is offered", put(picking, "pick", lambda *_: [])),
    Breaker("test_search_finds_it_and_hides_it_from_who_may_not_see", "it is not found", put(finding, "_ask", lambda *_: [])),
    Breaker("test_search_finds_it_and_hides_it_from_who_may_not_see", "it is shown to anybody", lambda app, patch: (
        patch.setattr(access, "can", lambda *_a, **_k: decisions.ALLOWED), patch.setattr(access, "visible", lambda *_a: true()))),  # type: ignore[arg-type]
    Breaker("test_search_finds_it_by_what_it_refers_to", "names are not indexed", put(writing, "_linked", lambda *_: {})),
    Breaker("test_search_finds_it_by_what_it_refers_to", "renaming is not followed", put(feed, "_owe_following", nothing)),
    Breaker("test_search_finds_it_by_what_it_refers_to", "names are not looked at", put(finding, "_refers", lambda _resource: False)),
    Breaker("test_menu_shows_it_to_who_may_open_it", "the menu shows all", put(access, "can", lambda *_a, **_k: decisions.ALLOWED)),
    Breaker("test_menu_shows_it_to_who_may_open_it", "the menu is empty", put(building, "places", lambda _user: iter(()))),
    Breaker("test_there_is_something_to_test", "nothing is declared", put(test_pages, "RESOURCES", [])),
    Breaker("test_page_and_api_agree", "the page shows less", put(listing, "page_of", lambda _wanted: paging.Page([]))),
    Breaker("test_api_creates_shows_changes_and_archives", "a field is missing",
            wrapped(api, "as_json", lambda f, *a, **k: {n: v for n, v in f(*a, **k).items() if n != "title"})),
    Breaker("test_api_creates_shows_changes_and_archives", "nothing is put away", put(stages, "put_away", nothing)),
    Breaker("test_api_names_an_unknown_field_and_the_nearest", "no hint", put(binding, "get_close_matches", lambda *_a, **_k: [])),
    Breaker("test_api_refuses_a_stale_version", "a stale version is accepted", put(stages, "changeable", nothing)),
    Breaker("test_the_same_key_makes_one_record", "the key is ignored", put(door.idempotency, "claim", lambda *_given: (True, None))),
    Breaker("test_api_needs_the_permission", "the check is skipped", put(access, "require", nothing)),
    Breaker("test_openapi_describes_it", "writing is not described", wrapped(openapi, "paths_of", unwritable)),
    Breaker("test_every_write_is_audited", "the audit feed is off", put(feeds, "write", nothing)),
    Breaker("test_every_write_is_audited", "the entry says nothing", put(feeds, "created", silent_entry)),
    Breaker("test_csv_export_has_the_same_rows", "a row is left out", wrapped(exporting, "rows_of", lambda f, *a: islice(f(*a), 1, None))),
    Breaker("test_out_and_in_again_changes_nothing", "a value is changed on its way",
            wrapped(exporting, "rows_of", lambda f, *a: ([*row[:-1], "Something else"] for row in f(*a)))),
    Breaker("test_out_and_in_again_changes_nothing", "the key is not recognised", put(keys.Keys, "_existing", lambda *_: {})),
    Breaker("test_out_and_in_again_changes_nothing", "what is the same counts as changed", put(keys, "same", lambda *_: False)),
    Breaker("test_out_and_in_again_changes_nothing", "formulas keep their guard", put(delimited, "_bare", lambda cell: cell)),
    Breaker("test_a_form_refuses_a_foreign_link", "another one is taken instead", wrapped(binding, "known_records", taken_instead)),
    Breaker("test_the_api_refuses_a_foreign_link", "another one is taken instead", wrapped(binding, "known_records", taken_instead)),
    Breaker("test_an_edit_refuses_a_foreign_link", "another one is taken instead", wrapped(binding, "known_records", taken_instead)),
    Breaker("test_a_bulk_edit_refuses_a_foreign_link", "another one is taken instead", wrapped(binding, "known_records", taken_instead)),
    Breaker("test_an_import_refuses_a_foreign_link", "any id is taken", put(links.Known, "get", lambda _self, word: {UUID(word)})),
    Breaker("test_a_bulk_change_of_a_foreign_record_finds_nothing", "a refusal gives it away", wrapped(stages, "load", told_apart)),
    Breaker("test_there_is_a_link_to_test", "nothing refers to anything", put(test_foreign, "LINKED", [])),
    Breaker("test_export_holds_what_the_filters_leave", "filters are ignored", put(exporting, "read", no_filters)),
    Breaker("test_export_needs_the_permission", "the check is skipped", put(access, "require", nothing)),
    Breaker("test_one_at_a_time_and_all_at_once_are_the_same", "COPY is not audited", put(creating.audit, "record_created", nothing)),
    Breaker("test_one_at_a_time_and_all_at_once_are_the_same", "search knows only some",
            wrapped(search, "index", lambda f, resource, records: f(resource, records[:1]))),
    Breaker("test_each_refuses_only_what_is_wrong", "the field is not named",
            put(creating, "Invalid", lambda _errors: Invalid({"": ["Wrong."]}))),
)
