"""The queue of approvals with 200,000 open steps, 2,000 of them one person's: its first page, and its badge."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, text

from app.core.people import Member
from app.demo.scale import SCALE
from app.kernel.current import Organisation, acting
from app.kernel.db import session, unit_of_work
from tests.bench.figures import Row, percentile
from tests.bench.house import House
from tests.bench.pages import OWNER
from tests.infra.databases import Database

STEPS, MINE = 200_000, 2_000
INBOX = f"/{SCALE.slug}/inbox/"

REQUESTS = text("""INSERT INTO approval_request (organisation_id, id, reference, title, state, risk, currency, due_at, last_verb, last_at,
    resource, record_id, record_reference, action, approval, data, channel, requested_by, requested_at, makers, snapshot, snapshot_hash,
    steps, level, standing, round, flags, escalations, created_at, created_by, updated_at, updated_by, version)
  SELECT :place, gen_random_uuid(), 'BENCH-' || n, 'Payment ' || n, 'open', 'ORANGE', 'GBP', now() + n * interval '1 minute', 'request',
    now(), 'procurement.payment', gen_random_uuid(), 'PAY-' || n, 'release', 'procurement.payment', '{}', 'page', :asker, now(), '[]',
    '{}', 'x',
    '[{"place": 0, "needs": 1}]', 1, '{}', 1, '[]', 0, now(), :who, now(), :who, 1 FROM generate_series(1, :count) n""")
SEATS = text("""INSERT INTO approval_seat (organisation_id, id, request_id, member_id, level, round, asked, state, due_at, asked_at)
  SELECT organisation_id, gen_random_uuid(), id,
    CASE WHEN row_number() OVER (ORDER BY id) <= :mine THEN CAST(:who AS uuid)
         ELSE (CAST(:others AS uuid[]))[1 + (row_number() OVER (ORDER BY id)) % :most] END,
    1, 1, 'own', 'waiting', due_at, now() FROM approval_request WHERE reference LIKE 'BENCH-%'""")


def fill(place: Organisation, who: UUID, count: int = STEPS, mine: int = MINE) -> None:
    """Ask people so many times, one of them so many."""
    with acting(place), unit_of_work():
        others = [each for each in session().scalars(select(Member.id).where(Member.active).order_by(Member.id)) if each != who]
        session().execute(text("SET LOCAL statement_timeout = 0"))
        session().execute(REQUESTS, {"place": place.id, "who": who, "asker": others[0], "count": count})
        session().execute(SEATS, {"mine": mine, "who": who, "others": others, "most": len(others)})


def analyse(database: Database) -> None:
    """Tell the planner what the tables hold now, as the server does by itself within a minute; only their owner may."""
    with database.connect("opsflux_owner", autocommit=True) as connection:
        connection.execute("ANALYZE approval_request, approval_seat")


def rows(house: House, rounds: int = 60) -> list[Row]:
    """The 95th percentile of the first page of that person."""
    with house.database.app.app_context():
        place = house.organisation(SCALE.slug)
        with acting(place), unit_of_work():
            who = session().scalars(select(Member.id).where(Member.email == OWNER)).one()
        fill(place, who)
    analyse(house.database)
    client = house.client(OWNER)
    client.get(INBOX)
    times = [client.get(INBOX).seconds * 1000 for _each in range(rounds)]
    client.close()
    return [Row("inbox, first page, 200,000 open steps, 2,000 one's own, p95", "< 150 ms", "", [percentile(times)], limit=150)]
