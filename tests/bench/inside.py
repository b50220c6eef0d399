"""What is counted rather than timed, in this process: queries of a page, their growth with rows, and one warm permission decision."""

from __future__ import annotations

import time
import timeit
from collections.abc import Sequence
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select

from app.core import access, notifications, people
from app.core.people import Member
from app.demo.scale import SCALE
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.modules.procurement.models import Payment
from tests.bench.house import House
from tests.bench.pages import LIST, NARROWED, OWNER

TIMES = 20_000


def queries(house: House, record: str) -> dict[str, int]:
    """Statements that each page sends, the second time that it is opened."""
    cookie, _, secret = house.cookie(OWNER).partition("=")
    client = house.database.app.test_client()
    port = house.database.settings.port
    client.set_cookie(house.database.settings.cookie("session"), secret, domain="localhost")
    assert cookie.startswith("session")
    pages = {"list": NARROWED, "list of 10": f"{LIST}?per_page=10", "list of 200": f"{LIST}?per_page=200", "detail": record,
             "inbox": "/scale/inbox/", "search": "/scale/search?q=catering", "form": f"{LIST}new"}
    return {name: _counted(client, path, f"localhost:{port}") for name, path in pages.items()}


def _counted(client: FlaskClient, path: str, host: str) -> int:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    assert client.get(path, headers={"Host": host}).status_code == 200, path
    event.listen(Engine, "before_cursor_execute", note)
    try:
        client.get(path, headers={"Host": host})
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(sent)


def decision(house: House, runs: int) -> Sequence[float]:
    """Microseconds of `can()` for a manager and a record, the reader's grants being loaded."""
    with house.database.app.app_context():
        place = house.organisation(SCALE.slug)
        with acting(place), unit_of_work():
            member = session().scalars(select(Member.id).where(Member.name == SCALE.posts[1].name)).one()
            actor, record = people.load_actor(place, member), session().scalars(select(Payment).limit(1)).one()
            assert actor is not None
            assert access.can(actor, "procurement.payment.edit", record)
            return [timeit.timeit(lambda: access.can(actor, "procurement.payment.edit", record), number=TIMES) / TIMES * 1e6
                    for _ in range(runs)]


def notices(house: House, runs: int) -> Sequence[float]:
    """Seconds to tell 200 people five things each, in the bell and by mail: written, rendered and queued, then taken back."""
    with house.database.app.app_context():
        place = house.organisation(SCALE.slug)
        return [_told(place) for _ in range(runs)]


def _told(place: Organisation) -> float:
    with acting(place, SYSTEM), unit_of_work():
        readers = list(session().scalars(select(Member.id).where(Member.active, Member.archived_at.is_(None)).limit(200)))
        begun = time.perf_counter()
        for number in range(1000 // len(readers)):
            notifications.tell(readers, notifications.News("approval", f"Notice {number}", "/x", priority=notifications.Priority.HIGH))
        session().flush()
        taken = time.perf_counter() - begun
        session().rollback()
    return taken
