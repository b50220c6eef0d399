"""Those who belonged to an organisation: what they sign in with goes too, but for whoever belongs somewhere else."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from app.core import auth
from app.kernel.current import SYSTEM, acting
from app.kernel.db import Base, as_identity, session, unit_of_work
from app.kernel.delivery import bare

MANY = 50
_MEMBERS = text("SELECT DISTINCT identity_id FROM member WHERE organisation_id = :here AND identity_id IS NOT NULL LIMIT :many")
_INVITED = text("SELECT DISTINCT email FROM invitation WHERE organisation_id = :here")
_ELSEWHERE = text("SELECT organisation_elsewhere(:who)")
_LEAVE = text("UPDATE member SET identity_id = NULL WHERE organisation_id = :here AND identity_id = :who")
_OF_ELSEWHERE = tuple(map(text, (
    "DELETE FROM user_session WHERE identity_id = :who AND confined_to = :here",
    "UPDATE user_session SET organisation_id = NULL, impersonation_id = NULL WHERE identity_id = :who AND organisation_id = :here",
    "DELETE FROM sign_in_link WHERE identity_id = :who AND about ->> 'organisation' = CAST(:here AS text)")))


def forget_people(here: UUID) -> int:
    """Let every member go, some at a time, then whoever was invited; gives how many sign-ins went with them."""
    gone = 0
    while True:
        with unit_of_work(), acting(bare(here), SYSTEM):
            found = session().execute(_MEMBERS, {"here": here, "many": MANY}).scalars().all()
            gone += sum(_let_go(who, here) for who in found)
        if not found:
            return gone + _forget_invited(here)


def _forget_invited(here: UUID) -> int:
    with unit_of_work(), acting(bare(here), SYSTEM):
        addresses = session().execute(_INVITED, {"here": here}).scalars().all()
        known = [who for address in addresses if (who := auth.identity_of(address)) is not None]
        return sum(_let_go(who, here) for who in known)


def _let_go(who: UUID, here: UUID) -> bool:
    """Whether their way to sign in went: not while another organisation, or the platform, knows them."""
    stays = session().execute(_ELSEWHERE, {"who": who}).scalar()
    session().execute(_LEAVE, {"who": who, "here": here})
    with as_identity(who):
        if stays:
            for statement in _OF_ELSEWHERE:
                session().execute(statement, {"who": who, "here": here})
            return False
        for table in reversed(Base.metadata.sorted_tables):
            if (own := table.info.get("own")) and table.info.get("exception") and "DELETE" in str(table.info.get("grants")):
                session().execute(text(f'DELETE FROM "{table.name}" WHERE "{own}" = :who'), {"who": who})
    return True
