"""Pages and API: one client against the floor, fifty people who think, a thousand idle streams, the thousandth page, bytes."""

from __future__ import annotations

import random
import re
import resource
import socket
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote_plus

from app.demo.cast import HOUSES
from app.demo.names import FAMILY, address
from app.demo.scale import PURPOSES, SCALE, TRADES
from tests.bench.figures import Row, percentile
from tests.bench.house import House, memory
from tests.bench.wire import Answer, Client

LIST = "/scale/procurement/payments/"
NARROWED = f"{LIST}?category=Premises&sort=-amount"
API = f"/api/v1{LIST}"
OWNER = address(SCALE.posts[0].name, SCALE.domain)
PEOPLE, STREAMS = 50, 1000


class Pages:
    """Measures pages of the organisation `scale`."""

    def __init__(self, house: House, floor: Client, runs: int) -> None:
        self.house, self.floor, self.runs = house, floor, runs
        self.client = house.client(OWNER)
        first = self.client.get(LIST).text
        self.record = re.findall(rf'data-url="({LIST}[^"/]+/)"', first)[7]

    def against_floor(self, rounds: int) -> dict[str, list[float]]:
        """Medians in ms of each run; within a round one request of each kind, so that all see the same machine."""
        asked: dict[str, Callable[[], Answer]] = {
            "floor": lambda: self.floor.get("/"), "list": lambda: self.client.get(NARROWED), "fragment": lambda: self.client.part(NARROWED),
            "detail": lambda: self.client.get(self.record), "api list": lambda: self.client.get(f"{API}?category=Premises&sort=-amount"),
            "api detail": lambda: self.client.get(f"/api/v1{self.record}")}
        found: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(8):
            [ask() for ask in asked.values()]
        for _ in range(self.runs):
            taken: dict[str, list[float]] = {name: [] for name in asked}
            for _ in range(rounds):
                for name, ask in asked.items():
                    taken[name].append(ask().seconds * 1000)
            for name, times in taken.items():
                found[name].append(statistics.median(times))
        return found

    def thinking(self, seconds: float) -> tuple[float, int]:
        """The 95th percentile in ms of all pages that 50 people open, each thinking 3–7 s in between, and how many they were."""
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(PEOPLE) as pool:
            times = [taken for person in pool.map(lambda number: self._person(number, until), range(PEOPLE)) for taken in person]
        return percentile(times) * 1000, len(times)

    def _person(self, number: int, until: float) -> list[float]:
        times: list[float] = []
        dice, client = random.Random(number), self.house.client(OWNER)
        pages = [LIST, NARROWED, self.record, "/scale/inbox/", f"{LIST}?sort=-amount", f"/scale/search?q={dice.choice(TRADES)}"]
        time.sleep(dice.uniform(0, 5))
        while time.monotonic() < until:
            times.append(client.get(dice.choice(pages)).seconds)
            time.sleep(dice.uniform(3, 7))
        client.close()
        return times

    def deep(self, rounds: int) -> tuple[list[float], list[float]]:
        """Page 1 and page 1,000 of the whole list in ms, walked to by its cursors."""
        place = ""
        for size in (*[200] * 249, 150):
            said = self.client.get(f"{API}?per_page={size}" + (f"&after={place}" if place else "")).text
            place = re.findall(r'"next":"([^"]+)"', said)[-1]
        first, last = [], []
        for _ in range(self.runs):
            pairs = [(self.client.get(LIST).seconds, self.client.get(f"{LIST}?after={place}").seconds) for _ in range(rounds)]
            first.append(statistics.median(one for one, _ in pairs) * 1000)
            last.append(statistics.median(other for _, other in pairs) * 1000)
        return first, last

    def search(self, rounds: int) -> list[float]:
        """The 95th percentile in ms of different searches, a third of them with a typing error or the beginning of a word."""
        found = []
        for run in range(self.runs):
            dice, times = random.Random(run), []
            for number in range(rounds):
                words = dice.choice([*(t for t in TRADES), *PURPOSES, f"SC-00{dice.randrange(10_000, 99_999)}"])
                asked = words if number % 3 else (words[:5] if number % 2 else words[:2] + words[3:])
                times.append(self.client.get(f"/scale/search?q={asked.replace(' ', '+')}").seconds)
            found.append(percentile(times) * 1000)
        return found

    def searched_list(self, rounds: int) -> list[float]:
        """The 95th percentile in ms of the list of payments searched by names and trades of suppliers: a handful to thousands of hits."""
        found = []
        for run in range(self.runs):
            dice = random.Random(run)
            named = [(dice.choice(FAMILY), dice.choice(TRADES)) for _ in range(rounds)]
            asked = [dice.choice((family, trade, f"{family} {trade}")) for family, trade in named]
            found.append(percentile([self.client.get(f"{LIST}?q={quote_plus(words)}").seconds for words in asked]) * 1000)
        return found

    def streams(self, rounds: int) -> tuple[list[float], list[float]]:
        """The 95th percentile of pages in ms without and with 1,000 idle streams, in turns."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        slugs = [*(each.slug for each in HOUSES), SCALE.slug]
        cookies = [(slug, self.house.cookie(email)) for slug in slugs for email in self.house.addresses(slug)]
        quiet, busy = [], []
        for _ in range(self.runs):
            quiet.append(self._p95(rounds))
            listening = [self._listen(*cookies[number % len(cookies)]) for number in range(STREAMS)]
            time.sleep(2)
            busy.append(self._p95(rounds))
            alive = sum(_is_open(each) for each in listening)
            assert alive >= STREAMS * 0.99, f"only {alive} of {STREAMS} streams were open"
            for each in listening:
                each.close()
            time.sleep(1)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return quiet, busy

    def _p95(self, rounds: int) -> float:
        return percentile([self.client.get(path).seconds for _ in range(rounds) for path in (LIST, self.record)]) * 1000

    def _listen(self, slug: str, cookie: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.house.server.port), timeout=30)
        connection.sendall(f"GET /{slug}/stream HTTP/1.1\r\nHost: localhost:{self.house.server.port}\r\nCookie: {cookie}\r\n\r\n".encode())
        head = connection.recv(4096)
        assert b" 200 " in head.split(b"\r\n")[0], head[:300]
        connection.setblocking(False)
        return connection

    def first_page(self) -> tuple[Answer, int]:
        """The first list, and the bytes of all that it links to, compressed as sent."""
        page = self.client.get(LIST)
        linked = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
        return page, sum(self.client.get(path).wire for path in linked)

    def worker_memory(self) -> float:
        """The largest web process after all this, in MB."""
        return memory(self.house.processes("web"))


def _is_open(connection: socket.socket) -> bool:
    """Whether the server still holds its end; what it sent is read away."""
    try:
        while chunk := connection.recv(4096):
            del chunk
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def page_rows(taken: dict[str, list[float]]) -> list[Row]:
    """The rows that are judged against the floor."""
    floor = taken["floor"]
    return [
        Row("list of 50 rows from 100,000, filtered, sorted, counted", "≤ 4 × floor", "≤ 2 ×", taken["list"], floor=floor, limit=4,
            by_ratio=True, details=[f"the part that htmx swaps: {statistics.median(taken['fragment']):.1f} ms"]),
        Row("detail page with panels and history", "≤ 4 × floor", "≤ 2 ×", taken["detail"], floor=floor, limit=4, by_ratio=True),
        Row("API list of 50", "≤ 2 × floor", "≤ 1.2 ×", taken["api list"], floor=floor, limit=2, by_ratio=True),
        Row("API detail", "≤ 1.5 × floor", "≤ 1.2 ×", taken["api detail"], floor=floor, limit=1.5, by_ratio=True)]
