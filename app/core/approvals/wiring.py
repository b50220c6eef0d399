"""Puts approvals into the application: screens, effects, sight of what one is asked about."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.core import access, mail
from app.core.approvals import backtests, commenting, delegating, looking, overseeing, transfers
from app.core.approvals.api import api
from app.core.approvals.approvers import check_rule
from app.core.approvals.effects import install_effects
from app.core.approvals.models import ApprovalRequest
from app.core.approvals.queue import delegated_sight
from app.kernel import keys
from app.kernel.registry import registry


def install(app: Flask) -> None:
    """Register what the service adds; a rule for approvers that means nothing stops the start."""
    for approval in registry.approvals.values():
        for level in approval.levels:
            check_rule(level.approvers, f"approval {approval.key}")
    keys.destination("starred", "/inbox/?tab=starred", _l("Starred"))
    access.also_visible(delegated_sight)
    mail.takes(ApprovalRequest, "approvals.approval_request", commenting.by_mail)
    install_effects()
    app.register_blueprint(delegating.screens)
    app.register_blueprint(overseeing.screens)
    app.register_blueprint(transfers.screens)
    app.register_blueprint(backtests.screens)
    app.register_blueprint(looking.screens)
    app.register_blueprint(api)
