"""Work behind the pages: the June file through the wizard and a worker, decisions on what it raised, exports as jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import select

from app.demo.accounts import PASSWORD, address_in
from app.demo.arriving import bring_in
from app.demo.browser import Browser, Page
from app.demo.cast import NORTHGATE
from app.demo.main_job import CLERK
from app.demo.scale import SCALE
from app.kernel.current import acting
from app.kernel.db import session, unit_of_work
from app.kernel.jobs import DONE, OPEN, Job
from app.modules.procurement.models import Payment
from tests.bench.figures import percentile
from tests.bench.house import House, memory
from tests.bench.pages import LIST, OWNER
from tests.bench.wire import Client
from tests.infra.serving import wait_for

EXPORTED = 50_000
JUNE_ROWS = 16_176
ROOT = "/northgate/inbox"


@dataclass
class Watched:
    """The largest that a part's processes were while somebody looked."""

    largest: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def watched(house: House, part: str) -> Iterator[Watched]:
    """Look at the memory of a part and of what it forks, ten times a second."""
    seen = Watched()

    def look() -> None:
        while not seen.over.wait(0.1):
            seen.largest = max(seen.largest, memory(house.processes(part)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        seen.over.set()
        thread.join()


@dataclass(frozen=True)
class Imported:
    """What the import of the June file took."""

    seconds: float
    checking: float
    megabytes: float


def bring_june_in(house: House) -> Imported:
    """Upload, map, check and apply the June file as the clerk does, on a database that has none of it."""
    clerk = Browser(house.server.url)
    clerk.sign_in(address_in(CLERK, NORTHGATE), PASSWORD)
    moments: list[float] = []
    with house.database.app.app_context(), acting(house.organisation(NORTHGATE.slug), channel="demo"), watched(house, "worker") as seen:
        arrived = bring_in(clerk, "", "", lambda _line: moments.append(time.monotonic()))
        moments.append(time.monotonic())
    assert arrived.created == JUNE_ROWS, f"{arrived.created} of {JUNE_ROWS} payments came in"
    return Imported(moments[2] - moments[0], moments[1] - moments[0], seen.largest)


@dataclass(frozen=True)
class Decided:
    """What approvals took: 95th percentile in ms until the server confirmed, and the bytes of an answer."""

    p95: float
    bytes: float


def decide(house: House, number: int) -> list[Decided]:
    """Approve requests of the busiest manager one by one as the queue does, in three equal runs."""
    desk = busiest(house)
    client = house.client(desk[0])
    times, sizes = [], []
    for reference in desk[1][: number * 3]:
        path = f"{ROOT}/{reference}/decide"
        form = Page("", 200, "text/html", client.part(f"{path}?verb=approve").text.encode()).form("/decide")
        answer = client.post(form.action, form.with_(decision="approve"))
        assert f"/{reference}/undo" in answer.text, answer.text[:300]
        times.append(answer.seconds * 1000)
        sizes.append(float(answer.wire))
    client.close()
    share = len(times) // 3
    return [Decided(percentile(times[n * share:(n + 1) * share]), max(sizes[n * share:(n + 1) * share])) for n in range(3)]


def busiest(house: House) -> tuple[str, list[str]]:
    """The manager with most ORANGE requests waiting."""
    found: list[tuple[str, list[str]]] = []
    for post in NORTHGATE.posts:
        if post.role == "manager":
            browser = Browser(house.server.url)
            browser.sign_in(address_in(post.name, NORTHGATE), PASSWORD)
            waiting = browser.get(f"/api/v1{ROOT.replace('inbox', 'approvals')}/?tab=mine&limit=200").json()["results"]
            found.append((address_in(post.name, NORTHGATE), [each["reference"] for each in waiting if each["risk"] == "ORANGE"]))
    return max(found, key=lambda each: len(each[1]))


def export(house: House, form: str) -> tuple[float, float]:
    """Export 50,000 payments through the page and a worker; seconds until the file is there, and the worker's MB."""
    client = house.client(OWNER)
    with house.database.app.app_context(), acting(house.organisation(SCALE.slug)), watched(house, "worker") as seen:
        began = time.monotonic()
        job_id = _begun(client, form)
        job = wait_for(lambda: _over(job_id), 120, f"the export as {form}")
        seconds = time.monotonic() - began
    assert job[0] == DONE, f"the export is {job[0]}"
    assert job[1]["rows"] >= EXPORTED, job[1]
    client.close()
    return seconds, seen.largest


def beside(house: House, runs: int, rounds: int = 120) -> tuple[list[float], list[float]]:
    """The 95th percentile of the list in ms while no job runs, and while a worker writes 50,000 rows, in turns."""
    client, quiet, busy = house.client(OWNER), [], []
    with house.database.app.app_context(), acting(house.organisation(SCALE.slug)):
        client.get(LIST)
        for _run in range(runs):
            quiet.append(percentile([client.get(LIST).seconds * 1000 for _each in range(rounds)]))
            job_id, times = _begun(client, "xlsx"), []
            while _over(job_id) is None:
                times += [client.get(LIST).seconds * 1000 for _each in range(5)]
            busy.append(percentile(times))
    client.close()
    return quiet, busy


def _begun(client: Client, form: str) -> str:
    address = f"{LIST}export?format={form}&paid_on__gte={_day()}"
    return urlsplit(client.get(address).location).path.rstrip("/").rpartition("/")[2]


def _day() -> str:
    """The day from which on there are just over 50,000 payments."""
    with unit_of_work():
        day = session().scalar(select(Payment.paid_on).order_by(Payment.paid_on.desc()).offset(EXPORTED - 1).limit(1))
    assert day is not None, f"there are fewer than {EXPORTED} payments"
    return day.isoformat()


def _over(job_id: str) -> tuple[str, dict[str, int]] | None:
    with unit_of_work():
        state, result = session().execute(select(Job.state, Job.result).where(Job.id == job_id)).one()
    return None if state in OPEN else (state, result or {})


def three(measure: Callable[[], tuple[float, float]], runs: int) -> tuple[list[float], list[float]]:
    """So many runs of something that gives seconds and megabytes."""
    taken = [measure() for _ in range(runs)]
    return [seconds for seconds, _ in taken], [megabytes for _, megabytes in taken]


__all__ = ["beside", "bring_june_in", "decide", "export", "three", "watched"]
