"""Mail: a queue in the database, written with its cause, delivered with one Message-ID however often it is tried."""

from app.core.mail.answering import takes
from app.core.mail.models import MailMessage, Priority, State
from app.core.mail.offers import values_of
from app.core.mail.providers import wake
from app.core.mail.queue import EFFECT, cancel, find, hidden, is_address, own_words, retry, send
from app.core.mail.signing import DOMAIN
from app.core.mail.tickets import address_for
from app.core.mail.wordings import Words

__all__ = ["DOMAIN", "EFFECT", "MailMessage", "Priority", "State", "Words", "address_for", "cancel", "find", "hidden", "is_address",
           "own_words", "retry", "send", "takes", "values_of", "wake"]
