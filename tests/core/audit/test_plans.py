"""Each documented frequent question of the trail is answered by an index, as the application's own role, under row security."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from app.core.audit.asking import _ACTORS, narrowed
from app.core.audit.models import AuditEntry
from app.kernel import embedded
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.explain import Explain
from tests.bench.trail import filled, questions
from tests.core.stand import Stand

MANY = 20_000


@pytest.fixture(scope="module")
def large(servers: embedded.Servers) -> Iterator[Stand]:
    """An organisation with twenty thousand entries."""
    with filled(servers, MANY) as (_database, stand):
        yield stand


@pytest.mark.requirement("PK-034")
@pytest.mark.parametrize("name", [name for name in questions() if name != "by person"])
def test_an_index_serves_it(large: Stand, name: str) -> None:
    filters = questions()[name]
    with large.work("auditor"):
        order = (AuditEntry.at, AuditEntry.id) if filters.sort == "at" else (AuditEntry.at.desc(), AuditEntry.id.desc())
        plan = json.dumps(session().execute(Explain(narrowed(filters).order_by(*order).limit(51))).scalar_one())
    assert '"Seq Scan"' not in plan, plan
    assert "audit_entry" in plan


def test_the_people_are_found_without_reading_all(large: Stand) -> None:
    with large.work("auditor"):
        asked = str(_ACTORS.text).replace(":here", f"'{current.organisation.id}'")
        plan = "\n".join(session().connection().exec_driver_sql(f"EXPLAIN {asked}").scalars())
    assert "Seq Scan on audit_entry" not in plan, plan


