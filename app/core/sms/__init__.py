"""SMS: the one provider of an installation, where it has one."""

from app.core.sms.twilio import Away, NotTaken, Told, is_genuine, is_on, number_in, read, send

__all__ = ["Away", "NotTaken", "Told", "is_genuine", "is_on", "number_in", "read", "send"]
