"""The assertions that the contract tests share."""

from __future__ import annotations

import html
import re
from typing import Any

from app.core import imports
from app.kernel import jobs
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.kernel.records import refresh_keys
from app.kernel.registry import registry
from app.resources.binding import form_names
from app.resources.bound_fields import raw_of
from app.resources.querying import filter_fields, sortable
from tests.contract import samples
from tests.contract.world import World

TEXTUAL = ("text", "long_text")
TYPED = (*TEXTUAL, "email")


def bare(text: str) -> str:
    """Markup without what differs by request: nonces, tokens, keys, white space."""
    text = re.sub(r'(hx-nonce|nonce|value|name="_key" value)="[^"]*"', "", text)
    return re.sub(r"\s+", " ", text).strip()


def unescaped(text: str) -> str:
    """The words of a page as people read them."""
    return html.unescape(text)


def squeezed(text: str) -> str:
    """Text with every run of white space (also the narrow ones of some languages) as one space."""
    return re.sub(r"\s+", " ", text)


def rows_of(world: World, resource: Resource, query: str = "") -> list[str]:
    """The references in a list, in their order, as the API gives them."""
    answer = world.client("owner").get(f"/api/v1{world.url(resource)}?per_page=200{query}")
    assert answer.status_code == 200, answer.text[:500]
    return [item["reference"] for item in answer.json["items"]]


def list_shows(world: World, resource: Resource, records: list[Any]) -> None:
    """Every record made stands in the list, and its address opens."""
    client = world.client("owner")
    page = client.get(f"{world.url(resource)}?sort=-reference")
    assert page.status_code == 200, page.text[:800]
    for record in records:
        assert f"{world.url(resource)}{record.reference}/" in page.text
        assert client.get(f"{world.url(resource)}{record.reference}/").status_code == 200


def filters_narrow(world: World, resource: Resource, records: list[Any]) -> None:
    """Each filter gives exactly the records that have the value, and the page agrees with the API."""
    for name, field in filter_fields(resource).items():
        with world.acting("owner"):
            fresh = [world.by_reference(resource, r.reference) for r in records]
            wanted = field.value(fresh[0])
            if wanted is None:
                continue
            raw = str(wanted) if field.kind == "reference" else raw_of(field, fresh[0])
            expected = {r.reference for r in fresh if same(field, field.value(r), wanted)}
            parameter = f"&{name}={_moment(field, raw, fresh[0])}"
        found = set(rows_of(world, resource, parameter))
        assert expected <= found, f"{name}={raw}: {expected} is not within {found}"
        with world.acting("owner"):
            others = {r.reference for r in (world.by_reference(resource, f) for f in found) if not same(field, field.value(r), wanted)}
        assert not others, f"{name}={raw} lets {others} through"


def filters_of(world: World, resource: Resource, record: Any) -> list[str]:
    """Each filter set to the value that the record has, as it stands in a query string."""
    with world.acting("owner"):
        fresh = world.by_reference(resource, record.reference)
        present = {n: f for n, f in filter_fields(resource).items() if f.value(fresh) is not None}
        return [f"{n}={_moment(f, str(f.value(fresh)) if f.kind == 'reference' else raw_of(f, fresh), fresh)}" for n, f in present.items()]


def same(field: Any, found: Any, wanted: Any) -> bool:
    """Whether two values are the same to a filter, which compares text by its folded key."""
    from app.kernel.kinds import fold

    return fold(str(found)) == fold(str(wanted)) if field.kind in TEXTUAL else found == wanted


def _moment(field: Any, raw: Any, record: Any) -> str:
    from urllib.parse import quote

    return quote(field.value(record).isoformat() if field.kind == "datetime" else str(raw))


def sorted_both_ways(world: World, resource: Resource, name: str, records: list[Any]) -> None:
    """Down is the reverse of up, ties included; and the order is that of the sorted attribute."""
    up = rows_of(world, resource, f"&sort={name}")
    down = rows_of(world, resource, f"&sort=-{name}")
    assert up == down[::-1], f"sort by {name} is not total"
    assert {r.reference for r in records} <= set(up)
    attribute = sortable(resource)[name]
    with world.acting("owner"):
        values = [getattr(world.by_reference(resource, reference), attribute) for reference in up]
    present = [v for v in values if v is not None]
    assert present == sorted(present), f"sort by {name}: {present}"
    assert values[len(present):] == [None] * (len(values) - len(present)), "empty values come last"


def paging_is_complete(world: World, resource: Resource, records: list[Any]) -> None:
    """Pages of two, forth and back, give each record once."""
    client = world.client("owner")
    whole = rows_of(world, resource)
    seen, cursor, last = [], "", None
    for _page in range(200):
        answer = client.get(f"/api/v1{world.url(resource)}?per_page=2&after={cursor}").json
        seen += [item["reference"] for item in answer["items"]]
        last, cursor = answer, answer["next"] or ""
        if not cursor:
            break
    assert seen == whole
    assert len(seen) >= len(records)
    if last and last["previous"]:
        before = client.get(f"/api/v1{world.url(resource)}?per_page=2&before={last['previous']}").json
        assert [i["reference"] for i in before["items"]] == whole[len(whole) - len(last["items"]) - 2:len(whole) - len(last["items"])]


def error_of(page: str, name: str) -> str:
    """The sentence that stands below a field of a form; empty when there is none."""
    found = re.search(rf'id="field-{name}-error"[^>]*>(.*?)</p>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", found[1])).strip() if found else ""


def read_again(world: World, resource: Resource, content: bytes, name: str) -> tuple[dict[str, int], list[Any]]:
    """What the check of the import wizard says of a file: rows by what would become of them, and what it finds wrong or different."""
    with world.acting("owner"):
        run = imports.begin(resource, content, name)
        job_id, reference = imports.start_check(run, resource).id, run.reference
    jobs.run(job_id, world.place.id)
    with world.acting("owner"):
        run, job = imports.find_run(resource, reference), session().get_one(jobs.Job, (world.place.id, job_id), populate_existing=True)
        session().refresh(run)
        assert job.state == jobs.DONE, job.error
        faults: list[Any] = [(row.number, fault) for row in imports.refused(run) for fault in row.errors]
        faults += [(row.number, row.before, row.parsed) for row in imports.changes(run)]
        counts = {"rows": run.row_count, "create": run.created_count, "update": run.updated_count, "same": run.same_count,
                  "refused": run.refused_count}
    return counts, faults


def named_links(resource: Resource) -> list[Any]:
    """The fields by the names of whose records this resource is searched."""
    fields = fields_of(resource.model)
    return [fields[name] for name in resource.search if name in fields and fields[name].kind == "reference"]


def picked(resource: Resource) -> list[str]:
    """The fields of the form that are chosen from other records."""
    fields = fields_of(resource.model)
    return [name for name in form_names(resource) if fields[name].kind == "reference"]


def beside(resource: Resource, name: str) -> dict[str, str]:
    """What has to stand in another field for this one to be asked for."""
    hangs = fields_of(resource.model)[name].shown_when
    return {hangs[0]: min(hangs[1])} if hangs else {}


def rename(field: Any, record: Any, name: str) -> None:
    """Call the record that a field refers to something else."""
    other = registry.of_table(field.reference)
    assert other is not None
    linked = session().get_one(other.model, (record.organisation_id, field.value(record)))
    setattr(linked, fields_of(other.model)[other.title].attribute, name)
    refresh_keys(linked)


def edit_by_id(resource: Resource, record_id: Any) -> None:
    """Try to change a record by its id."""
    perform_one(resource, "archive" if resource.editable and resource.form else resource.actions[0].name, record_id, {})


def first_required(resource: Resource) -> str | None:
    """A field that must be filled in."""
    fields = fields_of(resource.model)
    return next((n for n in form_names(resource) if fields[n].required and fields[n].default is None and fields[n].kind != "boolean"
                 and fields[n].widget != "currency"), None)


def editable_change(world: World, resource: Resource) -> tuple[Any, str, str]:
    """A record, one of its fields and another value for it."""
    record = changeable(world, resource)
    fields = fields_of(resource.model)
    for name in form_names(resource):
        field = fields[name]
        free = field.kind in TEXTUAL and not field.widget and field.max_length >= 40 and "samples" not in field.extra
        if free and name not in ("timezone", "key"):
            return record, name, "Changed words"
    for name in form_names(resource):
        if fields[name].kind in ("integer", "money", "date") or len(fields[name].extra.get("samples", ())) > 1:
            with world.acting("owner"):
                return record, name, samples.value(fields[name], 77)
    raise AssertionError(f"{resource.key} has no field that a test can change")


def changeable(world: World, resource: Resource) -> Any:
    """A record that its state does not lock; where creating leads straight to a locked state, one is put back."""
    record = world.records(resource, 1)[0]
    if resource.lock and resource.lock(record) is not True:
        field = fields_of(resource.model)["status"]
        with world.acting("owner"):
            fresh = world.by_reference(resource, record.reference)
            fresh.status = field.default
            session().flush()
            session().refresh(fresh)
            session().expunge(fresh)
            return fresh
    return record


def edited_form(world: World, resource: Resource, record: Any, name: str, value: str) -> dict[str, Any]:
    """What the browser would send after changing one field."""
    with world.acting("owner"):
        fresh = world.by_reference(resource, record.reference)
        fields = fields_of(resource.model)
        form = {n: raw_of(fields[n], fresh) for n in form_names(resource) if fields[n].kind != "file"}
        form = {n: ("" if v is False else v) for n, v in form.items()}
        if resource.lines:
            form["lines"] = samples.data(resource, 3)["lines"]
        return {**form, name: value, "version": str(fresh.version)}


def typed(form: dict[str, Any], name: str) -> str:
    """What was typed into a field."""
    return str(form[name])


def without(resource: Resource) -> str:
    """Somebody who may not change these records: a viewer, who may ask for access and for their own data, and keep views though."""
    return "nobody" if resource.key in ("access.request", "privacy.person_request", "views.saved_view") else "viewer"
