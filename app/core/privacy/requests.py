"""Asking for a copy or for erasure: what it will do, and what happens once it is approved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _

from app.core import access
from app.core.privacy.models import Kind, PersonRequest, Status
from app.kernel import clock, jobs
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid

WAIT_DAYS = 90
COPY = "app.core.privacy.copying:hand_over"
REGISTER = "privacy.person_request.register"  # to note a request that somebody else made, by letter for instance


def defaults() -> Mapping[str, Any]:
    """A new request is the reader's own."""
    if not current.is_signed_in or access.can(current.user, REGISTER):
        return {}
    return {"member": str(current.user.id), "reason": _("Asked for by the person, signed in.")}


def before_save(request: PersonRequest) -> None:
    """A request is about whoever makes it, unless they may note those of others. Raises `Invalid`."""
    with session().no_autoflush:
        if request.member_id != current.user.id and not access.can(current.user, REGISTER):
            raise Invalid({"member": [_("Ask for your own data here; an administrator notes the requests of others.")]})


def is_open(request: Any) -> bool | str:
    """Whether it still waits for approval."""
    return True if request.status == Status.OPEN else _("It was approved already.")


def consequences(request: PersonRequest) -> list[str]:
    """What fulfilling it will do, in sentences; an erasure names what is kept, and why."""
    if request.kind == Kind.ACCESS:
        return [_("A copy of all data about this person is put together, as JSON and as a page to read, in one ZIP file.")]
    return [_("Name, e-mail address, photo and all other personal data are replaced on %(day)s, everywhere outside the audit trail.",
              day=due_on(request).isoformat()), *what_is_kept()]


def what_is_kept() -> list[str]:
    """What an erasure leaves, each with its reason."""
    return [
        _("Kept: the entries of the audit trail, without the name; the law asks for proof of who did what, "
          "and the person's key is destroyed."),
        _("Kept: business records that the person made or decided, without the name; they are accounts and evidence of safety at work."),
        _("Kept: what was shown when a decision was taken, since its hash proves the decision."),
    ]


def due_on(request: PersonRequest) -> Any:
    """The day on which an erasure takes effect."""
    return request.asked_on + timedelta(days=WAIT_DAYS)


def fulfil(request: PersonRequest) -> PersonRequest:
    """Begin what was approved: the copy at once, the anonymising when 90 days have gone by."""
    request.status = Status.RUNNING
    if request.kind == Kind.ERASURE:
        request.erase_on, request.kept = due_on(request), "\n".join(what_is_kept())
        return request
    session().flush()
    jobs.enqueue(COPY, str(request.id), title=_("Copy of the data of a person (%(reference)s)", reference=request.reference),
                 key=f"privacy:{request.id}")
    return request


def finish(request: PersonRequest) -> None:
    """Note that it is done."""
    request.status, request.done_at = Status.DONE, clock.now()
