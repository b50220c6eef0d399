"""A small organisation to stand in: an owner, an auditor and a member who act, in any application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import organisations, people
from app.core.audit.models import AuditEntry
from app.core.organisations import Site
from app.kernel.current import SYSTEM, Actor, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.records import new_id, refresh_keys
from app.kernel.references import assign

ROLES = ("owner", "auditor", "member")


class Stand:
    """One organisation and the people who act in it."""

    def __init__(self, name: str = "stand") -> None:
        identity = new_id()
        self.organisation: Organisation = organisations.found(identity, f"{name}-{str(identity)[-10:]}", name.title())
        self.actors: dict[str, Actor] = {}
        with acting(self.organisation, SYSTEM), unit_of_work():
            made = {role: people.enrol(f"{role.title()} Prüfer", f"{role}@{name}.example", role).id for role in ROLES}
        for role, member_id in made.items():
            with acting(self.organisation, SYSTEM):
                actor = people.load_actor(self.organisation, member_id)
            assert actor is not None
            self.actors[role] = actor

    @contextmanager
    def work(self, role: str = "owner", **said: Any) -> Iterator[Session]:
        """One piece of work of a member, committed at its end."""
        with acting(self.organisation, self.actors[role], channel="page", request_id="request-1", **said), unit_of_work() as work:
            yield work

    def site(self, name: str) -> Site:
        """A new record, added to the piece of work at hand."""
        from app.kernel.db import session

        site = Site(name=name)
        assign([site])
        refresh_keys(site)
        session().add(site)
        session().flush()
        return site

    def entries(self, **wanted: Any) -> list[AuditEntry]:
        """The entries of the trail with these values, oldest first."""
        with self.work() as work:
            query = select(AuditEntry).order_by(AuditEntry.at, AuditEntry.id)
            found = list(work.scalars(query.filter_by(**wanted)))
            work.expunge_all()
        return found
