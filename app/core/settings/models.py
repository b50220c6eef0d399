"""What an organisation set; what it did not set has the declared default."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import fields
from app.kernel.records import Tenanted


class SettingValue(Tenanted):
    """One setting of one organisation, as JSON: codes, numbers, decimals as text."""

    __tablename__ = "setting"
    __label__ = _l("Setting")
    __audited__: ClassVar[bool] = True
    __record_name__: ClassVar[str] = "setting"

    key: Mapped[str] = fields.text(_l("Setting"), sortable=False)
    value: Mapped[Any] = mapped_column(JSONB, nullable=True, info={"label": _l("Value")})

    @property
    def reference(self) -> str:
        """What the audit trail calls it."""
        return self.key


_table: Any = SettingValue.__table__
Index("uq_setting_key", _table.c.organisation_id, _table.c.key, unique=True)
_table.info["gate"] = ("organisation_id", "key", "value")
