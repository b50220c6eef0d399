"""What a directory says of somebody, carried out by the same door as everything else: taken on, changed, let in, kept out, put away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from app.core import access, settings
from app.core.organisations import Department
from app.core.people import Member, Status, is_owner
from app.core.scim import keeping
from app.core.scim.attributes import as_id
from app.core.scim.models import ScimUser
from app.core.scim.refusals import Refused
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Forbidden, Invalid
from app.kernel.kinds import fold
from app.kernel.preferences import spoken

RESOURCE = "people.member"
Values = Mapping[str, Any]


def take_on(said: Values) -> Member:
    """A new member of what a directory says, or the one who was put away under this address, taken back."""
    email = _address(said)
    if not email:
        raise Refused("invalidValue", "An address is needed: in “emails”, or as “userName”.")
    _refuse_taken(said.get("user_name"), None)
    found = session().scalars(select(Member).where(Member.email == email)).first()
    if found is not None and not found.is_archived:
        raise _taken(email)
    if found is not None:
        if is_owner(found):
            raise Forbidden(_("The role of owner is given by people, not by a directory."))
        perform_one(RESOURCE, "restore", found)
        return change(found, {"active": True, **said, "email": email})
    data = {**_data(said, None), "email": email, "kind": "own"}
    member: Member = _performed("create", None, {"name": _name(said, "", "", "") or email.partition("@")[0], "role": _usual_role(), **data})
    _keep_names(member, said, None)
    if said.get("active") is False:
        perform_one(RESOURCE, "deactivate", member)
    return member


def change(member: Member, said: Values) -> Member:
    """Bring a member in step with what a directory says."""
    row = session().scalars(select(ScimUser).where(ScimUser.member_id == member.id)).first()
    _refuse_taken(said.get("user_name"), member)
    data, email = _data(said, member), said.get("email") or _following(member, row, said)
    if email and email != member.email:
        _refuse_another_owner(member)
        data["email"] = email
    given, family = _parts(member, row)
    name = _name(said, member.name, given, family)
    if name and name != member.name:
        data["name"] = name
    before = member.email
    if data:
        _performed("edit", member, data)
    _keep_names(member, said, before)
    _let_in_or_out(member, said.get("active"))
    return member


def put_away(member: Member) -> None:
    """Take somebody's access away and keep their record."""
    perform_one(RESOURCE, "archive", member)


def _let_in_or_out(member: Member, active: bool | None) -> None:
    """Whoever was suspended here stays so until it is settled here, whatever the directory says."""
    if active is False and member.status in (Status.ACTIVE, Status.PENDING):
        perform_one(RESOURCE, "deactivate", member)
    if active is True and member.status == Status.INACTIVE:
        perform_one(RESOURCE, "activate", member)


def _performed(action: str, member: Member | None, data: Values) -> Any:
    try:
        return perform_one(RESOURCE, action, member, data).record
    except Invalid as error:
        raise Refused("invalidValue", str(error)) from None


def _data(said: Values, member: Member | None) -> dict[str, Any]:
    """The fields of a member that are to be set, as the door reads them; only those that differ."""
    found: dict[str, Any] = {name: said[name] or "" for name in ("job_title", "phone") if name in said}
    if (language := said.get("language")) in spoken():  # one that is not offered is no reason to refuse a person
        found["language"] = language
    if said.get("timezone"):
        found["timezone"] = said["timezone"]
    if "role" in said:
        found["role"] = _role(said["role"], member)
    if "department" in said and (department := _department(said["department"])) is not None:
        found["department"] = department
    if "manager" in said:
        found["manager"] = _manager(said["manager"])
    return {name: value for name, value in found.items() if member is None or _held(member, name) != value}


def _held(member: Member, name: str) -> str:
    value = getattr(member, f"{name}_id" if name in ("role", "department", "manager") else name)
    return str(getattr(value, "value", value) or "")


def _address(said: Values) -> str:
    email = said.get("email") or said.get("user_name") or ""
    return str(email).lower() if "@" in str(email) else ""


def _following(member: Member, row: ScimUser | None, said: Values) -> str:
    """The address follows the user name for as long as it is the same."""
    named = str(said.get("user_name") or "").lower()
    return named if "@" in named and (row is None or row.user_name is None) else member.email


def _parts(member: Member, row: ScimUser | None) -> tuple[str, str]:
    before, _space, last = member.name.rpartition(" ")
    return (row and row.given_name) or before or member.name, (row and row.family_name) or last


def _name(said: Values, held: str, given: str, family: str) -> str:
    """The name that is shown: as said, or of its parts as long as it was made of them."""
    told = said.get("display") or said.get("formatted")
    if told:
        return str(told)
    if held in ("", f"{given} {family}".strip()) and ("given_name" in said or "family_name" in said):
        parts = (said.get("given_name", given), said.get("family_name", family))
        return " ".join(filter(None, parts))
    return held


def _role(key: str | None, member: Member | None = None) -> str:
    """A role by its key or its name; nobody is made an owner by a directory, and nobody ceases to be one."""
    wanted = key or _usual_role_key()
    found = session().scalars(select(access.Role).where(access.Role.archived_at.is_(None),
                                                        or_(access.Role.key == wanted, access.Role.label_key == fold(wanted)))).first()
    if found is None:
        raise Refused("invalidValue", f"“{wanted[:80]}” is no role here.")
    if (found.key == "owner") != (member is not None and member.role_id == access.role_named("owner").id):
        raise Forbidden(_("The role of owner is given by people, not by a directory."))
    return str(found.id)


def _usual_role_key() -> str:
    return str(settings.get("scim.role"))


def _usual_role() -> str:
    return _role(None)


def _department(name: str | None) -> str | None:
    """A department of that name; one that is not known here changes nothing."""
    if not name:
        return ""
    found = session().scalar(select(Department.id).where(Department.name_key == fold(name), Department.archived_at.is_(None)))
    return str(found) if found else None


def _manager(raw: str | None) -> str:
    if not raw:
        return ""
    found = as_id(raw)
    if found is None or session().get(Member, (current.organisation.id, found)) is None:
        raise Refused("invalidValue", "“manager” is nobody here.")
    return str(found)


def _refuse_taken(user_name: str | None, member: Member | None) -> None:
    """A user name is one person's, whatever its case."""
    if not user_name:
        return
    same = or_(func.lower(ScimUser.user_name) == user_name.lower(),
               (Member.email == user_name.lower()) & ScimUser.user_name.is_(None))
    query = select(Member.id).outerjoin(ScimUser, (ScimUser.organisation_id == Member.organisation_id) & (ScimUser.member_id == Member.id))
    for found in session().scalars(query.where(same, Member.archived_at.is_(None))):
        if member is None or found != member.id:
            raise _taken(user_name)


def _taken(name: str) -> Refused:
    return Refused("uniqueness", f"“{name[:120]}” is somebody here already.", 409)


def _refuse_another_owner(member: Member) -> None:
    """Whoever changes the address that an owner signs in with takes their place."""
    if is_owner(member):
        raise Forbidden(_("The address of an owner is changed by people, not by a directory."))


def _keep_names(member: Member, said: Values, before: str | None) -> None:
    """Keep what only the directory says: its id, its user name, the parts of the name. `before` is the address until now."""
    row, named = keeping.user_row(member.id), said.get("user_name")
    if "external_id" in said:
        row.external_id = said["external_id"]
    for part in ("given_name", "family_name"):
        if part in said:
            setattr(row, part, said[part])
    if named:
        apart = said.get("email") or row.user_name
        row.user_name = named if apart or named.lower() != member.email else None
    elif before and before != member.email and row.user_name is None:
        row.user_name = before
    session().flush()
