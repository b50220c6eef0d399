"""Trying an own template: a mail with example values, to whoever tries it."""

from __future__ import annotations

from app.core.mail import queue, wordings
from app.core.mail.models import Wording
from app.kernel.current import current


def send_test(wording: Wording) -> Wording:
    """Send the template with its example values to the person acting."""
    queue.send(current.user.id, "own", {"words": wordings.shown(wording)}, language=wording.language)
    return wording
