"""Puts the pages of jobs into the application."""

from __future__ import annotations

from uuid import UUID

from flask import Flask

from app.core import organisations, people
from app.core.jobs.views import screens
from app.kernel import jobs
from app.kernel.current import Actor, Organisation


def install(app: Flask) -> None:
    """Show jobs, and tell the kernel who stands behind ids of organisations and members."""
    jobs.install_loader(_who)
    app.register_blueprint(screens)


def _who(organisation_id: UUID, actor_id: UUID) -> tuple[Organisation, Actor | None] | None:
    organisation = organisations.load_organisation(organisation_id)
    return (organisation, people.load_actor(organisation, actor_id)) if organisation else None
