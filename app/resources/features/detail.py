"""The page of one record: facts, what can be done now and why the rest cannot, history, related, files, approvals.

`resource/detail.html` is rendered with one `detail` (a `Detail`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask import Response
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, approvals, audit, files, tags
from app.core.forms import Part
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Action, Related, Resource
from app.kernel.registry import registry
from app.kernel.screens import screen, wants_fragment
from app.resources.answer_form import Impact, impact_of
from app.resources.answering import Answered
from app.resources.features.listing import template_of
from app.resources.labels import Shown
from app.resources.stages import lines_of
from app.resources.urls import form_url, list_url, record_url

RELATED_ROWS = 10


@dataclass(frozen=True)
class Fact:
    """A field's label with its displayed value."""

    field: Field
    value: Any


@dataclass(frozen=True)
class Answers:
    """The answers to a form below their headings, what they come to, and by which version of the form they were asked."""

    sections: Sequence[tuple[str, Sequence[Part]]]
    impact: Impact | None
    reference: str


@dataclass(frozen=True)
class Offer:
    """Something that can be done to the record; `reason` says why not when it cannot."""

    name: str
    label: Any
    url: str
    icon: str
    tone: str
    allowed: bool
    reason: str = ""
    has_form: bool = False
    needs_approval: bool = False
    ask_url: str = ""


@dataclass(frozen=True)
class RelatedPanel:
    """Some records that refer to this one, and where to see all of them."""

    resource: Resource
    label: Any
    records: Sequence[Any]
    show: Shown
    all_url: str
    new_url: str

    def url_of(self, record: Any) -> str:
        """A related record's page."""
        return record_url(self.resource, record)


class Detail:
    """Everything that the page of a record shows."""

    def __init__(self, resource: Resource, record: Any) -> None:
        self.resource, self.record = resource, record
        self.show = Shown(resource, [record], list(fields_of(resource.model)))

    @cached_property
    def url(self) -> str:
        """The permanent link."""
        return record_url(self.resource, self.record)

    @cached_property
    def list_url(self) -> str:
        """The list that the record is in."""
        return list_url(self.resource)

    @cached_property
    def title(self) -> str:
        """What stands for the record."""
        return str(self.show(self.record, self.resource.title) if self.resource.title in self.show.fields else self.record.reference)

    @cached_property
    def facts(self) -> list[Fact]:
        """The fields in the order of the form, then the others; what the head says already is left out, unless it leads somewhere."""
        shown = self.show.fields
        return [
            Fact(shown[name], self.show(self.record, name))
            for name in self.resource.facts
            if name in shown and name != "reference" and self._applies(shown[name])
            and (name != self.resource.title or shown[name].kind == "reference")
        ]

    @cached_property
    def answers(self) -> Answers | None:
        """What was answered to the form that belongs to the record, if one does."""
        field = next((each for each in fields_of(self.resource.model).values() if each.kind == "answers"), None)
        kept = (field.value(self.record) if field else None) or {}
        sheet = field.sheet(kept) if field and field.sheet and kept else None
        if sheet is None:
            return None
        found = Answered(sheet.values(kept))
        return Answers(list(sheet.parts(kept)), impact_of(sheet, found, self.record) if sheet.matrix else None, kept.get("form", ""))

    def _applies(self, field: Field) -> bool:
        return field.applies(lambda name: getattr(self.record, name))

    @cached_property
    def state(self) -> Any:
        """The record's state as a choice, when it has one."""
        if self.resource.waits:
            return self.show.state(self.record, self.resource.waits[0])
        return getattr(self.record, "status", None) or getattr(self.record, "state", None)

    @cached_property
    def lines(self) -> tuple[list[Field], list[Any], Shown] | None:
        """The fields, rows and shown values of the record's lines."""
        if not self.resource.lines:
            return None
        rows = lines_of(self.resource.lines, self.record)
        fields = fields_of(self.resource.lines.model)
        shown = Shown(Resource(self.resource.lines.model, ()), rows, list(fields))
        return [fields[name] for name in self.resource.lines.fields], rows, shown

    @cached_property
    def line_totals(self) -> list[str]:
        """What each line comes to, where lines say it."""
        if not (self.lines and self.resource.lines and self.resource.lines.total):
            return []
        money = Field("money", "", currency="currency")
        return [money.behaviour.display(money, getattr(row, self.resource.lines.total)(), row) for row in self.lines[1]]

    @cached_property
    def waiting(self) -> dict[str, str]:
        """By action: why it is not to be asked for again, while a request for it is under way."""
        if not any(action.approval for action in self.resource.actions):
            return {}
        why = {
            approvals.State.OPEN: _("It waits for approval already."),
            approvals.State.HELD: _("It is approved and takes effect shortly."),
        }
        return {each.action: f"{why[each.state]} {self._asked(each)}".strip() for each in self._requests if each.state in why}

    def _asked(self, request: Any) -> str:
        """Whose decision a request waits for."""
        names = approvals.asked_now(request)
        return _("Asked: %(names)s.", names=names) if names else ""

    @cached_property
    def _requests(self) -> list[Any]:
        return approvals.of_record(self.resource, self.record.id)

    @cached_property
    def offers(self) -> list[Offer]:
        """The declared actions, each with whether it can be done now."""
        return [self._offer(action) for action in self.resource.actions if not action.on_create or self._waits(action)]

    def _waits(self, action: Action) -> bool:
        answer = action.when(self.record) if action.when else True
        return answer is True

    def _offer(self, action: Action) -> Offer:
        decision = access.can(current.user, self.resource.permission(action.name), self.record)
        answer = action.when(self.record) if action.when and decision.allowed else True
        reason = decision.reason if not decision.allowed else "" if answer is True else str(answer or _("Not in the present state."))
        reason = reason or self.waiting.get(action.name, "")
        return Offer(
            action.name,
            action.label or action.name,
            f"{self.url}{action.name}",
            action.icon,
            action.tone,
            not reason,
            reason,
            action.form is not None,
            bool(action.approval),
            "" if decision.allowed else self._ask_url(action.name),
        )

    def _ask_url(self, verb: str) -> str:
        """Where one asks for the permission that is missing, for this record alone; empty for who may not ask."""
        if not access.can(current.user, "access.request.create"):
            return ""
        asked = urlencode({"permission": self.resource.permission(verb), "on_record": self.record.reference})
        return f"{list_url(registry.resource('access.request'))}new?{asked}"

    @cached_property
    def edit(self) -> Offer | None:
        """Editing, and why not."""
        if not (self.resource.form and self.resource.editable):
            return None
        decision = access.can(current.user, self.resource.permission("edit"), self.record)
        answer: Any = self.resource.lock(self.record) if self.resource.lock and decision.allowed else True
        reason = decision.reason if not decision.allowed else "" if answer is True else str(answer or _("It can no longer be changed."))
        return Offer("edit", _("Edit"), form_url(self.resource, self.record), "pencil", "neutral", not reason, reason, True,
                     ask_url="" if decision.allowed else self._ask_url("edit"))

    @cached_property
    def archive(self) -> Offer | None:
        """Archiving or restoring, and why not."""
        if not (self.resource.form and self.resource.editable):
            return None
        decision = access.can(current.user, self.resource.permission("archive"), self.record)
        name, label, icon = (
            ("restore", _("Restore"), "archive-restore") if self.record.is_archived else ("archive", _("Archive"), "archive")
        )
        return Offer(name, label, f"{self.url}{name}", icon, "danger", decision.allowed, decision.reason)

    @cached_property
    def history(self) -> Any:
        """The latest entries of the audit trail of this record."""
        return audit.history(self.record, limit=20)

    @cached_property
    def approvals(self) -> Any:
        """The approval requests about this record, newest first."""
        return approvals.requests_about(self._requests)

    @cached_property
    def files(self) -> Any:
        """The files attached to the record."""
        return [
            {"name": f.name, "size": f.size, "url": files.url_of(f), "remove_url": f"{self.url}files/{f.id}/remove"}
            for f in files.files_of(self.record)
        ]

    @cached_property
    def worn(self) -> list[tuple[tags.Worn, str]] | None:
        """The tags of the record, each with the list of all that wears it; None where there are no tags."""
        if not tags.taggable(self.resource):
            return None
        worn = tags.of_many([self.record]).get(self.record.id, [])
        return [(tag, f"{self.list_url}?{urlencode({'tag': tag.title})}") for tag in worn]

    @cached_property
    def known_tags(self) -> list[str]:
        """The tags that are offered to who may put them on."""
        worn = {tag.title for tag, _url in self.worn or ()}
        return [name for name in tags.known_to(self.resource) if name not in worn] if self.may_attach else []

    @cached_property
    def documents_url(self) -> str:
        """Where the record is made a document; empty for who may not take it along."""
        offered = self.resource.exportable and self.resource.menu
        may = offered and access.can(current.user, self.resource.permission("export"), self.record).allowed
        return f"{self.url}documents" if may else ""

    @cached_property
    def may_attach(self) -> bool:
        """Whether the reader may hang files on the record and take them off."""
        writable = self.resource.editable and self.resource.form and not self.record.is_archived
        return bool(writable) and access.can(current.user, self.resource.permission("edit"), self.record).allowed

    @cached_property
    def related(self) -> list[RelatedPanel]:
        """Panels of the records that refer to this one."""
        return [panel for panel in (related_panel(self.record, each) for each in self.resource.related) if panel]


def related_panel(record: Any, related: Related) -> RelatedPanel | None:
    """The records that refer to `record` in the declared way; None when the reader may not see that resource."""
    other = registry.resource(related.resource)
    if not access.can(current.user, other.permission("view")).allowed:
        return None
    model: Any = other.model
    field = fields_of(model)[related.field]
    query = select(model).where(
        model.organisation_id == record.organisation_id,
        getattr(model, field.attribute) == record.id,
        model.archived_at.is_(None),
        access.visible(other, current.user),
    )
    rows = list(session().scalars(query.order_by(model.created_at.desc()).limit(RELATED_ROWS)))
    names = [n for n in other.columns if n != related.field]
    return RelatedPanel(
        other,
        related.label or other.plural,
        rows,
        Shown(other, rows, [*names, other.title]),
        f"{list_url(other)}?{related.field}={record.reference}",
        f"{list_url(other)}new?{related.field}={record.reference}",
    )


def fetch(resource: Resource, reference: str) -> Any:
    """The record of that reference, if the reader may see it. Raises NotFound."""
    return fetch_all(resource, [reference])[0]


def fetch_all(resource: Resource, references: Sequence[str]) -> list[Any]:
    """The records of those references, if the reader may see each of them. Raises NotFound."""
    access.require(current.user, resource.permission("view"))
    model: Any = resource.model
    seen = select(model).where(
        model.organisation_id == current.organisation.id, model.reference.in_(references), access.visible(resource, current.user)
    )
    found = {record.reference: record for record in session().scalars(seen)}
    for reference in references:
        if reference not in found:
            raise NotFound(_("%(what)s %(reference)s was not found.", what=resource.label, reference=reference[:60]))
    return [found[reference] for reference in references]


def show_detail(resource: Resource, reference: str) -> Response:
    """The page of a record."""
    detail = Detail(resource, fetch(resource, reference))
    if not wants_fragment():  # a part that asks again is no new look
        audit.note_read(resource, detail.record)
    return screen(template_of(resource, "detail"), block="content", detail=detail, resource=resource, record=detail.record)


def show_history(resource: Resource, reference: str) -> Response:
    """The whole history of a record."""
    record = fetch(resource, reference)
    return screen(
        template_of(resource, "history"),
        block="entries",
        detail=Detail(resource, record),
        resource=resource,
        record=record,
        entries=audit.history(record, limit=500),
    )
