"""What a person may ask of the organisation about their own data, and what came of it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped

from app.kernel import clock
from app.kernel.current import current
from app.kernel.fields import attachment, choice, day, long_text, moment, reference
from app.kernel.kinds import Choices
from app.kernel.records import Record


class Kind(Choices):
    """The right that is exercised."""

    ACCESS = "access", _l("Copy of all data (GDPR, Article 15)"), "info"
    ERASURE = "erasure", _l("Erasure (GDPR, Article 17)"), "warning"


class Status(Choices):
    """Where a request stands."""

    OPEN = "open", _l("Waits for approval"), "warning"
    RUNNING = "running", _l("Approved"), "info"
    DONE = "done", _l("Done"), "success"


class PersonRequest(Record):
    """A request of a member about their own data; nothing happens before somebody has approved it."""

    __tablename__ = "person_request"
    __prefix__ = "GDPR"
    __label__, __plural__, __slug__ = _l("Data request"), _l("Data requests"), "requests"

    kind: Mapped[Kind] = choice(_l("Right"), Kind)
    member_id: Mapped[UUID] = reference("member", _l("Person"), groups=False)
    asked_on: Mapped[date] = day(_l("Asked on"), column={"default": lambda: clock.today(current.organisation.timezone)})
    reason: Mapped[str | None] = long_text(_l("How it reached us"), max_length=2_000,
                                           help=_l("For instance: letter of 3 March, identity checked by passport."))
    status: Mapped[Status] = choice(_l("State"), Status, default=Status.OPEN)
    erase_on: Mapped[date | None] = day(_l("Anonymised on"), required=False)
    kept: Mapped[str | None] = long_text(_l("What is kept, and why"))
    file_id: Mapped[UUID | None] = attachment(_l("Copy"))
    done_at: Mapped[datetime | None] = moment(_l("Done"), required=False)
