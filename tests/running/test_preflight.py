"""Each check of `flask preflight` is green on a sound house, and red when what it looks at is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.core import audit
from app.core.access import RoleGrant, role_named
from app.core.audit.anchors import path as anchors_path
from app.core.impersonation import IMPERSONATE, Impersonation, checking
from app.core.people import Member
from app.kernel import clock
from app.kernel.config import Settings
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.references import assign
from app.running.preflight import examine
from tests.core.stand import Stand
from tests.infra.databases import Database

Wrong = Callable[[Database, Stand, Settings], Settings | None]


@pytest.fixture
def own(fresh_database: Database) -> Iterator[tuple[Database, Stand]]:
    """A database that commits, and an organisation in it."""
    with fresh_database.app.app_context():
        yield fresh_database, Stand()


def _faults(settings: Settings) -> dict[str, str]:
    return {check.name: check.fault for check in examine(settings) if check.fault}


def _as_superuser(sql: str) -> Wrong:
    def wrong(database: Database, stand: Stand, settings: Settings) -> None:
        with database.tampering() as connection:
            connection.execute(sql.format(here=stand.organisation.id))  # type: ignore[arg-type]
    return wrong


def _impersonation(**said: Any) -> Wrong:
    """One that began a moment ago, for half an hour, agreed to; unless something else is said."""
    def wrong(_database: Database, stand: Stand, _settings: Settings) -> None:
        now = clock.now()
        with acting(stand.organisation, SYSTEM), unit_of_work() as work:
            told = {"actor_id": stand.actors["auditor"].id, "target_id": stand.actors["member"].id, "reason": "a lost order",
                    "begin_by": now, "started_at": now, "until": now + timedelta(minutes=30)}
            made = Impersonation(**told | {name: value(now) if callable(value) else value for name, value in said.items()})
            assign([made])
            work.add(made)
    return wrong


def _wide_role(_database: Database, stand: Stand, _settings: Settings) -> None:
    with acting(stand.organisation, SYSTEM), unit_of_work() as work:
        work.add(RoleGrant(role_id=role_named("viewer").id, pattern=IMPERSONATE, scope="company"))


def _many(_database: Database, stand: Stand, _settings: Settings) -> None:
    with acting(stand.organisation, SYSTEM), unit_of_work() as work:
        for member in work.scalars(select(Member)):
            member.role_id = role_named("support").id if member.id != stand.actors["owner"].id else member.role_id
    checking.MOST = 2


def _open_anchors(_database: Database, _stand: Stand, _settings: Settings) -> None:
    anchors_path().parent.mkdir(parents=True, exist_ok=True)
    anchors_path().parent.chmod(0o755)


WRONGS: tuple[tuple[str, str, Wrong], ...] = (
    ("secrets", "SECRET_KEY: shorter", lambda _d, _s, given: replace(given, secret_key="short")),
    ("secrets", "too plain", lambda _d, _s, given: replace(given, audit_key="ab" * 32, base_url="https://ops.example")),
    ("secrets", "are the same", lambda _d, _s, given: replace(given, audit_key=given.secret_key)),
    ("address", "over TLS only", lambda _d, _s, given: replace(given, base_url="http://ops.example")),
    ("roles", "DATABASE_URL", lambda d, _s, given: replace(given, database_url=d.place.url("postgres", d.name))),
    ("versions", "flask db upgrade", _as_superuser("DELETE FROM alembic_version WHERE version_num LIKE 'requests_%'")),
    ("walls", "site", _as_superuser("ALTER TABLE site NO FORCE ROW LEVEL SECURITY")),
    ("append-only", "audit_link", _as_superuser("GRANT DELETE ON audit_link TO opsflux_app")),
    ("append-only", "no trigger keeps audit_checkpoint", _as_superuser("ALTER TABLE audit_checkpoint DISABLE TRIGGER audit_stays")),
    ("audit sink", "every change will be refused", _as_superuser("REVOKE INSERT ON audit_entry FROM opsflux_app")),
    ("audit chains", "was changed", _as_superuser("UPDATE audit_entry SET result = 'x' WHERE organisation_id = '{here}'")),
    ("anchors", "chmod 700", _open_anchors),
    ("impersonation", "beyond its end", _impersonation(started_at=lambda now: now - timedelta(hours=2),
                                                       until=lambda now: now - timedelta(minutes=90))),
    ("impersonation", "longer than 30 minutes", _impersonation(until=lambda now: now + timedelta(hours=3))),
    ("impersonation", "without the consent", _impersonation(needs_consent=True)),
    ("impersonation", "without the consent", _impersonation(needs_second=True)),
    ("impersonation", "viewer", _wide_role),
    ("impersonation", "members may take another's place", _many),
)


@pytest.mark.requirement("PK-051")
@pytest.mark.parametrize(("name", "words", "wrong"), WRONGS, ids=[f"{name}-{words.replace(' ', '_')}-{at}" for at, (name, words, _w) in
                                                                  enumerate(WRONGS)])
def test_a_check_is_red_when_the_thing_is_wrong(own: tuple[Database, Stand], name: str, words: str, wrong: Wrong,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    database, stand = own
    monkeypatch.setattr(checking, "MOST", checking.MOST)
    settings = database.app.extensions["settings"]
    audit.seal(stand.organisation.id)
    assert _faults(settings) == {}, "the house is sound before"
    changed = wrong(database, stand, settings) or settings
    assert words in _faults(changed).get(name, "")
