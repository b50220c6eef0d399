"""Requests of several kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped

from app.core import forms
from app.kernel.fields import answers, choice, currency, day, integer, listed, long_text, moment, money, reference, text
from app.kernel.kinds import Choices
from app.kernel.records import Record


class Kind(Choices):
    """What is asked for; each kind is agreed by a workflow of its own."""

    LEAVE = "leave", _l("Leave"), "neutral"
    TRAVEL = "travel", _l("Travel"), "neutral"
    PERMIT = "permit", _l("Permit"), "neutral"
    CONTRACT = "contract", _l("Contract"), "neutral"
    DEPLOYMENT = "deployment", _l("Deployment"), "neutral"
    LETTER = "letter", _l("Draft letter"), "neutral"
    IMPORT_CHANGE_SET = "import_change_set", _l("Import change set"), "neutral"
    POLICY_DOCUMENT = "policy_document", _l("Policy document"), "neutral"
    RESOURCE = "resource", _l("Resource request"), "neutral"
    DECISION = "decision", _l("Strategic decision"), "neutral"
    RISK = "risk", _l("Risk assessment"), "neutral"
    FORM = "form", _l("Another form"), "neutral"


UNASKED = ("leave", "travel", "permit", "contract", "deployment", "letter", "import_change_set", "policy_document")


class Status(Choices):
    """Where a request stands; while it is being agreed it is a draft that waits."""

    DRAFT = "draft", _l("Draft"), "neutral"
    APPROVED = "approved", _l("Approved"), "good"
    PUBLISHED = "published", _l("Published"), "good"
    WITHDRAWN = "withdrawn", _l("Withdrawn"), "muted"


class Level(Choices):
    """How high an assessed risk is: what likelihood times severity comes to, by the table of the form."""

    LOW = "low", _l("Low"), "good"
    MEDIUM = "medium", _l("Medium"), "info"
    HIGH = "high", _l("High"), "warning"
    CRITICAL = "critical", _l("Critical"), "danger"


DATED = frozenset({"leave", "travel", "permit", "contract", "deployment", "resource"})
BEGUN = frozenset({"leave", "travel", "permit"})
PLACED = frozenset({"travel", "permit", "deployment"})
PRICED = frozenset({"travel", "contract", "resource", "decision"})
ADDRESSED = frozenset({"contract", "letter"})
FORMS = frozenset({"resource", "decision", "risk"})  # each is asked by the form of its own name
PUBLISHED = frozenset({Kind.PERMIT, Kind.LETTER, Kind.POLICY_DOCUMENT})


def form_of(value_of: Callable[[str], Any]) -> str:
    """The code of the form that belongs to a request; empty for kinds without one."""
    kind = value_of("kind")
    code = str(getattr(kind, "value", kind) or "")
    return code if code in FORMS else str(value_of("form") or "") if code == Kind.FORM.value else ""


def _chosen(value_of: Callable[[str], Any], before: Mapping[str, Any]) -> Any:
    return forms.to_fill(form_of(value_of), before)


class Request(Record):
    """Something that somebody asks for."""

    __tablename__ = "requests_request"
    __prefix__ = "REQ"
    __label__, __plural__, __slug__ = _l("Request"), _l("Requests"), "requests"

    kind: Mapped[Kind] = choice(_l("Kind"), Kind, extra={"samples": UNASKED})
    form: Mapped[str | None] = listed(_l("Form"), forms.offered, required=False, shown_when=("kind", frozenset({"form"})),
                                      needed_when=frozenset({"form"}), widget="select")
    title: Mapped[str] = text(_l("Title"), help=_l("What is asked for, in one line."))
    description: Mapped[str | None] = long_text(_l("Description"), help=_l("What those who decide should know."))
    starts_on: Mapped[date | None] = day(_l("From"), required=False, shown_when=("kind", DATED), needed_when=BEGUN)
    ends_on: Mapped[date | None] = day(_l("Until"), required=False, shown_when=("kind", DATED), help=_l("Empty: one day."))
    days: Mapped[int | None] = integer(_l("Days"), required=False)
    destination: Mapped[str | None] = text(_l("Where"), required=False, shown_when=("kind", PLACED), sortable=False)
    counterparty: Mapped[str | None] = text(_l("With whom"), required=False, shown_when=("kind", ADDRESSED), sortable=False,
                                            help=_l("The other party, or whom the letter is for."))
    amount: Mapped[int | None] = money(_l("Amount"), required=False, minimum=0, shown_when=("kind", PRICED))
    currency: Mapped[str] = currency(_l("Currency"))
    answers: Mapped[dict[str, Any] | None] = answers(_l("Answers"), forms.of_answers, _chosen, extra={"samples": ("",)})
    risk_level: Mapped[Level | None] = choice(_l("Risk level"), Level, required=False, shown_when=("kind", frozenset({"risk", "form"})))
    site_id: Mapped[UUID | None] = reference("site", _l("Site"), required=False)
    department_id: Mapped[UUID | None] = reference("department", _l("Department"), required=False)
    requester_id: Mapped[UUID | None] = reference("member", _l("Asked by"), groups=False, required=False)
    status: Mapped[Status] = choice(_l("Status"), Status, default=Status.DRAFT)
    decided_at: Mapped[datetime | None] = moment(_l("Agreed on"), required=False)

    def is_draft(self) -> bool:
        """Whether nothing was decided for good yet."""
        return self.status == Status.DRAFT
