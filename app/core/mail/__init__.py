"""Mail: a queue in the database, written with its cause, delivered with one Message-ID however often it is tried."""

from app.core.mail.models import MailMessage, Priority, State
from app.core.mail.queue import cancel, find, hidden, is_address, retry, send
from app.core.mail.tickets import address_for

__all__ = ["MailMessage", "Priority", "State", "address_for", "cancel", "find", "hidden", "is_address", "retry", "send"]
