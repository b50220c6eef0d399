"""Joining has pages and a mail, but no records of its own."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.joining.sending import invite, send_out
from app.core.people.events import InvitationAsked, SeatAsked
from app.kernel.manifest import Module

module = Module("joining", label=_l("Invitations"), icon="mail", section="people", on={InvitationAsked: send_out, SeatAsked: invite})
