"""What a member said, and whether they are still to be asked. Nothing depends on a yes: consent is free or it is none."""

from __future__ import annotations

from sqlalchemy import select

from app.core import settings
from app.core.people import Consent
from app.kernel.current import current
from app.kernel.db import session

ASKED, VERSION, TEXT = "people.consent", "people.consent_version", "people.consent_text"


def latest() -> Consent | None:
    """The last answer of the member who acts."""
    mine = select(Consent).where(Consent.organisation_id == current.organisation.id, Consent.member_id == current.user.id)
    return session().scalars(mine.order_by(Consent.at.desc(), Consent.id.desc())).first()


def is_owed() -> bool:
    """Whether the member who acts has not answered to today's wording, where the organisation asks at all."""
    if not current.user.is_meant_for("people.consent.edit") or not settings.get(ASKED):
        return False
    last = latest()
    return last is None or last.wording != settings.get(VERSION)


def answer(given: bool) -> Consent:
    """Keep the answer of the member who acts; earlier ones stay."""
    kept = Consent(member_id=current.user.id, wording=str(settings.get(VERSION)), given=given)
    session().add(kept)
    session().flush()
    return kept
