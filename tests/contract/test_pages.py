"""What every declared resource promises on its pages; a module is tested by being declared."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from app.kernel import outbox
from app.kernel.errors import Refusal
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.resources.binding import form_names
from app.resources.querying import sortable
from tests.contract import checks, samples
from tests.contract.registry import CREATABLE, EDITABLE, RESOURCES, listed
from tests.contract.world import World


@listed(RESOURCES)
def test_list_shows_records(resource: Resource, world: World) -> None:
    records = world.records(resource, 3)
    checks.list_shows(world, resource, records)


@listed(RESOURCES)
@pytest.mark.requirement("OF-112")
def test_list_needs_the_permission(resource: Resource, world: World) -> None:
    assert world.client("nobody").get(world.url(resource)).status_code == 403


@listed(RESOURCES)
def test_signed_out_is_sent_to_sign_in(resource: Resource, world: World) -> None:
    answer = world.stranger().get(world.url(resource))
    assert answer.status_code in (302, 303)
    assert "/sign-in" in answer.location


@listed(RESOURCES)
def test_another_organisation_is_not_found(resource: Resource, world: World) -> None:
    assert world.client("owner").get(world.url(resource, organisation=world.other.slug)).status_code == 404


@listed(CREATABLE)
def test_a_foreign_record_is_not_found(resource: Resource, world: World) -> None:
    foreign = world.foreign_record(resource)
    client = world.client("owner")
    assert client.get(f"{world.url(resource)}{foreign.reference}-9/").status_code == 404
    with world.acting("owner"), pytest.raises(Refusal) as refusal:
        checks.edit_by_id(resource, foreign.id)
    assert refusal.value.status == 404


@listed(RESOURCES)
def test_fragment_stands_inside_the_page(resource: Resource, world: World) -> None:
    world.records(resource, 2)
    client = world.client("owner")
    page = client.get(world.url(resource))
    part = client.get(world.url(resource), headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert checks.bare(part.text) in checks.bare(page.text)
    assert "HX-Request-Type" in part.headers["Vary"]


@listed(RESOURCES)
def test_full_page_for_boosted_links_and_history(resource: Resource, world: World) -> None:
    answer = world.client("owner").get(world.url(resource), headers={"HX-Request": "true", "HX-Request-Type": "full"})
    assert "<html" in answer.text


@listed(CREATABLE)
@pytest.mark.requirement("OF-180")
def test_filters_narrow(resource: Resource, world: World) -> None:
    records = world.records(resource, 6)
    checks.filters_narrow(world, resource, records)


@listed(RESOURCES)
def test_unknown_filter_is_named_with_the_nearest(resource: Resource, world: World) -> None:
    answer = world.client("owner").get(world.url(resource) + "?not_a_filter=1")
    assert answer.status_code == 422
    assert "not_a_filter" in answer.text


@listed(CREATABLE)
def test_sort_is_stable_and_total(resource: Resource, world: World) -> None:
    records = world.records(resource, 7)
    for name in sortable(resource):
        checks.sorted_both_ways(world, resource, name, records)


@listed(CREATABLE)
def test_paging_visits_each_row_once(resource: Resource, world: World) -> None:
    records = world.records(resource, 7)
    checks.paging_is_complete(world, resource, records)


@listed(CREATABLE)
def test_query_count_does_not_grow_with_rows(resource: Resource, world: World) -> None:
    world.records(resource, 2)
    few = world.queries(lambda c: c.get(world.url(resource)))
    world.records(resource, 12, start=40)
    many = world.queries(lambda c: c.get(world.url(resource)))
    assert many <= few, f"{many} queries with more rows, {few} with few"
    assert many <= 15


@listed(CREATABLE)
def test_create_by_form(resource: Resource, world: World) -> None:
    with world.acting("owner"):
        data = samples.data(resource, 5)
    answer = world.post(world.url(resource) + "new", data)
    assert answer.status_code == 303, answer.text[:2000]
    reference = answer.location.rstrip("/").rpartition("/")[2]
    with world.acting("owner"):
        record = world.by_reference(resource, reference)
        entries = world.entries(record)
    assert record is not None
    assert any(e.action == resource.permission("create") for e in entries)


@listed(CREATABLE)
def test_a_missing_field_is_named_and_nothing_is_lost(resource: Resource, world: World) -> None:
    name = checks.first_required(resource)
    if name is None:
        return
    with world.acting("owner"):
        data = samples.data(resource, 6)
    kept = next(
        (str(v) for n, v in data.items()
         if n != name and (field := fields_of(resource.model).get(n)) and field.kind in checks.TYPED and not field.widget),
        "",
    )
    answer = world.post(world.url(resource) + "new", {**data, name: ""})
    assert answer.status_code == 422
    assert f'href="#field-{name}"' in answer.text
    assert kept in checks.unescaped(answer.text)


@listed(CREATABLE)
def test_script_in_text_is_shown_as_text(resource: Resource, world: World) -> None:
    texts = [
        n
        for n in form_names(resource)
        if fields_of(resource.model)[n].kind in ("text", "long_text")
        and not fields_of(resource.model)[n].widget
        and fields_of(resource.model)[n].max_length >= 40
        and "samples" not in fields_of(resource.model)[n].extra
        and n not in ("timezone", "key")
    ]
    with world.acting("owner"):
        data = {**samples.data(resource, 7), **dict.fromkeys(texts, "<script>alert(1)</script>")}
    answer = world.post(world.url(resource) + "new", data)
    assert answer.status_code == 303, answer.text[:1500]
    page = world.client("owner").get(answer.location).text + world.client("owner").get(world.url(resource)).text
    assert "<script>alert(1)" not in page


@listed(CREATABLE)
def test_too_long_text_is_refused_with_its_length(resource: Resource, world: World) -> None:
    name = next(
        (
            n
            for n in form_names(resource)
            if fields_of(resource.model)[n].kind in ("text", "long_text") and not fields_of(resource.model)[n].widget
        ),
        None,
    )
    if name is None:
        return
    with world.acting("owner"):
        data = {**samples.data(resource, 8), name: "x" * 10_001}
    answer = world.post(world.url(resource) + "new", data)
    assert answer.status_code == 422
    assert f'href="#field-{name}"' in answer.text


@listed(EDITABLE)
def test_edit_writes_before_and_after(resource: Resource, world: World) -> None:
    record, name, value = checks.editable_change(world, resource)
    answer = world.post(f"{world.url(resource)}{record.reference}/edit", checks.edited_form(world, resource, record, name, value))
    assert answer.status_code == 303, answer.text[:2000]
    with world.acting("owner"):
        changes = [e.changes for e in world.entries(record) if e.action == resource.permission("edit")]
    assert any(name in each for each in changes), changes


@listed(EDITABLE)
def test_a_stale_form_is_a_conflict(resource: Resource, world: World) -> None:
    record, name, value = checks.editable_change(world, resource)
    form = checks.edited_form(world, resource, record, name, value)
    answer = world.post(f"{world.url(resource)}{record.reference}/edit", {**form, "version": "999"})
    assert answer.status_code == 409
    assert checks.typed(form, name) in checks.unescaped(answer.text)


@listed(EDITABLE)
def test_archive_hides_and_restore_brings_back(resource: Resource, world: World) -> None:
    record = world.records(resource, 1)[0]
    url = f"{world.url(resource)}{record.reference}/"
    if resource.lock and resource.lock(record) is not True:
        assert world.post(url + "archive", {}).status_code == 409, "what is locked is not put away"
        return
    assert world.post(url + "archive", {}).status_code == 303
    client = world.client("owner")
    client.get(url)  # the message about it is shown once
    assert record.reference not in client.get(world.url(resource)).text
    assert record.reference in client.get(world.url(resource) + "?archived=1").text
    assert world.post(url + "restore", {}).status_code == 303
    client.get(url)
    assert record.reference in client.get(world.url(resource)).text


@listed(CREATABLE)
def test_detail_shows_the_facts(resource: Resource, world: World) -> None:
    record = world.records(resource, 1)[0]
    page = checks.unescaped(world.client("owner").get(f"{world.url(resource)}{record.reference}/").text)
    page = page[page.index('id="facts"'):]
    page = page[:page.index("</section>")]
    with world.acting("owner"):
        for name in resource.facts:
            field = fields_of(resource.model)[name]
            if name in (resource.title, "reference", "created_at", "updated_at"):
                continue
            if field.kind not in ("reference", "file") and not field.personal and field.display(record):
                assert checks.squeezed(field.display(record)) in checks.squeezed(page), name


@listed(CREATABLE)
@pytest.mark.requirement("OF-118")
def test_the_trail_leads_back(resource: Resource, world: World) -> None:
    record = world.records(resource, 1)[0]
    page = world.client("owner").get(f"{world.url(resource)}{record.reference}/").text
    trail = re.search(r'<nav[^>]*aria-label="Breadcrumb".*?</nav>', page, re.DOTALL)
    assert trail
    assert f'href="{world.url(resource)}"' in trail.group()


@listed(EDITABLE)
def test_what_cannot_be_done_says_why(resource: Resource, world: World) -> None:
    record = world.records(resource, 1)[0]
    answer = world.client(checks.without(resource)).get(f"{world.url(resource)}{record.reference}/")
    if resource.visible_to is not None and answer.status_code == 404:
        return  # a record of somebody else's that is none of theirs to know of
    verb = "edit" if answer.status_code == 200 else "view"
    said = checks.unescaped(re.sub(r'href="[^"]*"', "", answer.text))  # the link to ask for it names it too, and explains nothing
    assert resource.permission(verb) in said, "a viewer is told which permission is missing"


@listed(CREATABLE)
def test_history_page(resource: Resource, world: World) -> None:
    record = world.records(resource, 1)[0]
    only = {"HX-Request": "true", "HX-Request-Type": "partial"}  # the page itself names its reader in the frame
    answer = world.client("owner").get(f"{world.url(resource)}{record.reference}/history", headers=only)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert world.member("owner").name in checks.unescaped(answer.text)


@listed(CREATABLE)
def test_a_draft_is_kept_and_put_back(resource: Resource, world: World) -> None:
    name = next(
        (
            n
            for n in form_names(resource)
            if fields_of(resource.model)[n].kind in ("text", "long_text", "email") and not fields_of(resource.model)[n].widget
            and fields_of(resource.model)[n].listed is None
        ),
        None,
    )
    if name is None:
        return
    assert world.post(world.url(resource) + "draft", {name: "half a sentence"}).status_code == 204
    assert "half a sentence" in world.client("owner").get(world.url(resource) + "new").text


@listed([r for r in CREATABLE if checks.picked(r)])
def test_words_that_name_nothing_stay_typed_and_the_form_stays_usable(resource: Resource, world: World) -> None:
    """Sent twice, as the refused form sends them again, and put back with the draft."""
    name, url = checks.picked(resource)[0], world.url(resource)
    for value in ("", "nobody of that name"):
        answer = world.post(f"{url}new", {name: value, f"{name}__text": "nobody of that name", **checks.beside(resource, name)})
        assert answer.status_code == 422
        assert f'href="#field-{name}"' in answer.text, "the form says which field it is"
        assert 'value="nobody of that name"' in answer.text
    assert world.post(f"{url}draft", {name: "nobody of that name", f"{name}__text": "nobody of that name"}).status_code == 204
    again = world.client("owner").get(f"{url}new")
    assert again.status_code == 200
    assert again.text.index(">Save</button>") < again.text.index('name="_discard"'), "Enter saves; it never throws the draft away"


@listed(CREATABLE)
def test_forms_work_without_script(resource: Resource, world: World) -> None:
    record = world.records(resource, 1)[0]
    client = world.client("owner")
    for url in (world.url(resource), world.url(resource) + "new", f"{world.url(resource)}{record.reference}/"):
        for form in re.findall(r"<form\b[^>]*>", client.get(url).text):
            assert 'method="dialog"' in form or "action=" in form or 'method="get"' in form, form


@listed(CREATABLE)
def test_picker_finds_by_its_first_letters(resource: Resource, world: World) -> None:
    record = world.records(resource, 1)[0]
    answer = world.client("owner").get(world.url(resource) + f"pick?q={record.reference}")
    assert str(record.id) in answer.text


@listed([r for r in CREATABLE if r.search])
def test_search_finds_it_and_hides_it_from_who_may_not_see(resource: Resource, world: World) -> None:
    record = world.records(resource, 1)[0]
    assert f"/{record.reference}/" in world.client("owner").get(f"/{world.slug}/search?q={record.reference}").text
    hidden = world.client("nobody").get(f"/{world.slug}/search?q={record.reference}")
    assert f"/{record.reference}/" not in hidden.text


@listed([r for r in CREATABLE if checks.named_links(r)])
def test_search_finds_it_by_what_it_refers_to(resource: Resource, world: World) -> None:
    """By the present name of each linked record: in the list's own search, in the search over everything, and in the palette."""
    record = world.records(resource, 1)[0]
    for field in checks.named_links(resource):
        for name in ("Quarzwerk Übersee", "Zimtstern Hafenamt"):
            with world.acting("owner"):
                checks.rename(field, record, name)
            with world.acting("owner"):
                while outbox.drain(world.place.id):
                    pass
            assert record.reference in checks.rows_of(world, resource, f"&q={quote(name)}"), f"{field.name}: {name}"
            for place in ("search", "palette"):
                shown = world.client("owner").get(f"/{world.slug}/{place}?q={quote(name)}").text
                assert f"/{record.reference}/" in shown, f"{field.name}: {place}"
        assert record.reference not in checks.rows_of(world, resource, "&q=Quarzwerk"), f"{field.name}: found by a former name"


@listed([r for r in RESOURCES if r.menu])
@pytest.mark.requirement("OF-112")
def test_menu_shows_it_to_who_may_open_it(resource: Resource, world: World) -> None:
    link = f'href="{world.url(resource)}"'
    home = f"/{world.slug}/inbox/"
    assert link in world.client("owner").get(home).text
    assert link not in world.client("nobody").get(home).text


def test_there_is_something_to_test() -> None:
    assert len(RESOURCES) >= 5
    assert any(r.key == "hse.incident" for r in CREATABLE)
