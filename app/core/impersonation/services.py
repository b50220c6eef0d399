"""Asks for, agrees to, begins and ends the times in which a member sees what another sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select

from app.core import access, audit, notifications, people
from app.core.impersonation.models import Impersonation, ImpersonationStep, Reach
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.kernel.references import assign

IMPERSONATE = "impersonation.impersonation.begin"
RUNS = ("access.role.edit", "people.member.edit", "settings.setting.manage", IMPERSONATE)
LASTS, BEGIN_WITHIN = timedelta(minutes=30), timedelta(hours=24)
SHORTEST_REASON, MOST_STEPS = 10, 2_000


def ask(target: Member, reason: str, reach: Reach) -> Impersonation:
    """Ask to see what `target` sees. Nothing more is needed to look at an ordinary member's pages; to act as them needs their consent, and
    an account that may do everything needs its holder's consent or a second person's. Raises Invalid, Forbidden, Conflict.
    """
    _may_ask(target)
    if len(reason.strip()) < SHORTEST_REASON:
        raise Invalid({"reason": [_("Say why, in %(least)d characters or more: the person concerned reads it.", least=SHORTEST_REASON)]})
    asked = Impersonation(actor_id=current.user.id, target_id=target.id, reason=reason.strip()[:500], reach=reach,
                          needs_consent=reach is Reach.ACT, needs_second=is_critical(target), begin_by=clock.now() + BEGIN_WITHIN)
    with audit.doing("impersonation.impersonation.ask"):
        assign([asked])
        session().add(asked)
        session().flush()
    if not is_agreed(asked):
        _tell_asked(asked)
    return asked


def _may_ask(target: Member) -> None:
    access.require(current.user, IMPERSONATE)
    if current.user.impersonator is not None:
        raise Forbidden(_("Whoever acts as somebody else cannot go on to a third person."))
    if target.id == current.user.id:
        raise Conflict(_("This is you."))
    if people.load_actor(current.organisation, target.id) is None:
        raise Conflict(_("This member is not active."))


def is_critical(target: Member) -> bool:
    """Whether the account runs the house, by whatever role or permission: an owner's, an administrator's, or one that makes such."""
    actor = people.load_actor(current.organisation, target.id)
    return actor is not None and any(actor.grants_of(permission) for permission in RUNS)


def is_agreed(asked: Impersonation) -> bool:
    """Whether all that was needed has been said."""
    if asked.needs_consent and asked.consented_at is None:
        return False
    return not asked.needs_second or asked.consented_at is not None or asked.second_id is not None


def is_open(asked: Impersonation) -> bool:
    """Whether it can still be agreed to and begun."""
    return asked.ended_at is None and asked.started_at is None and asked.begin_by > clock.now()


def is_running(asked: Impersonation) -> bool:
    """Whether it is going on now."""
    return asked.started_at is not None and asked.ended_at is None and asked.until is not None and asked.until > clock.now()


def agree(asked: Impersonation) -> None:
    """Consent, as the person concerned; or stand by as the second person, who may impersonate too and is neither of the two.

    Raises Forbidden, Conflict.
    """
    _still_open(asked)
    if current.user.id == asked.target_id:
        asked.consented_at = clock.now()
    elif may_second(asked):
        asked.second_id = current.user.id
    else:
        raise Forbidden(_("Only the person concerned, or a second person with the same right, can agree to this."))
    with audit.doing("impersonation.impersonation.agree"):
        session().flush()
    if is_agreed(asked):
        _notify(asked.actor_id, asked, _agreed_title(asked))


def may_second(asked: Impersonation) -> bool:
    """Whether the member who acts can be the second person: a holder of everything, and neither of the two."""
    return (asked.needs_second and current.user.id not in (asked.actor_id, asked.target_id)
            and any(grant.pattern == "*.*.*" for grant in current.user.grants))


def begin(asked: Impersonation, session_id: UUID) -> Impersonation:
    """Begin, once, for 30 minutes; the person concerned is told. Raises Forbidden, Conflict."""
    if asked.actor_id != current.user.id:
        raise NotFound
    _may_ask(session().get_one(Member, (current.organisation.id, asked.target_id)))
    _still_open(asked)
    if not is_agreed(asked):
        raise Forbidden(_("Nobody has agreed to this yet."))
    asked.started_at = clock.now()
    asked.until = asked.started_at + LASTS
    asked.session_id = session_id
    with audit.doing("impersonation.impersonation.begin", target=asked.target_id, reason=asked.reason, session=session_id):
        session().flush()
    _notify(asked.target_id, asked, lambda: _("%(who)s sees what you see until %(time)s", who=_names(asked)[asked.actor_id],
                                              time=_time(asked)), text=asked.reason)
    return asked


def end(asked: Impersonation, *, by: UUID) -> None:
    """End it: by whoever began it, by the person concerned, or by whoever may impersonate. What was only asked is withdrawn."""
    if asked.ended_at is not None:
        return
    asked.ended_at, asked.ended_by = clock.now(), by
    with audit.doing("impersonation.impersonation.end", target=asked.target_id, session=asked.session_id):
        session().flush()
    if asked.started_at is not None:
        _notify(asked.target_id, asked, lambda: _("%(who)s sees no more what you see; read what was opened",
                                                  who=_names(asked)[asked.actor_id]))


def end_all_of(member_id: UUID) -> int:
    """End whatever a member runs, and withdraw what they asked; gives how many."""
    open_ones = select(Impersonation).where(Impersonation.actor_id == member_id, Impersonation.ended_at.is_(None))
    found = list(session().scalars(open_ones))
    for each in found:
        end(each, by=current.user.id)
    return len(found)


def find(reference: str, *, lock: bool = False) -> Impersonation:
    """One that the reader asked for, is concerned by, or may look into. Raises NotFound."""
    query = _seen(select(Impersonation)).where(Impersonation.reference == reference)
    found = session().scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound
    return found


def listed(limit: int = 100) -> list[Impersonation]:
    """Those that concern the reader, or all for whoever may impersonate or read the trail; the newest first."""
    return list(session().scalars(_seen(select(Impersonation)).order_by(Impersonation.id.desc()).limit(limit)))


def sees_all(user: Actor) -> bool:
    """Whether somebody may look into everybody's."""
    return bool(access.can(user, IMPERSONATE)) or bool(access.can(user, "audit.entry.view"))


def steps(asked: Impersonation) -> list[ImpersonationStep]:
    """The pages opened and the changes sent, in order."""
    query = select(ImpersonationStep).where(ImpersonationStep.impersonation_id == asked.id)
    return list(session().scalars(query.order_by(ImpersonationStep.id).limit(MOST_STEPS)))


def keep_step(impersonation_id: UUID, method: str, path: str, status: int) -> None:
    """Keep one request for the person concerned."""
    session().add(ImpersonationStep(impersonation_id=impersonation_id, method=method, path=path[:500], status=status,
                                    request_id=current.request_id))


def expire() -> int:
    """Note the end of those whose time has passed: their sessions stopped by themselves; gives how many."""
    over = select(Impersonation).where(Impersonation.ended_at.is_(None), Impersonation.until <= clock.now())
    found = list(session().scalars(over.with_for_update(skip_locked=True)))
    for each in found:
        end(each, by=each.actor_id)
    return len(found)


def _still_open(asked: Impersonation) -> None:
    if not is_open(asked):
        raise Conflict(_("This is over. Ask again."))


def _seen(query: Any) -> Any:
    return query if sees_all(current.user) else query.where(_concerns(current.user.id))


def _concerns(member_id: UUID) -> ColumnElement[bool]:
    return or_(Impersonation.actor_id == member_id, Impersonation.target_id == member_id, Impersonation.second_id == member_id)


def _tell_asked(asked: Impersonation) -> None:
    who = _names(asked)[asked.actor_id]
    _notify(asked.target_id, asked, lambda: _("%(who)s asks to see what you see", who=who), text=asked.reason)
    if asked.needs_second and not asked.needs_consent:
        for member in people.with_role("owner"):
            if member.id not in (asked.actor_id, asked.target_id):
                _notify(member.id, asked, lambda: _("%(who)s asks to see what %(target)s sees", who=who,
                                                    target=_names(asked)[asked.target_id]), text=asked.reason)


def _agreed_title(asked: Impersonation) -> Any:
    return lambda: _("You may begin: %(reference)s", reference=asked.reference)


def _notify(member_id: UUID, asked: Impersonation, title: Any, *, text: str = "") -> None:
    path = f"/{current.organisation.slug}/impersonation/{asked.reference}/"
    notifications.notify(member_id, "security", title, path, record=asked, text=text, critical=True)


def _names(asked: Impersonation) -> dict[UUID, str]:
    rows = session().execute(select(Member.id, Member.name).where(Member.id.in_([asked.actor_id, asked.target_id])))
    return {row.id: row.name for row in rows}


def _time(asked: Impersonation) -> str:
    from app.kernel.kinds import show_moment

    return str(show_moment(asked.until))
