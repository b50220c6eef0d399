"""Puts approvals into the application: screens, effects, sight of what one is asked about."""

from __future__ import annotations

from flask import Flask

from app.core import access
from app.core.approvals import deciding, delegating
from app.core.approvals.api import api
from app.core.approvals.approvers import check_rule
from app.core.approvals.effects import install_effects
from app.core.approvals.queue import delegated_sight
from app.kernel.registry import registry


def install(app: Flask) -> None:
    """Register what the service adds; a rule for approvers that means nothing stops the start."""
    for approval in registry.approvals.values():
        for level in approval.levels:
            check_rule(level.approvers, f"approval {approval.key}")
    access.also_visible(delegated_sight)
    install_effects()
    app.register_blueprint(delegating.screens)
    app.register_blueprint(deciding.screens)
    app.register_blueprint(api)
