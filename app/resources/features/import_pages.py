"""The pages of the import wizard after the upload: what each of its templates is given."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from flask import Response, request
from flask_babel import format_decimal, get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import imports
from app.core.imports import ImportRow, ImportRun, Mapping, State
from app.core.jobs import shown_job
from app.kernel import currencies, jobs
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.i18n import in_sentence
from app.kernel.kinds import KINDS, Unreadable, counted, major_units, minor_units, show_moment
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.resources.import_forms import constant_fields, constants_of, date_shapes, encodings, separators
from app.resources.labels import labels_for
from app.resources.urls import list_url, record_url

PAGE = 100
OVER = (State.DONE, State.UNDONE, State.ROLLED_BACK)


def _frame(resource: Resource, run: ImportRun) -> dict[str, Any]:
    return {"resource": resource, "list_url": list_url(resource), "key": str(uuid4()), "run": run}


def _run_url(resource: Resource, run: ImportRun) -> str:
    return f"{list_url(resource)}import/{run.reference}/"


def map_page(resource: Resource, run: ImportRun, *, problem: str = "", status: int = 200, errors: Any = None) -> Response:
    """Which column goes where, and how dates and text are to be read."""
    seen, mapping, fields = imports.look_again(run), Mapping.from_json(run.mapping), imports.importable(resource)
    columns = []
    for column in seen.columns:
        place = mapping.columns.get(column.header)
        chosen = request.form.get(f"column-{column.place}", place.field if place else "") if status == 422 else place.field if place else ""
        columns.append(
            {
                "header": column.header,
                "samples": column.samples[:3],
                "chosen": chosen,
                "sure": place.sure if place else True,
                "index": column.place,
            }
        )
    constants = constants_of(resource, request.form) if status == 422 else mapping.constants
    mapped = {c["chosen"] for c in columns} | set(constants)
    text_file = run.shape["kind"] == "csv"
    return screen(
        "imports/map.html",
        status=status,
        **_frame(resource, run),
        action=f"{_run_url(resource, run)}map",
        back_url=f"{list_url(resource)}import",
        file={
            "name": run.filename,
            "rows": run.row_count,
            "encoding": run.shape["encoding"],
            "separator": run.shape["separator"],
            "sheet": run.shape["sheet"],
        },
        sheets=[(name, name) for name in run.shape.get("sheets", ())],
        constants=constant_fields(resource, constants),
        given=len(constants),
        key_label=str(fields[resource.import_key or "reference"].label),
        columns=columns,
        targets=[(name, str(field.label)) for name, field in fields.items()],
        left_out=[c["header"] for c in columns if not c["chosen"]],
        missing=[str(f.label) for f in imports.needed(resource) if f.name not in mapped],
        date_shapes=date_shapes(),
        date_shape="",
        encodings=encodings() if text_file else [],
        separators=separators() if text_file else [],
        create_missing=[(name, str(fields[name].label), name in mapping.create_missing) for name in resource.create_missing],
        name=run.mapping_name,
        problem=problem,
        errors={**({"mapping": [problem]} if problem else {}), **(errors or {})},
    )


def check_page(resource: Resource, run: ImportRun) -> Response:
    """What the dry run found: counts, a page of errors, the first ten rows as they were understood."""
    after = counted(request.args.get("after", "")) or 0
    rows = imports.refused(run, after=after, limit=PAGE + 1)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    faults = [{"row": row.number, "column": c, "value": v, "sentence": s} for row in rows for c, v, s in row.errors]
    mapping, url = Mapping.from_json(run.mapping), _run_url(resource, run)
    good = run.created_count + run.updated_count
    headers = [c.header for c in imports.look_again(run).columns]
    refusal = "" if good else str(_("No row is ready: mend the file or the mapping."))
    return screen(
        "imports/check.html",
        block="step",
        **_frame(resource, run),
        action=f"{url}apply",
        back_url=f"{url}map",
        file={"name": run.filename},
        summary={
            "rows": run.row_count,
            "good": good,
            "new": run.created_count,
            "changed": run.updated_count,
            "bad": run.refused_count,
            "same": run.same_count,
            "new_related": _new_related(resource, run, mapping),
            "left_out": [h for h in headers if h not in mapping.columns],
        },
        preview=_preview(resource, run, mapping),
        changes=_changes(resource, run),
        changed=run.updated_count,
        errors=faults,
        error_count=run.refused_count,
        errors_url=f"{url}errors.csv",
        pager={
            "count_text": ngettext("%(count)s refused row", "%(count)s refused rows", run.refused_count,
                                   count=format_decimal(run.refused_count)),
            "previous_url": url if after else "",
            "next_url": f"{url}?after={rows[-1].number}" if more else "",
        },
        can_apply=not refusal,
        refusal=refusal,
        skip_bad=True,
    )


def _new_related(resource: Resource, run: ImportRun, mapping: Mapping) -> list[str]:
    """“2,130 suppliers”: what would be made because rows name it, by kind."""
    found, fields = [], imports.importable(resource)
    for name, number in imports.to_be_made(run, mapping.create_missing).items():
        other = registry.of_table(fields[name].reference)
        if other and number:
            found.append(f"{format_decimal(number)} {in_sentence(other.label if number == 1 else other.plural)}")
    return found


def _preview(resource: Resource, run: ImportRun, mapping: Mapping) -> dict[str, Any]:
    fields = imports.importable(resource)
    names = [p.field for p in mapping.columns.values()] + list(mapping.constants)
    rows = imports.preview(run)
    linked = _linked(fields, rows)
    return {
        "columns": [(str(fields[n].label), fields[n].numeric) for n in names],
        "rows": [[_cell(fields[n], row.parsed.get(n), linked, _code(fields[n], row.parsed)) for n in names] for row in rows],
    }


def _changes(resource: Resource, run: ImportRun) -> list[dict[str, Any]]:
    """The first records that would change, each with what it holds and what it would hold, field by field."""
    fields, rows = imports.importable(resource), imports.changes(run, limit=PAGE)
    linked, references = _linked(fields, rows), _references(resource, rows)
    shown = []
    for row in rows:
        held, reference = row.before or {}, references.get(row.record_id, "")
        after = {**held, **row.parsed}
        changed = [(str(fields[name].label), *(_cell(fields[name], values.get(name), linked, _code(fields[name], values))
                                               for values in (held, after))) for name in row.parsed]
        shown.append({"row": row.number, "reference": reference, "url": record_url(resource, reference), "fields": changed})
    return shown


def _references(resource: Resource, rows: list[ImportRow]) -> dict[UUID | None, str]:
    model: Any = resource.model
    asked = select(model.id, model.reference).where(model.organisation_id == current.organisation.id,
                                                    model.id.in_([row.record_id for row in rows]))
    return dict(session().execute(asked).tuples().all())


def _linked(fields: Any, rows: list[ImportRow]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, field in fields.items():
        held = (values.get(name) for row in rows for values in (row.parsed, row.before or {}) if field.kind == "reference")
        ids = {UUID(v) for v in held if isinstance(v, str)}
        for resource in registry.meant_by(field) if ids else ():
            found.update({str(i): label.text for i, label in labels_for(resource, ids).items()})
    return found


def _code(field: Any, values: dict[str, Any]) -> str:
    """The currency that a row says for a field; empty when it says none."""
    return str(values.get(field.currency) or "")


def _cell(field: Any, value: Any, linked: dict[str, str], code: str) -> str:
    if isinstance(value, dict):
        return str(_("%(name)s (new)", name=value.get("make", "")))
    if field.kind == "reference" or value is None:
        return linked.get(str(value), "")
    if field.kind == "choice":
        return next((str(c.label) for c in field.choices if c.value == value), str(value))
    if field.kind == "money":
        return _money(value, code or current.organisation.currency)
    if field.kind in ("date", "boolean", "integer"):
        return KINDS[field.kind].display(field, field.parse(value), None)
    return str(value)


def _money(value: Any, code: str) -> str:
    """An amount as its reader writes it; one that its currency cannot have, as it was read."""
    try:
        return currencies.shown(major_units(minor_units(Decimal(str(value)), code), code), code, get_locale() or "en")
    except Unreadable:
        return str(value)


def result_page(resource: Resource, run: ImportRun) -> Response:
    """The progress while it runs; what came of it afterwards, with the way back."""
    url, over = _run_url(resource, run), run.state in OVER
    job = jobs.find(run.job_id) if run.job_id else None
    back = run.state == State.DONE and run.created_count + run.updated_count
    reason = (
        ""
        if back
        else {State.ROLLED_BACK: _("It was rolled back already."), State.UNDONE: run.problem or _("Nothing of it was kept.")}.get(
            run.state, _("It changed nothing.")
        )
    )
    return screen(
        "imports/result.html",
        block="step",
        **_frame(resource, run),
        job=shown_job(job, back_to=url) if job and not over else None,
        result=_result(run) if over else None,
        refused_url=f"{url}refused.csv",
        records_url=f"{list_url(resource)}?{urlencode({'import': run.reference})}" if back else "",
        rollback_url=f"{url}rollback" if back else "",
        rollback_reason=str(reason),
        rolled_back=_rolled_back(resource, run),
        cancel_url="",
    )


def _result(run: ImportRun) -> dict[str, Any]:
    member = registry.of_table("member")
    who = labels_for(member, [run.created_by]).get(run.created_by, "") if member else ""
    return {
        "rows": run.row_count,
        "created": run.created_count,
        "changed": run.updated_count,
        "same": run.same_count,
        "refused": run.refused_count,
        "requests": run.request_count,
        "when": show_moment(run.finished_at or run.updated_at),
        "who": who or current.user.name,
    }


def _rolled_back(resource: Resource, run: ImportRun) -> dict[str, Any] | None:
    if run.state not in (State.ROLLED_BACK, State.UNDONE):
        return None
    return {
        "gone": run.gone_count,
        "count": len(run.stayed),
        "stayed": [(ref, record_url(resource, ref), reason) for _id, ref, reason in run.stayed[:PAGE]],
    }


def rollback_page(resource: Resource, run: ImportRun) -> Response:
    """The question before an import is taken back, with all that would stay."""
    going, stays = imports.what_would_stay(run, resource)
    session().expire_all()
    return screen(
        "imports/rollback.html",
        **_frame(resource, run),
        action=f"{_run_url(resource, run)}rollback",
        back_url=_run_url(resource, run),
        going=going,
        staying_count=len(stays),
        staying=[(s.reference, record_url(resource, s.reference), s.reason) for s in stays[:PAGE]],
    )
