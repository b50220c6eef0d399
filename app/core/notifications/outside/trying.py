"""Trying a webhook: a word, so that one sees in the log whether it arrives."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.notifications.outside import sending
from app.core.notifications.outside.models import Hook
from app.kernel.current import current


def send_test(hook: Hook) -> Hook:
    """Send it a test."""
    sending.owe_hook(hook, title=_("A test of %(name)s", name=hook.name), text="", event="test", path=f"/{current.organisation.slug}/")
    return hook
