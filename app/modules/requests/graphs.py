"""Who agrees to what was asked by a form, until an organisation draws it otherwise."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.workflow.graph import Condition, Graph, Limit, Share
from app.core.workflow.templates import APPROVERS, FINANCE, MANAGER, OWNERS, SAFETY, above, ask, drawn

CRITICAL = Condition(text="risk_level = critical")


def resource(action: str) -> Graph:
    """The manager, and finance for what is expensive."""
    return drawn(action, ask("manager", _l("Manager approval"), MANAGER),
                 ask("finance", _l("Finance"), FINANCE, when=above("requests.limit"), limit=Limit(48)))


def decision(action: str) -> Graph:
    """The manager, two of the approvers, and above the limit the owner."""
    return drawn(action, ask("manager", _l("Manager approval"), MANAGER, limit=Limit(48)),
                 ask("board", _l("Two of the approvers"), APPROVERS, needs=Share("count", 2), patient=True, limit=Limit(72)),
                 ask("owner", _l("Owner"), OWNERS, when=above("requests.limit"), colour="RED", limit=Limit(72)))


def risk(action: str) -> Graph:
    """Health and safety, and for a critical risk the owner too."""
    return drawn(action, ask("hse", _l("HSE approval"), SAFETY, limit=Limit(24)),
                 ask("owner", _l("Owner"), OWNERS, when=CRITICAL, colour="RED", limit=Limit(24)))


def form(action: str) -> Graph:
    """The manager."""
    return drawn(action, ask("manager", _l("Manager approval"), MANAGER))
