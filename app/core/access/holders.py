"""Who has a role, as the sheet shows it, and who is to get it: read from what was typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from app.core.access.models import Role
from app.core.access.plans import NewHolder, OldHolder
from app.core.access.sight import choosable
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field
from app.kernel.kinds import KINDS, Unreadable, fold, typed_moment
from app.kernel.registry import registry

BLANKS, MOST = 2, 200
PLACE = re.compile(r"holder-(\d{1,4})(?:__text)?")


@dataclass
class Holder:
    """Somebody who has the role, or a row for somebody more. `id` is the assignment's."""

    id: str
    name: str
    until: str = ""
    ends: bool = False
    member: str = ""
    typed: str = ""
    errors: list[str] = field(default_factory=list)


def present(role: Role | None) -> list[Holder]:
    """Those who have a role as a further one, by name."""
    from app.core.people import Member, MemberRole  # people stand on access

    if role is None:
        return []
    rows = session().execute(select(MemberRole.id, MemberRole.ends_at, Member.name).join(Member, Member.id == MemberRole.member_id).where(
        MemberRole.role_id == role.id, or_(MemberRole.ends_at.is_(None), MemberRole.ends_at > clock.now()))
        .order_by(Member.name_key).limit(MOST))
    return [Holder(str(row.id), row.name, typed_moment(row.ends_at) if row.ends_at else "") for row in rows]


def by_main_role(role: Role | None) -> int:
    """How many members have a role as their main one."""
    from app.core.people import Member

    if role is None:
        return 0
    return session().scalar(select(func.count()).select_from(Member).where(Member.role_id == role.id, Member.archived_at.is_(None))) or 0


def blanks(number: int = BLANKS) -> list[Holder]:
    """Rows for further people."""
    return [Holder(str(place), "") for place in range(number)]


def typed(holders: list[Holder], form: Mapping[str, str]) -> tuple[list[Holder], list[OldHolder]]:
    """What was said of those who have it: the rows as typed, and what changes."""
    changes = []
    for each in holders:
        was = each.until
        each.ends = f"end-{each.id}" in form
        each.until = form.get(f"until-{each.id}", was).strip()
        if each.ends:
            changes.append(OldHolder(UUID(each.id), ends=True))
        elif each.until != was:
            changes.append(OldHolder(UUID(each.id), until=_until(each)))
    return holders, changes


def added(form: Mapping[str, str]) -> tuple[list[Holder], list[NewHolder]]:
    """Those who are to get it: the rows as typed with a blank one beneath, and who was meant."""
    rows: list[Holder] = []
    found: list[NewHolder] = []
    places = sorted({int(at.group(1)) for name in form if (at := PLACE.fullmatch(name))})
    for place in places[:MOST]:
        row = Holder(str(len(rows)), "", form.get(f"holder_until-{place}", "").strip(), member=form.get(f"holder-{place}", ""),
                     typed=form.get(f"holder-{place}__text", "").strip()[:200])
        if not row.typed and not row.member:
            continue
        member = _meant(row)
        until = _until(row)
        if member is None:
            row.errors.append(_("“%(raw)s” is not known here.", raw=row.typed[:80]))
        elif not row.errors:
            row.member, row.typed = str(member.id), member.name
            found.append(NewHolder(member.id, until))
        rows.append(row)
    return [*rows, *(Holder(str(len(rows) + place), "") for place in range(BLANKS))], found


def _meant(row: Holder) -> Any:
    """The member who was chosen from the list; or, without script, whose name, address or reference was typed."""
    from app.core.people import Member

    seen = select(Member).where(choosable(registry.resource("people.member"), current.user), Member.archived_at.is_(None))
    try:
        by_id = session().scalar(seen.where(Member.id == UUID(row.member))) if row.member else None
    except ValueError:
        by_id = None
    if by_id is not None and (not row.typed or fold(by_id.name) == fold(row.typed)):
        return by_id
    words = or_(Member.reference == row.typed, Member.email == row.typed.lower(), Member.name_key == fold(row.typed))
    found = session().scalars(seen.where(words).limit(2)).all()
    return found[0] if len(found) == 1 else None


def _until(row: Holder) -> datetime | None:
    if not row.until:
        return None
    try:
        moment: datetime = KINDS["datetime"].parse(Field("datetime", _("Until")), row.until)
    except Unreadable as error:
        row.errors.append(str(error))
        return None
    if moment <= clock.now():
        row.errors.append(_("Choose a moment that is still to come."))
    return moment
