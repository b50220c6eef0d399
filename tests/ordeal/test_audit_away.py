"""INSERT on the trail taken away: every door answers 503 and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from app.core import settings
from app.core.audit.models import AuditEntry
from app.core.organisations import Site
from app.core.search.models import SearchEntry
from app.core.settings.models import SettingValue
from app.kernel.bulk import MANY
from app.kernel.door import perform
from app.kernel.errors import Unavailable
from app.kernel.registry import registry
from tests.core.stand import Stand
from tests.infra.databases import Database

pytestmark = pytest.mark.ordeal


def _key() -> str:
    resource = registry.of_model(Site)
    assert resource is not None
    return resource.key


def _create(count: int, **options: object) -> Callable[[Stand], object]:
    return lambda _stand: perform(_key(), "create", (), _rows(count), **options)  # type: ignore[arg-type]


def _rows(count: int) -> list[dict[str, str]]:
    return [{"name": f"New {number}", "kind": "office"} for number in range(count)]


def _first(stand: Stand) -> str:
    from app.kernel.db import session

    found = session().scalars(select(Site.reference).where(Site.organisation_id == stand.organisation.id)).first()
    assert found is not None
    return found


DOORS: dict[str, Callable[[Stand], object]] = {
    "create one": _create(1), "create by COPY": _create(MANY + 100), "create each": _create(3, each=True),
    "edit": lambda stand: perform(_key(), "edit", (_first(stand),), {"name": "Changed"}),
    "edit each": lambda stand: perform(_key(), "edit", (_first(stand),), {"name": "Changed"}, each=True),
    "archive": lambda stand: perform(_key(), "archive", (_first(stand),)),
    "setting": lambda _stand: settings.set("approvals.hold_green", 99),
}


@pytest.fixture
def silenced(fresh_database: Database) -> Iterator[Stand]:
    """An organisation whose trail can no longer be written."""
    with fresh_database.app.app_context():
        stand = Stand()
        with stand.work():
            stand.site("Base")
        with fresh_database.connect("opsflux_owner", autocommit=True) as connection:
            connection.execute("REVOKE INSERT ON audit_entry FROM opsflux_app")
        yield stand


def _counted(stand: Stand) -> dict[str, object]:
    with stand.work() as work:
        models = (Site, AuditEntry, SearchEntry, SettingValue)
        kept = {model.__tablename__: work.scalar(select(func.count()).select_from(model)) for model in models}
        live = select(func.count(Site.id)).where(Site.archived_at.is_(None))
        return {**kept, "names": sorted(work.scalars(select(Site.name))), "live": work.scalar(live)}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses_and_changes_nothing(silenced: Stand, door: str) -> None:
    before = _counted(silenced)
    with pytest.raises(Unavailable) as refused, silenced.work():
        DOORS[door](silenced)
    assert refused.value.status == 503
    assert _counted(silenced) == before
