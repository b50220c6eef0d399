"""Declared actions, archive and restore, on one record and on a selection."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, flash, redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from app.core import access
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import Outcome, perform, perform_one
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.fields import fields_of
from app.kernel.manifest import Action, Resource
from app.kernel.screens import screen
from app.resources.bound_fields import bound_field, typed, words_for
from app.resources.features.detail import Detail, fetch
from app.resources.features.listing import template_of
from app.resources.querying import matching_ids, read
from app.resources.tagging import verb_of
from app.resources.uploading import uploaded
from app.resources.urls import list_url, record_url

BULK_LIMIT = 500


def show_action(resource: Resource, reference: str, name: str, errors: Any = None, status: int = 200) -> Response:
    """The form of an action, or its confirmation, with the reason when it cannot be done."""
    record = fetch(resource, reference)
    access.require(current.user, resource.permission("archive" if name == "restore" else name), record)
    detail = Detail(resource, record)
    offer = _offer(detail, name)
    form = _form(resource.action(name))
    raw = typed(request.form, form.values()) if request.form else {n: f.default for n, f in form.items()}
    words = words_for(form.values(), raw)
    fields = [bound_field(f, raw.get(n), errors=(errors or {}).get(n, ())[:1 if f.kind == "file" else None], text=words.get(n, ""))
              for n, f in form.items()]
    summary = [(f"field-{n}" if n in form else "", form[n].label if n in form else "", each)
               for n, said in (errors or {}).items() for each in (said if n in form and form[n].kind == "file" else said[:1])]
    return screen(
        template_of(resource, "action"),
        block="form",
        status=status,
        resource=resource,
        record=record,
        detail=detail,
        offer=offer,
        fields=fields,
        errors=summary,
        action=f"{detail.url}{name}",
        cancel_url=detail.url,
        key=request.form.get("_key") or str(uuid4()),
    )


def do_action(resource: Resource, reference: str, name: str) -> Any:
    """Do it and go back to the record; a refusal shows the form again with the sentence."""
    record = fetch(resource, reference)
    form = _form(resource.action(name))
    try:
        sent = {**typed(request.form, form.values()), **uploaded(form.values())}
        outcome = perform_one(resource, name, record, sent, key=request.form.get("_key", ""), channel="page")
    except Invalid as error:
        session().rollback()
        return show_action(resource, reference, name, error.errors, 422)
    except Conflict as error:
        session().rollback()  # a statement that failed leaves nothing to ask until then
        return show_action(resource, reference, name, {"": [str(error)]}, 409)
    said = (
        _("%(reference)s waits for approval.", reference=record.reference)
        if outcome.state == "parked"
        else _("%(reference)s: done.", reference=record.reference)
    )
    flash(said, "good")
    return redirect(record_url(resource, record), 303)


def _offer(detail: Detail, name: str) -> Any:
    offers = [*detail.offers, *filter(None, (detail.archive,))]
    found = next((o for o in offers if o.name == name), None)
    if found is None:
        raise NotFound(_("There is nothing called “%(name)s” to do here.", name=name[:40]))
    return found


def _form(action: Action | None) -> dict[str, Any]:
    return dict(action.form.__fields__) if action and action.form else {}  # type: ignore[attr-defined]


def bulk(resource: Resource) -> Any:
    """One thing done to a selection: the rows ticked, or the whole list as filtered when `scope=list`."""
    access.require(current.user, resource.permission("view"))
    name = request.form.get("action", "")
    if name not in together(resource):
        raise Invalid({"action": [_("Known actions: %(names)s.", names=", ".join(together(resource)))]})
    access.require(current.user, resource.permission(verb_of(name)))
    targets = selection(resource)
    if name == "edit" and "_confirmed" not in request.form:
        return show_bulk_edit(resource, targets)
    if not targets:
        raise Invalid({"ids": [_("Select at least one row.")]})
    data = _bulk_data(resource) if name == "edit" else None
    try:
        outcomes = perform(resource, name, targets, data, each=True, key=request.form.get("_key", ""), channel="page")
    except Invalid as error:
        return show_bulk_edit(resource, targets, error.errors, 422)
    wrong = [o.error.errors for o in outcomes if isinstance(o.error, Invalid)]
    if name == "edit" and len(wrong) == len(outcomes):  # the same value for all of them, and none can take it
        return show_bulk_edit(resource, targets, wrong[0], 422)
    return screen(
        template_of(resource, "bulk_result"),
        block="content",
        resource=resource,
        outcomes=outcomes,
        done=_count(outcomes, "done"),
        parked=_count(outcomes, "parked"),
        refused=[o for o in outcomes if o.state == "refused"],
        list_url=list_url(resource),
        said=ngettext("%(num)d record", "%(num)d records", len(outcomes)),
    )


def together(resource: Resource) -> list[str]:
    """What can be done to many records at once: what declares itself fit for it, and nothing that wants a look at each."""
    changes = [*(["edit"] if resource.bulk_edit else []), "archive", "restore"] if resource.form and resource.editable else []
    return [*changes, *(action.name for action in resource.actions if action.bulk)]


def _count(outcomes: list[Outcome], state: str) -> int:
    return sum(1 for o in outcomes if o.state == state)


def selection(resource: Resource) -> list[Any]:
    """The records that a bulk form means."""
    if request.form.get("scope") == "list":
        pairs = [(name, value) for name, sign, value in (pair.partition("=") for pair in request.form.getlist("_list")) if sign]
        found: list[Any] = list(matching_ids(read(resource, MultiDict(pairs)), BULK_LIMIT + 1))
    else:
        found = list(dict.fromkeys(v for v in request.form.getlist("ids") if v))
    if len(found) > BULK_LIMIT:
        raise Invalid({"ids": [_("At most %(limit)d records at once; narrow the list.", limit=BULK_LIMIT)]})
    return found


def _bulk_data(resource: Resource) -> dict[str, Any]:
    fields = {n: fields_of(resource.model)[n] for n in resource.bulk_edit}
    chosen = set(request.form.getlist("change"))
    return {n: v for n, v in typed(request.form, fields.values()).items() if n in chosen}


def show_bulk_edit(resource: Resource, targets: list[Any], errors: Any = None, status: int = 200) -> Response:
    """The fields that can be changed for many records at once; only those ticked are."""
    access.require(current.user, resource.permission("edit"))
    fields = {n: fields_of(resource.model)[n] for n in resource.bulk_edit}
    raw = typed(request.form, fields.values())
    words = words_for(fields.values(), raw)
    bound = [bound_field(f, raw.get(n), errors=(errors or {}).get(n, ()), text=words.get(n, "")) for n, f in fields.items()]
    return screen(
        template_of(resource, "bulk"),
        block="form",
        status=status,
        resource=resource,
        fields=bound,
        targets=targets,
        chosen=set(request.form.getlist("change")),
        action=f"{list_url(resource)}bulk",
        cancel_url=list_url(resource),
        key=str(uuid4()),
        errors=[(f"field-{n}", fields[n].label if n in fields else n, said[0]) for n, said in (errors or {}).items()],
    )
