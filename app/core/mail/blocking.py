"""Addresses that get no mail: those that bounced, complained, or were blocked by hand."""

from __future__ import annotations

from sqlalchemy import select

from app.core.mail.models import Block, MailMessage, Reason
from app.kernel.db import session
from app.kernel.records import refresh_keys
from app.kernel.references import assign


def before_save(block: Block) -> None:
    """Addresses are compared in small letters."""
    block.address = block.address.strip().casefold()


def block(address: str, reason: Reason, said: str) -> Block:
    """Send no mail there any more; a bounce outweighs what was known before."""
    found = blocked(address)
    if found is None:
        found = Block(address=address.strip().casefold(), reason=reason, said=said[:2000])
        assign([found])
        refresh_keys(found)
        session().add(found)
    elif reason == Reason.BOUNCE and found.reason in (Reason.COMPLAINT, Reason.WISH):
        found.reason, found.said = reason, said[:2000]
    return found


def blocked(address: str) -> Block | None:
    """What keeps mail from an address, if anything does."""
    wanted = select(Block).where(Block.address == address.strip().casefold(), Block.archived_at.is_(None))
    return session().scalars(wanted).first()


def keeps_back(mail: MailMessage) -> Block | None:
    """What keeps this mail from leaving: after a complaint or a wish, mail that nobody could unsubscribe from still goes."""
    found = blocked(mail.to_address)
    if found is None or (found.reason in (Reason.COMPLAINT, Reason.WISH) and not mail.optional):
        return None
    return found
