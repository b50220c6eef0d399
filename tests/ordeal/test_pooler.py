"""PgBouncer in transaction mode between the product and its database: no foreign row, whatever goes wrong on a connection."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kernel.config import PROJECT
from app.kernel.current import acting
from app.kernel.db import db, unit_of_work
from app.kernel.door import perform
from app.modules.procurement.models import Supplier
from app.running.ports import free_ports
from tests.core.stand import Stand
from tests.infra.databases import make_app
from tests.infra.installation import Installation
from tests.infra.outside import need
from tests.infra.serving import listens, wait_for
from tests.ordeal.visiting import Browser

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(300)]
CONFIGURATION = """
[databases]
opsflux = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = options
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""
ROWS, TURNS = 20, 150


class Pooled(Installation):
    """An installation whose application and relay roles go through PgBouncer, with two connections to the server for each."""

    app: Flask
    pooler: subprocess.Popen[bytes]

    def prepare(self) -> None:
        """Like any other; then everything but the owner goes through the pooler."""
        super().prepare()
        port, folder = free_ports(1), self.home / "pooler"
        folder.mkdir(mode=0o755)
        urls = {name: urlsplit(self.settings[name]) for name in ("DATABASE_URL", "DATABASE_RELAY_URL")}
        (folder / "users.txt").write_text("".join(f'"{url.username}" "{url.password}"\n' for url in urls.values()))
        (folder / "pgbouncer.ini").write_text(CONFIGURATION.format(server=self.postgres.port, port=port, folder=folder))
        command = [need("pgbouncer", "pgbouncer"), "-q", str(folder / "pgbouncer.ini")]
        user = {} if os.geteuid() else self._nobody(folder)
        self.pooler = subprocess.Popen(command, start_new_session=True, **user)  # type: ignore[call-overload]
        wait_for(lambda: listens(port), 20, "PgBouncer")
        through = {name: url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{port}").geturl() for name, url in urls.items()}
        self.settings |= through
        self.environ |= through

    def _nobody(self, folder: Path) -> dict[str, object]:
        """PgBouncer refuses to be root."""
        import pwd

        entry = pwd.getpwnam("nobody")
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def close(self) -> None:
        """End everything."""
        self.stop()
        self.pooler.send_signal(signal.SIGTERM)
        self.pooler.wait(20)
        super().close()


@pytest.fixture(scope="module")
def house() -> Iterator[Pooled]:
    """A pooled installation with its application."""
    house = Pooled(PROJECT, BASE_URL="")
    try:
        house.prepare()
        house.app = make_app(house.environ)
        with house.app.app_context():
            yield house
            db.session.remove()
            db.engine.dispose()
    finally:
        house.close()


@pytest.fixture(scope="module")
def stands(house: Pooled) -> list[Stand]:
    """Two organisations whose rows carry their own name."""
    made = [Stand("first"), Stand("second")]
    for stand in made:
        with stand.work():
            perform("procurement.supplier", "create", (), [{"name": f"{stand.organisation.slug} {n}"} for n in range(ROWS)])
    return made


def test_no_turn_ever_sees_a_foreign_row(house: Pooled, stands: list[Stand]) -> None:
    seen: Counter[str] = Counter()
    threads = [threading.Thread(target=visit, args=(house, stands, seed, seen)) for seed in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    assert seen.pop("foreign", 0) == 0
    assert set(seen) == set(TURN)
    assert min(seen.values()) > 10


def visit(house: Pooled, stands: list[Stand], seed: int, seen: Counter[str]) -> None:
    """Turn after turn for a random organisation: a reading, an error in the middle, a cancelled query, a connection that is dropped."""
    dice = random.Random(seed)
    for _ in range(TURNS):
        stand, turn = dice.choice(stands), dice.choice(tuple(TURN))
        try:
            with house.app.app_context():
                TURN[turn](stand, seen)
            seen[turn] += 1
        except Exception as error:  # noqa: BLE001 -- counted under its name
            seen[f"unexpected: {turn}: {error!r:.300}"] += 1


def look(stand: Stand, seen: Counter[str]) -> None:
    """Read by both walls, and by row security alone."""
    with acting(stand.organisation, stand.actors["owner"]), unit_of_work() as work:
        names = [row.name for row in work.query(Supplier)]
        bare = work.connection().exec_driver_sql("SELECT name FROM procurement_supplier").scalars().all()
    own = stand.organisation.slug
    if len(names) != ROWS or len(bare) != ROWS or not all(name.startswith(own) for name in (*names, *bare)):
        seen["foreign"] += 1


def fail(stand: Stand, seen: Counter[str]) -> None:
    """A statement that fails after the organisation was set."""
    try:
        with acting(stand.organisation, stand.actors["owner"]), unit_of_work() as work:
            work.execute(text("SELECT 1 / 0"))
    except DBAPIError:
        look(stand, seen)


def cancel(stand: Stand, seen: Counter[str]) -> None:
    """A statement that is cut off by its limit."""
    try:
        with acting(stand.organisation, stand.actors["owner"]), unit_of_work() as work:
            work.execute(text("SELECT set_config('statement_timeout', '10', true)"))
            work.execute(text("SELECT pg_sleep(5)"))
    except DBAPIError:
        look(stand, seen)


def leave(stand: Stand, seen: Counter[str]) -> None:
    """A client that goes away in the middle of its transaction."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT set_config('app.organisation', :own, true)"), {"own": str(stand.organisation.id)})
        connection.exec_driver_sql("SELECT name FROM procurement_supplier")
        connection.connection.dbapi_connection.pgconn.finish()  # type: ignore[union-attr]
        connection.invalidate()


def ask_without(_stand: Stand, seen: Counter[str]) -> None:
    """A transaction for which no organisation was set, on whichever connection it gets."""
    with db.engine.begin() as connection:
        seen["foreign"] += len(connection.exec_driver_sql("SELECT name FROM procurement_supplier").fetchall())


TURN = {"read": look, "refused": fail, "cancelled": cancel, "left": leave, "no organisation": ask_without}


def test_the_product_works_through_the_pooler(house: Pooled, stands: list[Stand]) -> None:
    from app.core import auth, mail
    from app.kernel.db import as_identity

    house.start("web", "worker", "effects", "scheduler", "catcher")
    assert house.status("/readyz") == 200
    browsers = []
    for stand in stands:
        identity = stand.actors["owner"].identity_id
        with stand.work(), as_identity(identity):
            secret = auth.open_session(identity)
        browser = Browser(house.url.replace("127.0.0.1", "localhost"))
        browser.hold(house.app.extensions["settings"].cookie("session"), secret)
        browsers.append((browser, stand.organisation.slug))
    for turn in range(20):
        for browser, slug in browsers:
            page = browser.get(f"/{slug}/procurement/suppliers/")
            other = next(name for _, name in browsers if name != slug)
            assert (page.status, f"{slug} 0" in page.text, f"{other} 0" in page.text) == (200, True, False)
            if turn < 3:
                assert browser.post(f"/{slug}/procurement/suppliers/new", {"name": f"{slug} more {turn}"}).status == 303
    advice = {"supplier": "Acorn", "payer": "Stand", "amount": "€7,000.00", "paid_on": "1 Jun 2020", "transaction_number": "T1",
              "purpose": "Chairs", "reference": "PAY-1"}
    for stand in stands:
        with stand.work():
            mail.send("acorn@suppliers.example", "remittance", {"advice": advice}, key="r:1",
                      headers={"X-Effect-Id": stand.organisation.slug})
    sent = {stand.organisation.slug for stand in stands}
    wait_for(lambda: sent <= {message["X-Effect-Id"] for message in house.mails()}, 60, "a mail of each")
    said = house.log.read_text(errors="replace")
    assert "prepared statement" not in said
    assert "Traceback" not in said


def test_limits_come_with_the_role(house: Pooled) -> None:
    with db.engine.begin() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "30s"
