"""Incidents on the 5 × 5 matrix, and the corrective actions that follow from them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped

from app.kernel.fields import choice, day, long_text, moment, reference, text
from app.kernel.kinds import Choices
from app.kernel.records import Record


class Kind(Choices):
    """What happened, from the mildest to the gravest."""

    OBSERVATION = "observation", _l("Observation"), "muted"
    NEAR_MISS = "near_miss", _l("Near miss"), "info"
    FIRST_AID = "first_aid", _l("First aid"), "info"
    MEDICAL_TREATMENT = "medical_treatment", _l("Medical treatment"), "info"
    RESTRICTED_WORK = "restricted_work", _l("Restricted work"), "info"
    LOST_TIME = "lost_time", _l("Lost time"), "danger"
    FATALITY = "fatality", _l("Fatality"), "danger"
    ENVIRONMENTAL = "environmental", _l("Environmental"), "info"
    PROPERTY = "property", _l("Property damage"), "info"


class Counted(Choices):
    """Under which heading an incident is counted: near misses stand apart from injuries."""

    INJURY = "injury", _l("Injury"), "danger"
    NEAR_MISS = "near_miss", _l("Near miss"), "info"
    OTHER = "other", _l("Neither"), "neutral"


class Severity(Choices):
    """The rows of the matrix: how bad it was, or could have been."""

    SLIGHT = "1", _l("1 · Slight")
    MINOR = "2", _l("2 · Minor")
    MODERATE = "3", _l("3 · Moderate")
    MAJOR = "4", _l("4 · Major")
    CATASTROPHIC = "5", _l("5 · Catastrophic")


class Likelihood(Choices):
    """The columns of the matrix: how often it is to be expected."""

    RARE = "1", _l("1 · Rare")
    UNLIKELY = "2", _l("2 · Unlikely")
    POSSIBLE = "3", _l("3 · Possible")
    LIKELY = "4", _l("4 · Likely")
    ALMOST_CERTAIN = "5", _l("5 · Almost certain")


class Risk(Choices):
    """The colour of a cell of the matrix."""

    LOW = "low", _l("Low"), "good"
    MEDIUM = "medium", _l("Medium"), "info"
    HIGH = "high", _l("High"), "warning"
    EXTREME = "extreme", _l("Extreme"), "danger"


class Status(Choices):
    """Where an incident stands."""

    OPEN = "open", _l("Open"), "neutral"
    CLOSED = "closed", _l("Closed"), "good"


class Progress(Choices):
    """Where a corrective action stands."""

    OPEN = "open", _l("Open"), "neutral"
    DONE = "done", _l("Done"), "good"
    DROPPED = "dropped", _l("Dropped"), "muted"


class Incident(Record):
    """Something that hurt, harmed, or could have."""

    __tablename__ = "hse_incident"
    __prefix__ = "INC"
    __label__, __plural__, __slug__ = _l("Incident"), _l("Incidents"), "incidents"

    title: Mapped[str] = text(_l("Title"), help=_l("What happened, in one line."))
    kind: Mapped[Kind] = choice(_l("Kind"), Kind)
    counted_as: Mapped[Counted | None] = choice(_l("Counted as"), Counted, required=False)
    status: Mapped[Status] = choice(_l("Status"), Status, default=Status.OPEN)
    site_id: Mapped[UUID] = reference("site", _l("Site"))
    department_id: Mapped[UUID | None] = reference("department", _l("Department"), required=False)
    occurred_at: Mapped[datetime] = moment(_l("Occurred"), help=_l("Day and time at the site."))
    actual_severity: Mapped[Severity] = choice(_l("Actual severity"), Severity, help=_l("How bad it was."), extra={"known_as": "severity"})
    actual_likelihood: Mapped[Likelihood] = choice(_l("Actual likelihood"), Likelihood, default=Likelihood.POSSIBLE,
                                                   help=_l("How often an outcome like this is to be expected."))
    actual_risk: Mapped[Risk | None] = choice(_l("Actual risk"), Risk, required=False)
    potential_severity: Mapped[Severity] = choice(_l("Potential severity"), Severity, help=_l("How bad it could have been."))
    potential_likelihood: Mapped[Likelihood] = choice(_l("Potential likelihood"), Likelihood, default=Likelihood.POSSIBLE,
                                                      help=_l("How often the worst outcome is to be expected."))
    potential_risk: Mapped[Risk | None] = choice(_l("Potential risk"), Risk, required=False)
    people_involved: Mapped[str | None] = long_text(_l("People involved"), max_length=2_000, personal=True,
                                                    help=_l("Names and roles; kept as personal data."))
    immediate_action: Mapped[str | None] = long_text(_l("Immediate action"), help=_l("What was done at once."))
    narrative: Mapped[str] = long_text(_l("Narrative"), required=True, help=_l("What happened, in the order in which it happened."))
    outcome: Mapped[str | None] = long_text(_l("Outcome"))
    closed_at: Mapped[datetime | None] = moment(_l("Closed on"), required=False)

    def is_open(self) -> bool:
        """Whether it still waits for its close-out."""
        return self.status == Status.OPEN

    def in_cell(self, severity: Severity, likelihood: Likelihood) -> tuple[bool, bool]:
        """Whether the actual and the potential outcome stand in a cell of the matrix."""
        return ((severity, likelihood) == (self.actual_severity, self.actual_likelihood),
                (severity, likelihood) == (self.potential_severity, self.potential_likelihood))

    @property
    def matrix(self) -> list[tuple[Severity, list[tuple[Likelihood, Risk]]]]:
        """The 5 × 5 matrix for drawing, the gravest row first."""
        from app.modules.hse.matrix import cells

        return cells()


class CorrectiveAction(Record):
    """A step that keeps an incident from coming back, with one owner and one day."""

    __tablename__ = "hse_corrective_action"
    __prefix__ = "CA"
    __label__, __plural__, __slug__ = _l("Corrective action"), _l("Corrective actions"), "corrective-actions"

    title: Mapped[str] = text(_l("Title"), help=_l("What is to be done, in one line."))
    incident_id: Mapped[UUID] = reference("hse_incident", _l("Incident"))
    owner_id: Mapped[UUID] = reference("member", _l("Owner"), groups=True)
    due_on: Mapped[date] = day(_l("Due"), deadline="is_open")
    state: Mapped[Progress] = choice(_l("State"), Progress, default=Progress.OPEN)
    plan: Mapped[str | None] = long_text(_l("Plan"), help=_l("How it will be done."))
    result: Mapped[str | None] = long_text(_l("Result"))
    done_on: Mapped[date | None] = day(_l("Done on"), required=False)

    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state == Progress.OPEN
