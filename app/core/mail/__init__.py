"""Mail: a queue in the database, written with its cause, delivered by SMTP with one Message-ID however often it is tried."""

from app.core.mail.models import MailMessage, State
from app.core.mail.queue import cancel, find, hidden, is_address, retry, send
from app.core.mail.tickets import address_for

__all__ = ["MailMessage", "State", "address_for", "cancel", "find", "hidden", "is_address", "retry", "send"]
