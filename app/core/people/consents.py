"""What a member said to the processing of their data beyond what the work needs: given or refused, to which wording, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Boolean, DateTime, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock, fields
from app.kernel.records import Tenanted


class Consent(Tenanted):
    """One answer; a later one of the same member takes its place, and the earlier ones stay."""

    __tablename__ = "consent"
    __label__ = _l("Consent")
    __audited__: ClassVar[bool] = True

    member_id: Mapped[UUID] = fields.reference("member", _l("Member"), groups=False)
    wording: Mapped[str] = mapped_column(Text, info={"label": _l("Version")})
    given: Mapped[bool] = mapped_column(Boolean, info={"label": _l("Given")})
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now, info={"label": _l("When")})


_table: Any = Consent.__table__
Index("ix_consent_member_id_at", _table.c.organisation_id, _table.c.member_id, _table.c.at)
