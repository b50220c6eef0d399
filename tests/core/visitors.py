"""People with browsers: they sign in by the form, as a browser without script does."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app.core import auth, organisations, people
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, Actor, Organisation, acting
from app.kernel.db import as_identity, unit_of_work
from app.kernel.records import new_id

PASSWORD = "a sentence that nobody guesses"


class Visitor:
    """A browser."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()

    def token(self, address: str = "/sign-in") -> str:
        """The token that forms of this browser carry."""
        page = self.client.get(address, follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
        assert found, f"no form at {address}"
        return found.group(1)

    def send(self, address: str, *, form: str = "", **data: Any) -> Any:
        """Send a form, with the token of the page it stands on."""
        return self.client.post(address, data={"csrf_token": self.token(form or address), **data})

    def sign_in(self, email: str, password: str = PASSWORD, *, wanted: str = "", source: str = "127.0.0.1") -> Any:
        """Try to sign in."""
        data = {"csrf_token": self.token(), "email": email, "password": password, "next": wanted}
        return self.client.post("/sign-in", data=data, environ_base={"REMOTE_ADDR": source})

    def get(self, address: str, **options: Any) -> Any:
        """Open a page."""
        return self.client.get(address, **options)

    def cookie(self, name: str = "session") -> str:
        """A cookie of ours; empty when there is none."""
        found = self.client.get_cookie(self.app.extensions["settings"].cookie(name))
        return found.value if found else ""


def found(slug: str, **said: Any) -> Organisation:
    """A new organisation."""
    return organisations.found(new_id(), slug, slug.title(), **said)


def enrol(place: Organisation, email: str, role: str = "member", *, password: str = PASSWORD, **said: Any) -> Member:
    """A member with a password."""
    name = said.pop("name", email.partition("@")[0].title())
    with acting(place, SYSTEM), unit_of_work() as work:
        member = people.enrol(name, email, role, **said)
        assert member.identity_id
        if password:
            with as_identity(member.identity_id):
                work.execute(insert(auth.Credential).values(identity_id=member.identity_id, kind="password", secret=_hashed(password),
                                                            changed_at=clock.now()))
        work.flush()
        work.refresh(member)
        work.expunge(member)
    return member


@cache
def _hashed(password: str) -> str:
    """The hash takes its time by intent; most people of the tests have the same password."""
    return str(auth.hash_password(password))


def actor_of(place: Organisation, member: Member) -> Actor:
    """The member, able to act, with the rights of this moment."""
    actor = people.load_actor(place, member.id)
    assert actor is not None
    return actor
