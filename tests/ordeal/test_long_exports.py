"""Fifty thousand records as a file: a ZIP with every one of them, while the worker's memory stays bounded."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from http.client import HTTPResponse

import psutil
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.core import organisations, people
from app.core.auth import tokens
from app.core.auth.scopes import READ_ONLY
from app.demo.scale import SCALE, scale
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from tests.infra.serving import LiveServer, wait_for

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(900)]
ROWS, MOST_MEGABYTES = 50_000, 300


@pytest.fixture
def house(live_server: LiveServer) -> Iterator[tuple[LiveServer, str]]:
    """A running copy with a worker and so many payments, and a token of its owner."""
    with live_server.database.app.app_context():
        scale(ROWS)
        place = organisations.load_organisation(organisations.place_of(SCALE.slug))
        name = next(post.name for post in SCALE.posts if post.role == "owner")
        with acting(place, SYSTEM), unit_of_work():
            owner = people.load_actor(place, session().scalars(select(people.Member.id).where(people.Member.name == name)).one())
        with acting(place, owner, channel="page"), unit_of_work():
            value = tokens.make_token("ordeal", [READ_ONLY])[1]
        live_server.start("worker")
        yield live_server, value


def asked(server: LiveServer, path: str, token: str) -> HTTPResponse:
    """The answer to a GET with a token."""
    request = urllib.request.Request(f"{server.url}{path}", headers={"Authorization": f"Bearer {token}"})
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=60)
    return answer


def largest(server: LiveServer) -> Callable[[], float]:
    """Looks at the worker and what it forks; gives the most megabytes that one of them held so far."""
    most, worker = [0.0], psutil.Process(server.processes["worker"].pid)

    def look() -> float:
        for each in (worker, *worker.children(recursive=True)):
            try:
                most[0] = max(most[0], each.memory_info().rss / 1024**2)
            except psutil.NoSuchProcess:
                continue
        return most[0]

    return look


@pytest.mark.requirement("OF-182")
def test_fifty_thousand_records_come_in_a_zip_and_memory_stays_bounded(house: tuple[LiveServer, str]) -> None:
    server, token = house
    look = largest(server)
    for form, count in (("csv", in_csv), ("xlsx", in_workbook)):
        with asked(server, f"/api/v1/{SCALE.slug}/procurement/payments/export?format={form}", token) as begun:
            assert begun.status == 202
            there = json.load(begun)["url"]

        def over(there: str = there) -> bytes:
            look()
            with asked(server, there, token) as answer:
                return answer.read() if answer.status == 200 else b""

        content = wait_for(over, 240, f"the export as {form}")
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            (name,) = bundle.namelist()
            assert name.endswith(f".{form}")
            assert count(bundle.read(name)) == ROWS + 1, "the heads, and each record"
    assert look() < MOST_MEGABYTES


def in_csv(content: bytes) -> int:
    return sum(1 for _row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def in_workbook(content: bytes) -> int:
    return len(CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python())
