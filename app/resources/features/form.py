"""Create and edit: grouped fields, rows, inline validation, a draft that survives, errors that link to their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from flask import Response, flash, redirect, request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.core import access, drafts
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.i18n import in_sentence
from app.kernel.kinds import counted, show_moment
from app.kernel.manifest import Resource
from app.kernel.screens import screen
from app.resources.answer_form import AnswerForm
from app.resources.answering import understand
from app.resources.binding import bind_many, form_names, parse_answer
from app.resources.bound_fields import BoundField, BoundLines, bound_field, bound_lines, raw_of, typed, typed_lines, words_for
from app.resources.features.detail import fetch
from app.resources.features.listing import template_of
from app.resources.stages import changeable, lines_of, require_live
from app.resources.urls import list_url, record_url

INNER = frozenset({"csrf_token", "_key", "_discard", "_add_line", "_remove_line", "_redraw", "_impact", "version"})
RESHAPING = ("_add_line", "_remove_line", "_redraw")
OWN = ("lines", "1")


class FormPage:
    """A form being filled in: of a new record, or of one that exists."""

    def __init__(self, resource: Resource, record: Any = None) -> None:
        self.resource, self.record = resource, record
        self.fields: dict[str, Field] = {name: fields_of(resource.model)[name] for name in form_names(resource)}
        self.raw: dict[str, Any] = {}
        self.lines: list[dict[str, Any]] = []
        self.errors: Mapping[str, Sequence[Any]] = {}
        self.draft_when = ""
        self.fresh = -1
        answered = next((field for field in self.fields.values() if field.kind == "answers"), None)
        self.answers = AnswerForm(answered, record) if answered else None
        self.fields = {name: field for name, field in self.fields.items() if field is not answered}

    @property
    def name(self) -> str:
        """The name under which a draft of this form is kept."""
        return f"{self.resource.key}:{self.record.reference if self.record else 'new'}"

    @property
    def base(self) -> str:
        """The path that the form's addresses hang from."""
        return record_url(self.resource, self.record) if self.record else list_url(self.resource)

    def fill(self) -> None:
        """Begin with what the record has, or with the defaults and what the query string says; then with the kept draft."""
        if self.record:
            self.raw = {name: raw_of(field, self.record) for name, field in self.fields.items()}
            self.lines = self._present_lines()
        else:
            defaults = self.resource.defaults() if self.resource.defaults else {}
            self.raw = {
                name: getattr(defaults.get(name, field.default), "value", defaults.get(name, field.default))
                for name, field in self.fields.items()
            }
            self.raw |= {name: current.organisation.currency for name, field in self.fields.items() if field.widget == "currency"}
            self.raw |= {name: value for name, value in request.args.items() if name in self.fields}
        draft = drafts.kept(self.name)
        if draft is not None:
            self.take(MultiDict([(n, v) for n, v in draft.pairs]))
            self.draft_when = show_moment(draft.kept_at)
        if self.resource.lines and not self.lines:
            self.lines = [{}]

    def _present_lines(self) -> list[dict[str, Any]]:
        if not self.resource.lines:
            return []
        fields = fields_of(self.resource.lines.model)
        return [
            {name: raw_of(fields[name], line) for name in self.resource.lines.fields} for line in lines_of(self.resource.lines, self.record)
        ]

    def take(self, form: MultiDict[str, str]) -> None:
        """Put in what was typed."""
        self.raw |= typed(form, self.fields.values())
        if self.answers:
            self.answers.take(form)
        if self.resource.lines:
            self.lines = typed_lines(form, self.resource.lines)

    def data(self) -> dict[str, Any]:
        """What goes through the door."""
        sent = {name: self.raw[name] if self._applies(name) else "" for name in self.fields if name in self.raw}
        if self.answers:
            sent[self.answers.field.name] = self.answers.data(self.sheet, self.about)
        return {**sent, "lines": self.lines} if self.resource.lines else sent

    @property
    def about(self) -> Any:
        """What stands in the fields, as values."""
        applying = {name: value for name, value in self.raw.items() if self._applies(name)}
        return self.answers.about(applying, self.fields) if self.answers else None

    @property
    def sheet(self) -> Any:
        """The form that is data which belongs to what stands in the fields, if one does."""
        applying = {name: value for name, value in self.raw.items() if self._applies(name)}
        return self.answers.sheet(applying, self.fields) if self.answers else None

    def _applies(self, name: str) -> bool:
        """Whether a field is asked for beside what stands in the others."""
        return self.fields[name].applies(self.raw.get)

    @property
    def action(self) -> str:
        """Where the form is sent."""
        return f"{self.base}{'edit' if self.record else 'new'}"

    @property
    def validate_url(self) -> str:
        """Where a field is sent, below its name, once it was left."""
        return f"{self.base}validate/"

    def _groups(self, sheet: Any) -> list[tuple[Any, list[BoundField], list[BoundLines]]]:
        """The fields that are asked for, below their headings, with the rows that belong there."""
        words = words_for(self.fields.values(), self.raw)
        drivers = {field.shown_when[0] for field in self.fields.values() if field.shown_when} | (sheet.drivers() if sheet else set())
        groups: list[tuple[Any, list[BoundField], list[BoundLines]]] = []
        for legend, names in self.resource.form.items():
            if self.answers and self.answers.field.name in names and sheet:
                groups += self.answers.sections(sheet, self.about, self.errors, self.action, self.validate_url)
            groups.append((legend, [
                bound_field(self.fields[n], self.raw.get(n), errors=self.errors.get(n, ()), text=words.get(n, ""),
                            validate=f"{self.validate_url}{n}", redraw=self.action if n in drivers else "",
                            needed=bool(self.fields[n].needed_when) and self.fields[n].needed(self.raw.get))
                for n in names if n in self.fields and self._applies(n)], []))
        return [group for group in groups if group[1] or group[2]]

    def answer(self, status: int = 200) -> Response:
        """The page, or the form alone for htmx."""
        made = _("New %(what)s", what=in_sentence(self.resource.label))
        heading = _("Edit %(reference)s", reference=self.record.reference) if self.record else made
        sheet = self.sheet
        crumbs = [(self.resource.plural, list_url(self.resource))]
        if self.record:
            crumbs.append((self.record.reference, self.base))
        return screen(
            template_of(self.resource, "form"),
            block="form",
            status=status,
            resource=self.resource,
            crumbs=crumbs,
            heading=heading,
            groups=self._groups(sheet),
            impact=self.answers.impact(sheet, self.about) if self.answers and sheet else None,
            aside=[(name, self.raw[name]) for name in self.fields if self.raw.get(name) and not self._applies(name)],
            lines=bound_lines(self.resource.lines, self.lines, self.errors, self.fresh) if self.resource.lines else None,
            errors=self._summary(),
            action=self.action,
            cancel_url=self.base,
            version=self.record.version if self.record else "",
            key=request.form.get("_key") or str(uuid4()),
            draft_url=f"{self.base}draft",
            draft_when=self.draft_when,
            discard_url=f"{self.base}draft",
            multipart=any(f.kind == "file" for f in self.fields.values()),
        )

    def _summary(self) -> list[tuple[str, Any, Any]]:
        found = []
        for name, said in self.errors.items():
            field = self.fields.get(name)
            if self.answers and name.startswith(f"{self.answers.field.name}."):
                found.append(self._of_answer(name, said))
            elif name.startswith("lines."):
                _lines, number, column = name.split(".")
                found.append(
                    (f"field-lines-{int(number) - 1}-{column}", _("Row %(number)s, %(column)s", number=number, column=column), said[0])
                )
            elif name == "lines":
                found.append(("lines", self.resource.lines.label if self.resource.lines else "", said[0]))
            else:
                found.append((f"field-{name}" if field else "", field.label if field else name, said[0]))
        return found


    def _of_answer(self, name: str, said: Sequence[Any]) -> tuple[str, Any, Any]:
        """An error in an answer, or in a row of answers."""
        question, *place = name.split(".")[1:]
        known = self.sheet.questions.get(question) if self.sheet else None
        label = known.field.label if known else question
        if known is None:
            return "", label, said[0]
        if not place:
            return f"lines-answers-{question}" if known.columns else f"field-answers-{question}", label, said[0]
        column = next((each.label for each in known.columns if each.name == place[1]), place[1])
        words = _("Row %(number)s, %(column)s", number=place[0], column=column)
        return f"field-answers-{question}-{int(place[0]) - 1}-{place[1]}", f"{label}: {words}", said[0]


def show_new(resource: Resource) -> Response:
    """The form of a new record."""
    access.require(current.user, resource.permission("create"))
    page = FormPage(resource)
    page.fill()
    return page.answer()


def save_new(resource: Resource) -> Any:
    """Make the record and go to it; with errors, the form again and nothing lost."""
    return _save(FormPage(resource), "create", None)


def show_edit(resource: Resource, reference: str) -> Response:
    """The form of an existing record."""
    record = fetch(resource, reference)
    access.require(current.user, resource.permission("edit"), record)
    changeable(resource, record, {})
    require_live(record)
    page = FormPage(resource, record)
    page.fill()
    return page.answer()


def save_edit(resource: Resource, reference: str) -> Any:
    """Change the record and go to it."""
    record = fetch(resource, reference)
    return _save(FormPage(resource, record), "edit", record)


def _save(page: FormPage, action: str, record: Any) -> Any:
    form = request.form
    page.take(form)
    if "_discard" in form:
        drafts.forget(page.name)
        return redirect(page.action, 303)
    if "_impact" in form:
        sheet = page.sheet
        impact = page.answers.impact(sheet, page.about) if page.answers and sheet else None
        return screen("resource/impact.html", impact=impact, action=page.action)
    if any(name in form for name in RESHAPING):
        _reshape(page, form)
        _keep(page, form)
        answer = page.answer()
        answer.headers["HX-Reswap"] = "outerHTML"  # the form stays where it is; an answer with errors goes to its top
        return answer
    data = page.data() | ({"version": form["version"]} if record and form.get("version") else {})
    try:
        outcome = perform_one(page.resource, action, record, data, key=form.get("_key", ""), channel="page")
    except Invalid as error:
        session().rollback()
        page.errors = error.errors
        return page.answer(422)
    except Conflict as error:
        session().rollback()  # a statement that failed leaves nothing to ask until then
        page.errors = {"": [str(error)]}
        return page.answer(409)
    drafts.forget(page.name)
    flash(_("%(reference)s is saved.", reference=outcome.record.reference), "good")
    return redirect(record_url(page.resource, outcome.record), 303)


def _reshape(page: FormPage, form: MultiDict[str, str]) -> None:
    if form.get("_add_line") in OWN:
        page.lines.append({})
        page.fresh = len(page.lines) - 1
    elif (place := counted(form.get("_remove_line", ""))) is not None and place < len(page.lines):
        page.lines.pop(place)


def keep_draft(resource: Resource, reference: str = "") -> tuple[str, int]:
    """Keep what is typed, as it is."""
    record = fetch(resource, reference) if reference else None
    access.require(current.user, resource.permission("edit" if reference else "create"), record)
    page = FormPage(resource, record)
    _keep(page, request.form)
    return "", 204


def _keep(page: FormPage, form: MultiDict[str, str]) -> None:
    drafts.keep(page.name, [(n, v) for n, v in form.items(multi=True) if n not in INNER])


def validate(resource: Resource, name: str, reference: str = "") -> Response:
    """One field again, after it was left, with what is wrong with it; of a new record, or of one that exists."""
    record = fetch(resource, reference) if reference else None
    access.require(current.user, resource.permission("edit" if reference else "create"), record)
    page = FormPage(resource, record)
    page.take(request.form)
    if page.answers and (question := name.removeprefix("answers-")) != name and (sheet := page.sheet) and question in sheet.questions:
        return _validate_answer(page, sheet, question)
    if name not in page.fields:
        raise Invalid({name: [_("There is no such field here.")]})
    beside = {name, *_currencies(page), *_driver(page, name)}
    bound = bind_many(resource, [{n: page.raw[n] for n in beside if n in page.raw}], partial=True)[0]
    field = page.fields[name]
    return screen(
        "resource/field.html",
        b=bound_field(field, page.raw.get(name), errors=bound.errors.get(name, ()), validate=f"{page.validate_url}{name}"),
    )


def _validate_answer(page: FormPage, sheet: Any, question: str) -> Response:
    said, address = sheet.questions[question].field, f"{page.validate_url}answers-{question}"
    found = understand(sheet, page.answers.raw if page.answers else {}, page.about, parse_answer)
    raw = page.answers.raw.get(question) if page.answers else None
    needed = sheet.needed(sheet.questions[question], found.values, page.about)
    return screen("resource/field.html", b=bound_field(said, raw, errors=found.errors.get(question, ()), prefix="answers-",
                                                       validate=address, needed=needed))


def _currencies(page: FormPage) -> set[str]:
    return {name for name, field in page.fields.items() if field.widget == "currency"}


def _driver(page: FormPage, name: str) -> set[str]:
    """The choice that a field hangs on, if it does."""
    field = page.fields.get(name)
    return {field.shown_when[0]} if field is not None and field.shown_when else set()
