"""Who belongs elsewhere keeps their way to sign in: an invitation that waits there counts, one that is over does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.core import access, auth
from app.core.people import Invitation
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from tests.core.visitors import enrol, found

MIA = "mia@here.example"


@pytest.mark.parametrize("state", ["open", "revoked", "archived", "late"])
def test_an_invitation_that_waits_elsewhere_counts(app: Flask, state: str) -> None:
    here, there = found("here"), found("there")
    member = enrol(here, MIA)
    question = text("SELECT organisation_elsewhere(:who)")
    with acting(here, SYSTEM), unit_of_work() as work:
        assert work.execute(question, {"who": member.identity_id}).scalar() is False
    with acting(there, SYSTEM), unit_of_work() as work:
        said = {"name": "Mia", "email": MIA, "role": str(access.role_named("member").id), "kind": "own"}
        perform_one("people.invitation", "create", None, said)
        kept = work.scalars(select(Invitation)).one()
        if state == "revoked":
            perform_one("people.invitation", "revoke", kept.id)
        elif state == "archived":
            perform_one("people.invitation", "archive", kept.id)
        elif state == "late":
            kept.expires_at = clock.now() - timedelta(minutes=1)
    for place, waits in ((here, state == "open"), (there, True)):
        with acting(place, SYSTEM), unit_of_work() as work:
            assert work.execute(question, {"who": member.identity_id}).scalar() is waits, place.slug
    with acting(here, SYSTEM), unit_of_work():
        assert auth.forget_identity(member.identity_id, "gone@here.example") is (state != "open")  # type: ignore[arg-type]
