"""Anonymising: of whom erasure was approved, and of whoever was put away, 90 days later, everywhere outside the lawful trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from app.core import audit, auth, notifications, scim
from app.core.people import Member
from app.core.people.models import Status as Standing
from app.core.privacy import sweeping
from app.core.privacy.models import Kind, PersonRequest, Status
from app.core.privacy.requests import WAIT_DAYS, finish
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.records import new_id

DOMAIN = "erased.invalid"


def anonymise_due() -> dict[str, int]:
    """Anonymise everybody whose day has come, but not whom a legal hold names; the job of each night. Gives how many."""
    with unit_of_work() as work:
        due = list(work.scalars(_due()))
    erased = 0
    for member_id in due:
        with unit_of_work() as work:
            member = work.get_one(Member, (current.organisation.id, member_id))
            if audit.held(member):
                continue  # looked at again each night, until it is lifted
            erased += 1
            anonymise(member)
            for request in work.scalars(select(PersonRequest).where(
                    PersonRequest.member_id == member_id, PersonRequest.kind == Kind.ERASURE, PersonRequest.status == Status.RUNNING)):
                finish(request)
    return {"people": erased}


def _due() -> Any:
    today, long_ago = clock.today(current.organisation.timezone), clock.now() - timedelta(days=WAIT_DAYS)
    asked = select(PersonRequest.member_id).where(
        PersonRequest.kind == Kind.ERASURE, PersonRequest.status == Status.RUNNING, PersonRequest.erase_on <= today)
    return select(Member.id).where(or_(Member.id.in_(asked), Member.archived_at <= long_ago), Member.email.not_like(f"%@{DOMAIN}"))


def anonymise(member: Member) -> None:
    """Replace who somebody is wherever it stands, close what they sign in with, and destroy the key of what the trail holds of them."""
    was, identity_id, number = (member.name, member.email), member.identity_id, member.reference
    name, address = f"Erased person {number}", f"{new_id().hex}@{DOMAIN}"
    member.name, member.email, member.phone, member.photo_id, member.job_title = name, address, None, None, None
    member.preferences, member.status, member.archived_at = {}, Standing.ARCHIVED, member.archived_at or clock.now()
    session().flush()
    sweeping.replace(was[1], address)
    sweeping.replace(was[0], name, member.id)
    if identity_id is not None:
        auth.forget_identity(identity_id, address)
        member.identity_id = None
    auth.forget_tokens(member.id)
    scim.forget(member.id)
    notifications.forget(member.id)
    audit.erase_person(member.id)
    audit.note("privacy.person_request.erase", resource="people.member", record_id=member.id, record_reference=number)
    session().expire_all()
