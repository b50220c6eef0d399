"""There is always an owner, also when two of them go at the same moment."""

from __future__ import annotations

import threading

from app.core import access, people
from app.core.people import Member
from app.kernel.errors import Refusal
from tests.core.stand import Stand
from tests.infra.databases import Database


def test_two_owners_who_go_at_once_do_not_both_go(fresh_database: Database) -> None:
    with fresh_database.app.app_context():
        stand = Stand()
        with stand.work():
            second = people.enrol("Second", "second@stand.example", "owner").id
    refused: list[Refusal] = []

    def goes(member_id: object) -> None:
        with stand.work() as work:
            work.get_one(Member, (stand.organisation.id, member_id)).role_id = access.role_named("member").id
            work.flush()

    def goes_too() -> None:
        with fresh_database.app.app_context():
            try:
                goes(second)
            except Refusal as refusal:
                refused.append(refusal)

    other = threading.Thread(target=goes_too)
    with fresh_database.app.app_context():
        with stand.work() as work:
            work.get_one(Member, (stand.organisation.id, stand.actors["owner"].id)).role_id = access.role_named("member").id
            work.flush()
            other.start()
            other.join(1)
        other.join(30)
    assert len(refused) == 1
