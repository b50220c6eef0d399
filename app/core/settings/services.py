"""Reading and writing settings by their declared kind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import event, select
from sqlalchemy.orm import Session, SessionTransaction

from app.core import audit
from app.core.settings.models import SettingValue
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Field
from app.kernel.kinds import Unreadable, minor_units
from app.kernel.manifest import Setting
from app.kernel.registry import known, registry

EXACT = ("money", "decimal")
CACHE = "settings"


def declared(key: str) -> Setting:
    """The declaration of a setting; a wrong key is an error that names the nearest right one."""
    return registry.settings[known(key, registry.settings, "setting")]


def field_of(setting: Setting) -> Field:
    """A setting as a field: what parses it, shows it and says what is wrong with it."""
    needed = setting.kind not in ("text", "long_text", "boolean") or bool(setting.default)
    return Field(setting.kind, setting.label, help=setting.help, required=needed, choices=setting.choices, minimum=setting.minimum,
                 maximum=setting.maximum, max_length=500, scale=3, name=setting.key, attribute=setting.key)


def get(key: str) -> Any:
    """The value here: a Decimal of the organisation's currency for money, otherwise what the kind holds."""
    setting = declared(key)
    kept = _kept()
    return _typed(setting, kept.get(key, setting.default))


def set(key: str, value: Any) -> None:  # noqa: A001 -- settings.set() is what it is called everywhere
    """Set it for this organisation; audited. Raises `Invalid` with a sentence on what is wrong with the value."""
    setting = declared(key)
    plain = audit.machine(checked(setting, value))
    row = session().scalar(select(SettingValue).where(SettingValue.organisation_id == current.organisation.id, SettingValue.key == key))
    if row is None:
        session().add(SettingValue(key=key, value=plain))
    elif row.value != plain:
        row.value = plain
    session().flush()
    _cache().pop(current.organisation.id, None)


def checked(setting: Setting, value: Any) -> Any:
    """The value meant by what was typed. Raises `Invalid`."""
    field = field_of(setting)
    try:
        read = field.parse(value)
        if setting.kind == "money":
            minor_units(read, current.organisation.currency)
            _bounded(setting, read)
        _offered(setting, read)
    except Unreadable as error:
        raise Invalid({setting.key: [str(error)]}) from None
    return "" if read is None and setting.kind in ("text", "long_text") else read


def _offered(setting: Setting, value: Any) -> None:
    if setting.options and ("" if value is None else value) not in dict(setting.options()):
        raise Unreadable(_("“%(raw)s” is not known here.", raw=str(value or "")[:80]))


def _bounded(setting: Setting, amount: Decimal) -> None:
    if setting.minimum is not None and amount < setting.minimum:
        raise Unreadable(_("At least %(minimum)s is needed.", minimum=setting.minimum))
    if setting.maximum is not None and amount > setting.maximum:
        raise Unreadable(_("At most %(maximum)s is possible.", maximum=setting.maximum))


def _typed(setting: Setting, plain: Any) -> Any:
    if plain is None:
        return None
    if setting.kind in EXACT:
        return Decimal(str(plain))
    if setting.kind == "choice" and setting.choices:
        return setting.choices(plain)
    return plain


def _cache() -> dict[UUID, dict[str, Any]]:
    found: dict[UUID, dict[str, Any]] = session().info.setdefault(CACHE, {})
    return found


def _kept() -> dict[str, Any]:
    """Everything this organisation set, read once per transaction."""
    organisation_id = current.organisation.id
    held = _cache().get(organisation_id)
    if held is None:
        rows = session().execute(select(SettingValue.key, SettingValue.value).where(SettingValue.organisation_id == organisation_id))
        held = _cache()[organisation_id] = {row.key: row.value for row in rows}
    return held


@event.listens_for(Session, "after_transaction_end")
def _forget(work: Session, _transaction: SessionTransaction) -> None:
    work.info.pop(CACHE, None)
