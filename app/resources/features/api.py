"""The JSON API: the same names, filters, visibility and door as the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import orjson
from flask import Response, request
from flask_babel import gettext as _

from app.core import access, audit, tags
from app.kernel.calls import body, once
from app.kernel.current import current
from app.kernel.door import Outcome, perform_one
from app.kernel.errors import Conflict, Invalid, Overtaken, VersionNeeded
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.resources.features.detail import fetch, fetch_all
from app.resources.labels import Label, gather
from app.resources.paging import page_of
from app.resources.querying import count, read
from app.resources.stages import lines_of, load
from app.resources.tagging import built_in, verb_of

ALWAYS = ("id", "reference", "version")
STAMPS = ("archived_at", "created_by")
HISTORY = 200


def answer(data: Any, status: int = 200, **headers: str) -> Response:
    """JSON, with the version of the record as its ETag where there is one."""
    return Response(orjson.dumps(data), status, headers=headers, mimetype="application/json")


def as_json(
    resource: Resource, record: Any, labels: Mapping[Any, Label], worn: Mapping[Any, Sequence[tags.Worn]], *, full: bool = False
) -> dict[str, Any]:
    """A record: its fields by name; linked records as id, reference and title; money as a decimal string beside its currency."""
    data: dict[str, Any] = {"id": str(record.id), "reference": record.reference}
    for name, field in fields_of(resource.model).items():
        if name == "reference":
            continue
        value = field.to_json(record)
        if field.kind == "reference" and value is not None:
            label = labels.get(field.value(record))
            value = {"id": value, "reference": label.reference if label else None, "title": label.text if label else None}
        elif field.kind == "money" and value is not None:
            value = {"amount": value, "currency": field.currency_of(record)}
        data[name] = value
    data |= {
        "archived_at": record.archived_at.isoformat() if record.archived_at else None,
        "version": record.version,
        "created_by": str(record.created_by),
    }
    if tags.taggable(resource):
        data["tags"] = [tag.title for tag in worn.get(record.id, ())]
    if full and resource.lines:
        fields = fields_of(resource.lines.model)
        data["lines"] = [{n: fields[n].to_json(line) for n in resource.lines.fields} for line in lines_of(resource.lines, record)]
    return data


def one(resource: Resource, record: Any, status: int = 200) -> Response:
    """A single record."""
    labels = gather(fields_of(resource.model).values(), [record])
    return answer(as_json(resource, record, labels, tags.of_many([record]), full=True), status, ETag=f'"{record.version}"')


def wanted_fields(resource: Resource) -> frozenset[str]:
    """The names in `fields`, which narrow the answer; empty for all of them. Raises `Invalid` naming the nearest right one."""
    asked = [name.strip() for name in ",".join(request.args.getlist("fields")).split(",") if name.strip()]
    known = [*ALWAYS, *(n for n in fields_of(resource.model) if n != "reference"), *STAMPS, *(["lines"] if resource.lines else []),
             *(["tags"] if tags.taggable(resource) else [])]
    for name in asked:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = _("Did you mean “%(near)s”?", near=near[0]) if near else _("Known fields: %(names)s.", names=", ".join(known))
            raise Invalid({"fields": [_("There is no such field here.") + " " + hint]})
    return frozenset(asked)


def narrowed(shown: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """A record with the fields that were asked for, and what it is known by."""
    return {name: value for name, value in shown.items() if name in names or name in ALWAYS} if names else shown


def api_list(resource: Resource) -> Response:
    """A page of records: `items`, `next`, `previous`, `count` and whether it is exact."""
    access.require(current.user, resource.permission("view"))
    wanted, names = read(resource, request.args), wanted_fields(resource)
    page = page_of(wanted)
    total, exact = count(wanted)
    labels = gather([field for name, field in fields_of(resource.model).items() if not names or name in names], page.records)
    audit.note_list(resource, len(page.records), request.query_string.decode("ascii", "replace"))
    return answer(
        {
            "items": [narrowed(as_json(resource, r, labels, page.worn), names) for r in page.records],
            "next": page.next or None,
            "previous": page.previous or None,
            "count": total,
            "exact": exact,
        }
    )


def api_detail(resource: Resource, reference: str) -> Response:
    """One record with its lines; 304 for whoever has this version already."""
    record, names = fetch(resource, reference), wanted_fields(resource)
    audit.note_read(resource, record)
    labels = gather(fields_of(resource.model).values(), [record])
    shown = narrowed(as_json(resource, record, labels, tags.of_many([record]), full=True), names)
    found = answer(shown, ETag=f'"{record.version}"')
    if not names:
        found.make_conditional(request)
    return found


def api_history(resource: Resource, reference: str) -> Response:
    """What happened to a record, newest first, in the words of the reader's language."""
    entries = audit.history(fetch(resource, reference), limit=HISTORY)
    return answer({"items": [happened(entry) for entry in entries]})


def happened(entry: audit.Shown) -> dict[str, Any]:
    """An entry of the trail: who did what, when, by which way, and each field before and after."""
    return {
        "id": str(entry.id),
        "at": entry.at.isoformat(),
        "action": entry.action_name,
        "by": {"id": str(entry.actor_id) if entry.actor_id else None, "name": entry.who},
        "said": entry.said,
        "result": entry.result,
        "reason": entry.reason,
        "request_id": entry.request_id,
        "changes": [{"field": c.label, "before": c.before, "after": c.after} for c in entry.changes],
    }


def still(resource: Resource, verb: str, references: Sequence[str]) -> None:
    """Refuse a kept answer to whoever may not do this any more, or sees the records no more; what is confidential leaves its trace."""
    access.require(current.user, resource.permission(verb))
    for record in fetch_all(resource, references):
        if audit.is_confidential(resource, record):
            audit.note_read(resource, record)


def api_create(resource: Resource) -> Response:
    """Make a record: 201 with the record, 202 when what follows waits for approval."""
    return once(lambda: _created(resource, body()), lambda said: still(resource, "create", [said["reference"]]))


def _created(resource: Resource, data: dict[str, Any]) -> Response:
    outcome = perform_one(resource, "create", None, data, channel="api")
    return one(resource, outcome.record, 202 if outcome.state == "parked" else 201)


def api_update(resource: Resource, reference: str) -> Response:
    """Change some fields of the version that `If-Match` names: 412 when there is another one by now, 428 when none is named."""
    return once(lambda: _updated(resource, fetch(resource, reference), body()), lambda _said: still(resource, "edit", [reference]))


def _updated(resource: Resource, record: Any, data: dict[str, Any]) -> Response:
    versions = matching_tags()
    if not versions:
        raise VersionNeeded(_("Send the ETag of the record in If-Match, or * to overwrite whatever is there."))
    if "*" not in versions:
        data = {**data, "version": str(record.version) if str(record.version) in versions else versions[0]}
    try:
        outcome = perform_one(resource, "edit", record, data, channel="api")
    except Conflict as error:
        if "version" not in error.details or "*" in versions:
            raise
        raise overtaken(record.reference, error.details["version"]) from None
    return one(resource, outcome.record)


def matching_tags() -> list[str]:
    """The versions in `If-Match`."""
    return [tag for each in request.headers.get("If-Match", "").split(",") if (tag := each.strip().removeprefix("W/").strip('"'))]


def overtaken(reference: str, version: int) -> Overtaken:
    """The refusal to change a version that is no more."""
    return Overtaken(_("%(reference)s was changed by somebody else: it is at version %(version)s now.", reference=reference,
                       version=version), version=version)


def api_act(resource: Resource, reference: str, action: str) -> Response:
    """Archive, restore or a declared action: 200 when done, 202 when it waits for approval. `If-Match` may name the version."""
    known = {a.name for a in resource.actions} | set(built_in(resource))
    if action not in known:
        raise Invalid({"action": [_("Known actions: %(names)s.", names=", ".join(sorted(known)))]})
    verb = verb_of(action)
    return once(lambda: _acted(resource, fetch(resource, reference), action, body()), lambda _said: still(resource, verb, [reference]))


def _acted(resource: Resource, record: Any, action: str, data: dict[str, Any]) -> Response:
    versions = matching_tags()
    if versions and "*" not in versions:
        record = load(resource, [record])[0]
        if str(record.version) not in versions:
            raise overtaken(record.reference, record.version)
    outcome = perform_one(resource, action, record, data, channel="api")
    return answer(said(resource, outcome), 202 if outcome.state == "parked" else 200)


def said(resource: Resource, outcome: Outcome) -> dict[str, Any]:
    """An outcome in JSON."""
    record = outcome.record
    return {
        "state": outcome.state,
        "approval": str(outcome.approval_id) if outcome.approval_id else None,
        "record": as_json(resource, record, gather(fields_of(resource.model).values(), [record]), tags.of_many([record]), full=True),
    }
