"""What is kept of a directory's names, and when it goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, inspect, select, text

from app.core.people import Member
from app.core.scim.models import ScimGroup, ScimUser
from app.kernel.db import session

_RENAMED = text("UPDATE scim_user SET given_name = NULL, family_name = NULL WHERE organisation_id = :organisation AND member_id = :member")


def user_row(member_id: UUID) -> ScimUser:
    """The directory's names of a member, made when there are none yet."""
    found = session().scalars(select(ScimUser).where(ScimUser.member_id == member_id).execution_options(populate_existing=True)).first()
    if found is None:
        found = ScimUser(member_id=member_id)
        session().add(found)
    return found


def group_row(group_id: UUID) -> ScimGroup:
    """The directory's names of a group, made when there are none yet."""
    found = session().scalars(select(ScimGroup).where(ScimGroup.group_id == group_id)).first()
    if found is None:
        found = ScimGroup(group_id=group_id)
        session().add(found)
    return found


def forget(member_id: UUID) -> None:
    """Remove what a directory calls somebody who is erased."""
    for row in session().scalars(select(ScimUser).where(ScimUser.member_id == member_id)):
        session().delete(row)
    session().flush()


def renamed(_mapper: Any, connection: Connection, member: Member) -> None:
    """Whoever is called otherwise has another given and family name too: what the directory said of them no longer holds."""
    state: Any = inspect(member)
    if state.attrs.name.history.has_changes():
        connection.execute(_RENAMED, {"organisation": member.organisation_id, "member": member.id})
