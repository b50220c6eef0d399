"""Permissions of the organisation's own: known at once, and, where they protect something, asked for besides what the product asks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import event, select
from sqlalchemy.orm import Session, SessionTransaction

from app.core.access.conditions import understood
from app.core.access.models import CustomPermission
from app.kernel.current import current, matches
from app.kernel.db import session
from app.kernel.errors import Invalid

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2}")
FRESH = 2.0  # seconds for which another process may still go by what it read


@dataclass(frozen=True)
class Guard:
    """A permission that is needed besides another, `guards`; not for the records for which the rule `spares` holds."""

    key: str
    guards: str
    spares: str


_kept: dict[UUID, tuple[float, dict[str, Guard]]] = {}


def own_permissions() -> dict[str, Guard]:
    """The organisation's own permissions by name, as they are now; those of no organisation are none."""
    if not current.has_organisation:
        return {}
    place = current.organisation.id
    read_at, found = _kept.get(place, (0.0, {}))
    if not read_at or monotonic() - read_at > FRESH:
        found = _read()
        _kept[place] = (monotonic(), found)
    return found


def guards_of(action: str) -> list[Guard]:
    """What is needed besides for an action here; nearly always nothing."""
    return [guard for guard in own_permissions().values() if guard.guards and matches(guard.guards, action)]


def _read() -> dict[str, Guard]:
    question = select(CustomPermission.key, CustomPermission.guards, CustomPermission.rule).where(
        CustomPermission.organisation_id == current.organisation.id, CustomPermission.archived_at.is_(None))
    with session().no_autoflush:
        return {row.key: Guard(row.key, row.guards or "", row.rule or "") for row in session().execute(question)}


def check_custom(permission: CustomPermission) -> None:
    """A permission of one's own has three plain words that the product does not use, and protects something that the product knows."""
    from app.core.access.answers import declared_permissions

    if not NAME.fullmatch(permission.key or ""):
        raise Invalid({"key": [_("Write three words with points between them, such as users.manage.all.")]})
    if permission.key in declared_permissions():
        raise Invalid({"key": [_("The product has a permission of that name already.")]})
    permission.guards = permission.guards or None
    if permission.guards and permission.guards not in declared_permissions():
        raise Invalid({"guards": [_("The product knows no permission of that name.")]})
    if permission.condition and not permission.guards:
        raise Invalid({"condition": [_("Say first what is protected.")]})
    permission.rule = None
    if permission.condition and permission.guards:
        understood(permission.condition, permission.guards)
        permission.rule = understood(f"not ({permission.condition})", permission.guards)


def install() -> None:
    """Forget what was read as soon as a permission of an organisation is written, and again when that is kept or undone."""
    if not event.contains(Session, "after_flush", _written):
        event.listen(Session, "after_flush", _written)
        event.listen(Session, "after_transaction_end", _ended)


def _written(work: Session, _context: Any) -> None:
    if any(isinstance(each, CustomPermission) for each in _touched(work)):
        work.info["own_permissions_written"] = True
        _kept.clear()


def _ended(work: Session, transaction: SessionTransaction) -> None:
    if work.info.get("own_permissions_written"):
        _kept.clear()
        if transaction.parent is None:
            del work.info["own_permissions_written"]


def _touched(work: Session) -> Iterable[Any]:
    return (*work.new, *work.dirty, *work.deleted)
