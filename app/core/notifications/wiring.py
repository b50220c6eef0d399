"""Puts notifications into the application."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.core import menu
from app.core.notifications import announcing, hearing, telling
from app.core.notifications.listening import job_ended
from app.core.notifications.outside.sending import install_outside
from app.core.notifications.outside.views import log
from app.core.notifications.rule_pages import screens as trying
from app.core.notifications.telling import unread_count
from app.core.notifications.views import screens
from app.kernel import events, outbox
from app.kernel.attempt import when_ended


def install(app: Flask) -> None:
    """Hear of jobs that end and of what rules wait for, show the bell, and tell what was put off.

    `readers_of(announcement)` in Jinja is who has read it.
    """
    outbox.handler(telling.SHOW, label=_l("Notification"))(telling.show)
    outbox.handler(announcing.ANNOUNCE, label=_l("Announcement"))(announcing.deliver)
    app.jinja_env.globals["readers_of"] = announcing.readers
    install_outside()
    events.listen(hearing.is_heard, hearing.heard)
    when_ended(job_ended)
    menu.provide_notices(unread_count, "bell.listing")
    app.register_blueprint(screens)
    app.register_blueprint(log)
    app.register_blueprint(trying)
