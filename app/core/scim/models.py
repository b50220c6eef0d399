"""What a directory calls people and groups: its own names for them, beside the member or group that they are here."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.kernel import fields
from app.kernel.records import Tenanted


class ScimUser(Tenanted):
    """A member as a directory knows them. No user name: it is the address; no given and family name: they follow from the name."""

    __tablename__ = "scim_user"
    __label__ = _l("Person in the directory")
    __audited__: ClassVar[bool] = True

    member_id: Mapped[UUID] = fields.reference("member", _l("Member"), groups=False)
    external_id: Mapped[str | None] = fields.text(_l("Id in the directory"), required=False, sortable=False, personal=True)
    user_name: Mapped[str | None] = fields.text(_l("Name in the directory"), max_length=254, required=False, sortable=False, personal=True)
    given_name: Mapped[str | None] = fields.text(_l("Given name"), max_length=120, required=False, sortable=False, personal=True)
    family_name: Mapped[str | None] = fields.text(_l("Family name"), max_length=120, required=False, sortable=False, personal=True)

    @property
    def audit_subject(self) -> UUID:
        """Whose personal data this is."""
        return self.member_id


class ScimGroup(Tenanted):
    """A group as a directory knows it."""

    __tablename__ = "scim_group"
    __label__ = _l("Group in the directory")
    __audited__: ClassVar[bool] = True

    group_id: Mapped[UUID] = fields.reference("member_group", _l("Group"))
    external_id: Mapped[str | None] = fields.text(_l("Id in the directory"), required=False, sortable=False)


_user: Any = ScimUser.__table__
_group: Any = ScimGroup.__table__
Index("uq_scim_user_member_id", _user.c.organisation_id, _user.c.member_id, unique=True)
Index("ix_scim_user_external_id", _user.c.organisation_id, _user.c.external_id)
Index("uq_scim_group_group_id", _group.c.organisation_id, _group.c.group_id, unique=True)
Index("ix_scim_group_external_id", _group.c.organisation_id, _group.c.external_id)
