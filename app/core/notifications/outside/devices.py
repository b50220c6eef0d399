"""The browsers in which a member asked to be told: taken in after a consent, shown, and forgotten."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.core.notifications.outside import push
from app.core.notifications.outside.models import Delivery, Device
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.kinds import show_moment
from app.kernel.records import new_id
from app.kernel.sealing import seal

MOST, LONGEST, SECRET = 10, 1000, 16  # devices of one member; characters of an address; bytes


@dataclass(frozen=True)
class Shown:
    """A device as its owner reads it."""

    id: UUID
    name: str
    since: str
    told: str


def of(member_id: UUID) -> list[Shown]:
    """A member's devices, the oldest first."""
    found = session().scalars(select(Device).where(Device.member_id == member_id).order_by(Device.id))
    return [Shown(each.id, each.name, show_moment(each.created_at), show_moment(each.told_at) if each.told_at else "") for each in found]


def take_in(member_id: UUID, name: str, address: str, key: str, secret: str) -> None:
    """Tell the member in this browser from now on. Raises `Invalid` for what is no subscription, `Conflict` for too many."""
    point, sealed = _raw(key), _raw(secret)
    if not _is_address(address) or not push.is_key(point) or len(sealed) != SECRET:
        raise Invalid({"address": [_("This browser gave nothing that can be used. Try again, or use another one.")]})
    if len(of(member_id)) >= MOST:
        raise Conflict(_("You are told on %(number)s devices already. Forget one of them first.", number=MOST))
    device_id = session().scalar(select(Device.id).where(Device.address == address)) or new_id()
    row = {"member_id": member_id, "name": name[:120], "public_key": point,
           "sealed": seal(push.PURPOSE, device_id, base64.b64encode(sealed).decode())}
    session().execute(insert(Device).values(
        organisation_id=current.organisation.id, id=device_id, address=address, created_at=clock.now(), **row).on_conflict_do_update(
        index_elements=["organisation_id", "id"], set_=row))


def leave(member_id: UUID, device_id: UUID) -> None:
    """Tell the member nothing more on a device of theirs. Raises `NotFound`."""
    found = session().get(Device, (current.organisation.id, device_id))
    if found is None or found.member_id != member_id:
        raise NotFound
    session().delete(found)


def forget(member_id: UUID) -> None:
    """Keep nothing of where a member was told: their devices, and what went to these or to their phone."""
    session().execute(delete(Device).where(Device.member_id == member_id))
    session().execute(delete(Delivery).where(Delivery.member_id == member_id))


def _raw(said: str) -> bytes:
    try:
        return base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc and len(address) <= LONGEST
    except ValueError:
        return False
