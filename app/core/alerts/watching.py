"""Watching the trail: every half minute, in each organisation, what was written in the last quarter of an hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.core import audit, auth
from app.core.alerts.models import Kind
from app.core.alerts.raising import note_deliveries, raise_alert
from app.kernel import clock
from app.kernel.current import PLATFORM_ID, current
from app.kernel.db import session

SPAN = timedelta(minutes=15)
SIGN_INS, ACCOUNTS, REFUSALS = 10, 2, 20
LATE = timedelta(minutes=2)
WORK_BEGINS, WORK_ENDS = time(6), time(21)
_REFUSED_SIGN_INS = text("""
SELECT context->>'source' AS source, count(*) AS times, array_agg(DISTINCT context->>'account') AS accounts FROM audit_entry
WHERE organisation_id = :platform AND action = 'auth.sign_in' AND result = 'refused' AND at > :since
GROUP BY 1 HAVING count(*) >= :most AND count(DISTINCT context->>'account') >= :accounts""")
_ADDRESSES = text("SELECT email FROM member WHERE organisation_id = :here AND archived_at IS NULL")
_REFUSALS = text("""SELECT actor_id, count(*) AS times FROM audit_entry
WHERE organisation_id = :here AND result = 'refused'
AND result <> 'ok' AND at > :since AND actor_id IS NOT NULL GROUP BY actor_id HAVING count(*) >= :most""")
_ESCALATIONS = text("""SELECT id, action, actor_id, record_id, record_reference, resource, changes, context FROM audit_entry
WHERE organisation_id = :here AND at > :since AND resource = ANY (:kinds)""")
_IMPERSONATIONS = text("""SELECT id, actor_id, at FROM audit_entry
WHERE organisation_id = :here AND action = 'impersonation.impersonation.begin'
AND result = 'ok' AND at > :since""")
_UNSEALED = text("""SELECT min(e.at) FROM audit_entry e WHERE e.organisation_id = :here AND e.at > :since AND NOT EXISTS
(SELECT FROM audit_link l WHERE l.organisation_id = e.organisation_id AND l.id = e.id)""")
GIVING = ["people.member", "people.member_role", "people.group_role", "access.role_grant", "access.role", "access.single_permission",
          "auth.token"]
STRONG = ("owner", "admin")


def watch() -> int:
    """Look for everything; gives how many alerts were raised."""
    raised = sum(look() for look in LOOKS)
    note_deliveries()
    return raised


def _asked(question: Any, **said: Any) -> list[Any]:
    told = {"here": current.organisation.id, "since": clock.now() - SPAN, **said}
    return list(session().connection().execute(question, told))


def _slot() -> str:
    """The quarter of an hour; what goes on in the next one is told again."""
    return str(int(clock.now().timestamp() // SPAN.total_seconds()))


def sign_ins() -> int:
    """Ten refused sign-ins from one source, over several accounts of which one is ours."""
    with audit.within_platform(session().connection()):
        rows = _asked(_REFUSED_SIGN_INS, platform=PLATFORM_ID, most=SIGN_INS, accounts=ACCOUNTS)
    if not rows:
        return 0
    ours = {auth.account_mark(row.email) for row in _asked(_ADDRESSES)}
    return sum(raise_alert(Kind.SIGN_INS, f"sign_ins:{row.source}:{_slot()}", subject=row.source or "",
                           times=row.times, action="auth.sign_in", result="refused", ip=row.source or "") is not None
               for row in rows if ours & set(row.accounts))


def refusals() -> int:
    """One person was refused again and again."""
    return sum(raise_alert(Kind.REFUSALS, f"refusals:{row.actor_id}:{_slot()}", subject=_name(row.actor_id), times=row.times,
                           person=str(row.actor_id), result="refused") is not None
               for row in _asked(_REFUSALS, most=REFUSALS))


def escalations() -> int:
    """Somebody, a group or a service was given a role that runs the house; or somebody, or a role, was given everything."""
    rows = _asked(_ESCALATIONS, kinds=GIVING)
    strong = {str(each) for each in session().connection().execute(
        text("SELECT id FROM role WHERE organisation_id = :here AND key = ANY (:keys)"),
        {"here": current.organisation.id, "keys": list(STRONG)}).scalars()}
    return sum(raise_alert(Kind.ESCALATION, f"escalation:{row.id}", subject=row.record_reference or row.resource,
                           record_id=str(row.record_id)) is not None
               for row in rows if row.actor_id != PLATFORM_ID and _is_wider({**row.changes, **_of_service(row)}, strong))


def _of_service(row: Any) -> dict[str, Any]:
    """The role of a service's new token, as if a record had been given it."""
    return {"role": [None, row.context.get("role")]} if row.action == "auth.token.made" else {}


def _is_wider(changes: dict[str, Any], strong: set[str]) -> bool:
    given = [changes.get(name, [None, None]) for name in ("role", "parent")]
    pattern = changes.get("pattern", [None, None])[1]
    if any(after in strong and before not in strong for before, after in given):
        return True
    return isinstance(pattern, str) and pattern.startswith("*.*.")


def odd_hours() -> int:
    """Somebody took another's place at night or on a Sunday."""
    zone = ZoneInfo(current.organisation.timezone)
    return sum(raise_alert(Kind.ODD_HOURS, f"odd_hours:{row.id}", subject=_name(row.actor_id), at=row.at, person=str(row.actor_id),
                           action="impersonation.") is not None
               for row in _asked(_IMPERSONATIONS) if is_odd(row.at.astimezone(zone)))


def is_odd(moment: datetime) -> bool:
    """Whether nobody usually works then."""
    return moment.weekday() == 6 or not WORK_BEGINS <= moment.timetz().replace(tzinfo=None) < WORK_ENDS


def sink() -> int:
    """Entries wait to be sealed for longer than they may: the trail is not being kept."""
    oldest = _asked(_UNSEALED, since=clock.now() - timedelta(days=1))[0][0]
    if oldest is None or clock.now() - oldest < LATE:
        return 0
    return int(raise_alert(Kind.SINK, f"sink:{_slot()}", at=oldest) is not None)


def chain() -> dict[str, Any]:
    """The job of each night: verify the organisation's chain, and tell where it is broken."""
    from app.kernel.db import unit_of_work

    (found,) = audit.verify([current.organisation.id])
    with unit_of_work():
        if found.problem:
            raise_alert(Kind.CHAIN, f"chain:{found.seq}:{found.entry_id}", subject=f"{found.seq or ''} {found.problem}".strip())
    return {"entries": found.sealed, "problem": found.problem}


def _name(person: UUID) -> str:
    return audit.names_of({person}).get(person, "")


LOOKS: tuple[Callable[[], int], ...] = (sign_ins, refusals, escalations, odd_hours, sink)
