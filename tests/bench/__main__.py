"""`make bench` (ARGS="--quick" leaves out what is slow): print the table of what the product must hold, in its order."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from app.demo.scale import SCALE
from app.kernel import clock
from app.kernel.embedded import Servers
from tests.bench import inside, pages, painting, papers, queueing, starting, trail, wide, work
from tests.bench.figures import Row, table
from tests.bench.house import House, copy, floor, servers

LEFT_OUT, FAILED = "left out (--quick)", "failed, see above"
ORDER = ("pages", "thinking", "deep", "queries", "decision", "notices", "approval", "queue", "search", "import", "wide", "export",
         "beside", "trail", "report", "start", "bytes", "one decision", "memory", "suite", "streams")


class Bench:
    """Takes the figures one after another and keeps them by row."""

    def __init__(self, running: Servers, *, runs: int, quick: bool) -> None:
        self.running, self.runs, self.quick = running, runs, quick
        self.rows: dict[str, list[Row]] = {}

    def take(self) -> list[Row]:
        """All rows, in the order of the table; what fails says so in its row and stops nothing else."""
        with copy(self.running, "web", "worker") as house:
            with house.database.app.app_context():
                organisation = str(house.organisation(SCALE.slug).id)
            with floor(house, organisation) as bare:
                taken = pages.Pages(house, bare, self.runs)
                for step in (self.against_floor, self.thinking, self.deep, self.counted, self.search, self.bytes, self.memory,
                             self.streams):
                    self.attempt(step, taken)
                taken.client.close()
            self.attempt(self.exports, house)
            self.attempt(self.papers, house)
            self.attempt(self.queue, house)
        self.attempt(self.trail)
        self.attempt(self.imports)
        self.attempt(self.wide)
        self.attempt(self.start)
        self.rows["suite"] = [Row("the whole test suite on 2 cores", "< 20 min", "< 8 min", note="see the end of `make test`")]
        return [row for name in ORDER for row in self.rows.get(name, [Row(name, "", "", note=FAILED)])]

    def attempt(self, step: Callable[..., None], *given: Any) -> None:
        """Take one figure."""
        say(step.__name__.replace("_", " "))
        try:
            step(*given)
        except Exception:  # noqa: BLE001 -- the other figures are still wanted
            traceback.print_exc()

    def against_floor(self, taken: pages.Pages) -> None:
        """One client's pages, in turns with the floor."""
        against = taken.against_floor(15 if self.quick else 40)
        self.rows["pages"] = [Row("floor: 50 rows by key and a count", "", "", against["floor"], floor=against["floor"]),
                              *pages.page_rows(against)]

    def thinking(self, taken: pages.Pages) -> None:
        """Fifty people."""
        found = [taken.thinking(15 if self.quick else 30) for _ in range(1 if self.quick else self.runs)]
        self.rows["thinking"] = [Row("page p95, 50 users thinking 3–7 s", "< 500 ms", "< 100 ms", [p95 for p95, _ in found], limit=500,
                                     details=[f"{sum(number for _, number in found)} pages"])]

    def deep(self, taken: pages.Pages) -> None:
        """The thousandth page."""
        first, last = taken.deep(15 if self.quick else 30)
        further = [b / a for a, b in zip(first, last, strict=True)]
        self.rows["deep"] = [Row("page 1,000 of a list against page 1", "≤ 2 ×", "=", further, "×", limit=2,
                                 details=[f"{statistics.median(first):.1f} ms and {statistics.median(last):.1f} ms"])]

    def counted(self, taken: pages.Pages) -> None:
        """Queries and the permission decision."""
        sent = inside.queries(taken.house, taken.record)
        growth = sent["list of 200"] - sent["list of 10"]
        self.rows["queries"] = [
            Row("queries per page, the most of any", "≤ 15", "≤ 8", [max(sent.values())], "", limit=15,
                details=[", ".join(f"{name} {number}" for name, number in sent.items())]),
            Row("growth of queries with rows, 10 to 200", "0", "0", [growth], "", limit=0)]
        spent = inside.decision(taken.house, self.runs)
        self.rows["decision"] = [Row("permission decision, warm", "< 1 ms", "< 50 µs", spent, "µs", limit=1000)]
        told = inside.notices(taken.house, self.runs)
        self.rows["notices"] = [Row("1,000 notices to 200 people, rendered and queued", "< 5 s", "", told, "s", limit=5)]

    def search(self, taken: pages.Pages) -> None:
        """Different words."""
        self.rows["search"] = [Row("global search, p95 (100,000 records here)", "< 300 ms", "< 80 ms", taken.search(60), limit=300),
            Row("list searched by the names of suppliers, p95", "< 300 ms", "< 80 ms", taken.searched_list(40), limit=300)]

    def bytes(self, taken: pages.Pages) -> None:
        """What goes over the wire."""
        page, linked = taken.first_page()
        what = "first page over the wire without cached assets"
        self.rows["bytes"] = [Row(what, "≤ 50 KB", "≤ 15 KB", [page.wire / 1000], "KB", limit=50,
                                  details=[f"all that it links to, once and then cached for good: {linked / 1000:.0f} KB"])]

    def memory(self, taken: pages.Pages) -> None:
        """The web processes after all this."""
        self.rows["memory"] = [Row("web worker RSS", "< 200 MB", "< 120 MB", [taken.worker_memory()], "MB", limit=200)]

    def streams(self, taken: pages.Pages) -> None:
        """What a thousand listeners cost those who read."""
        row = Row("page p95 with 1,000 idle streams against none", "≤ +20 %", "", unit="%", limit=20, note=LEFT_OUT if self.quick else "")
        self.rows["streams"] = [row]
        if not self.quick:
            quiet, busy = taken.streams(60)
            row.values = [(b / a - 1) * 100 for a, b in zip(quiet, busy, strict=True)]
            row.details = [f"{statistics.median(quiet):.1f} ms and {statistics.median(busy):.1f} ms"]

    def exports(self, house: House) -> None:
        """Files of 50,000 rows."""
        runs, found = 1 if self.quick else self.runs, []
        for form, must, aim, limit in (("xlsx", "< 60 s", "< 10 s", 60), ("csv", "< 10 s", "< 3 s", 10)):
            seconds, megabytes = work.three(lambda form=form: work.export(house, form), runs)  # type: ignore[misc]
            found += [Row(f"export of 50,000 rows {form.upper()}", must, aim, seconds, "s", limit=limit),
                      Row(f"… RSS of the worker, {form.upper()}", "< 300 MB", "", megabytes, "MB", limit=300)]
        self.rows["export"] = found
        quiet, busy = work.beside(house, runs)
        self.rows["beside"] = [Row("list p95 while a worker writes 50,000 rows, against none", "≤ +20 %", "",
                                   [(b / a - 1) * 100 for a, b in zip(quiet, busy, strict=True)], "%", limit=20,
                                   details=[f"{statistics.median(quiet):.1f} ms and {statistics.median(busy):.1f} ms"])]

    def papers(self, house: House) -> None:
        """Reports on paper, and mails."""
        self.rows["report"] = papers.rows(house, 1 if self.quick else self.runs)

    def wide(self) -> None:
        """A file with many rows and columns."""
        self.rows["wide"] = wide.rows(self.running, 10_000 if self.quick else wide.ROWS)

    def queue(self, house: House) -> None:
        """The queue of somebody whom many ask."""
        self.rows["queue"] = queueing.rows(house, 30 if self.quick else 60)

    def trail(self) -> None:
        """The audit trail with a million entries."""
        count = 100_000 if self.quick else 1_000_000
        with trail.filled(self.running, count) as (_database, stand):
            self.rows["trail"] = trail.rows(stand, count, self.runs)

    def imports(self) -> None:
        """The June file, each time on data that has none of it; then decisions on what it raised."""
        taken: list[work.Imported] = []
        decided: list[work.Decided] = []
        painted: list[float] = []
        for number in range(1 if self.quick else self.runs):
            say(f"import {number + 1}")
            with copy(self.running, "web", "worker") as house:
                taken.append(work.bring_june_in(house))
                if not decided:
                    self.attempt(self.decisions, house, decided, painted)
        self.rows["import"] = [
            Row("import of the June file (16,176 payments; audit, search, approvals)", "< 60 s", "8 s", [i.seconds for i in taken], "s",
                limit=60, details=[f"checking every row: {statistics.median(i.checking for i in taken):.1f} s of it"]),
            Row("… RSS of the worker", "< 300 MB", "", [i.megabytes for i in taken], "MB", limit=300)]
        if not decided:
            return
        self.rows["approval"] = [
            Row("approval decision, key to server confirm, p95", "400 ms", "150 ms", [d.p95 for d in decided], limit=400),
            Row("approval decision, key to paint, p95", "100 ms", "50 ms", painted, limit=100)]
        self.rows["one decision"] = [Row("a decision over the wire", "≤ 3 KB", "≤ 2 KB", [d.bytes / 1000 for d in decided], "KB", limit=3)]

    def decisions(self, house: House, decided: list[work.Decided], painted: list[float]) -> None:
        """Approvals one by one: of the server alone, then in a browser."""
        decided.extend(work.decide(house, 20))
        painted.extend(painting.paint(house, 10))

    def start(self) -> None:
        """A second `make run`."""
        row = Row("second start of `make run`", "< 20 s", "< 8 s", unit="s", limit=20)
        if self.quick:
            row.note = LEFT_OUT
        else:
            row.values = starting.second_starts(self.runs)
        self.rows["start"] = [row]


def say(line: str) -> None:
    """Tell whoever waits what is being done; the table alone goes to stdout."""
    print(f"{clock.now():%H:%M:%S} {line} …", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the figures and print them; exit 1 when one is over its limit."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the product against the floor.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, one run of what is slow, no streams, no second start")
    parser.add_argument("--payments", type=int, default=100_000, help="how many payments there are")
    asked = parser.parse_args(arguments)
    say("servers, the demo and the payments")
    with servers(asked.payments) as running:
        rows = Bench(running, runs=3, quick=asked.quick).take()
    load = os.getloadavg()[0]
    print(f"{asked.payments:,} payments; {os.cpu_count()} cores, load {load:.1f} at the end; CPython {platform.python_version()}; "
          "median of three runs (of their medians), spread from lowest to highest run.\n")
    print(table(rows))
    return 1 if any(row.verdict == "OVER" or row.note == FAILED for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
