"""The verbs of requests: complete, submit, withdraw."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core import forms, people
from app.core.forms.sheet import FORM
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.modules.requests.models import DATED, PUBLISHED, Kind, Level, Request, Status, form_of


def complete(request: Request) -> None:
    """Count the days, and fill in who asks and their department, before it is saved. Raises `Invalid` for days that cannot be."""
    if request.ends_on is not None and (request.starts_on is None or request.ends_on < request.starts_on):
        raise Invalid({"ends_on": [_("The end lies before the beginning.")]})
    last = request.ends_on or request.starts_on
    request.days = (last - request.starts_on).days + 1 if last and request.starts_on and request.kind.value in DATED else None
    _complete_answers(request)
    if request.requester_id is None and not current.user.is_system:
        request.requester_id = current.user.id
    if request.department_id is None and request.requester_id is not None:
        request.department_id = _department(request)


def _complete_answers(request: Request) -> None:
    """Keep with the answers which version of the form they were given to, and the level that they come to."""
    code = form_of(lambda name: getattr(request, name))
    if request.kind == Kind.FORM and code not in forms.offered() and not request.answers:
        raise Invalid({"form": [_("“%(raw)s” is not one of the choices.", raw=code[:60])]})
    if code and not request.answers:
        raise Invalid({"answers": [_("This is needed.")]})
    request.risk_level = None
    if request.answers is None:
        return
    if not request.answers.get(FORM):
        request.answers = {**request.answers, FORM: forms.stored(code)}
    sheet = forms.of_answers(request.answers)
    level = request.answers.get(sheet.level) if sheet and sheet.level else None
    request.risk_level = Level(level) if level in {each.value for each in Level} else None


def _department(request: Request) -> object:
    with session().no_autoflush:  # it is not whole yet
        found = session().get(people.Member, (current.organisation.id, request.requester_id))
    return found.department_id if found else None


def can_submit(request: Request) -> bool | str:
    """True, or the sentence that says why it cannot be submitted any more."""
    return request.is_draft() or _("%(reference)s is over.", reference=request.reference)


def submit(request: Request) -> Request:
    """Everybody who had to agree did: it is agreed, or published where its kind is for everybody to read."""
    request.status = Status.PUBLISHED if request.kind in PUBLISHED else Status.APPROVED
    request.decided_at = clock.now()
    return request


def withdraw(request: Request) -> Request:
    """Take it back; whoever is asked about it is asked no more."""
    request.status = Status.WITHDRAWN
    return request


def reopen(request: Request) -> Request:
    """Make a draft again of what was withdrawn."""
    request.status = Status.DRAFT
    return request


def can_reopen(request: Request) -> bool | str:
    """True, or the sentence that says why it cannot be opened again."""
    return request.status == Status.WITHDRAWN or _("%(reference)s was not withdrawn.", reference=request.reference)


def changeable(request: Request) -> bool | str:
    """What was agreed or withdrawn stays as it is."""
    return request.is_draft() or _("%(reference)s is over.", reference=request.reference)
