"""An agency and its clients, with their people at work and at their browsers."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import Flask

from app.core.agencies import services
from app.core.people import Member
from app.kernel.current import Actor, Organisation, acting
from app.kernel.db import unit_of_work
from tests.core.visitors import Visitor, actor_of, enrol, found


class Cast:
    """An agency with its people, and two clients."""

    def __init__(self) -> None:
        self.agency, self.client, self.second = found("northern"), found("harbour"), found("quarry")
        self.head = enrol(self.agency, "head@northern.example", "owner")
        self.ada = enrol(self.agency, "ada@northern.example", "admin", name="Ada Agent")
        self.viewer = enrol(self.agency, "vera@northern.example", "viewer")
        self.owner = enrol(self.client, "olga@harbour.example", "owner")
        self.other = enrol(self.second, "otto@quarry.example", "owner")
        self.link = self.agree(self.client, self.owner, "manager")

    def agree(self, client: Organisation, owner: Member, role: str) -> UUID:
        """The agency offers, the client accepts with a role."""
        with self.work(self.agency, self.head):
            link_id = services.offer(services.AGENCY, client.slug, "", "We know your trade.").id
        with self.work(client, owner):
            services.accept(link_id, role)
        return link_id

    def work(self, place: Organisation, member: Member) -> Any:
        """One piece of work of somebody, committed at its end."""
        return Working(place, actor_of(place, member))

    def sign_in(self, app: Flask, email: str) -> Visitor:
        """Somebody at their browser."""
        visitor = Visitor(app)
        visitor.sign_in(email)
        return visitor


class Working:
    """`with` for a piece of work."""

    def __init__(self, place: Organisation, actor: Actor) -> None:
        self._acting, self._unit = acting(place, actor, channel="page"), unit_of_work()

    def __enter__(self) -> Any:
        """Act, in one transaction."""
        self._acting.__enter__()
        return self._unit.__enter__()

    def __exit__(self, *trouble: Any) -> Any:
        """Commit or undo."""
        try:
            return self._unit.__exit__(*trouble)
        finally:
            self._acting.__exit__(*trouble)


def open_client(visitor: Visitor, name: str) -> Any:
    """Press “Open” beside a client."""
    page = visitor.get("/northern/clients").text
    parts = [part for part in re.split(r'<li class="row', page) if name in part]
    assert parts, f"{name} is not among the clients"
    return visitor.send(re.search(r'action="([^"]+)"', parts[0]).group(1), form="/northern/clients")  # type: ignore[union-attr]
