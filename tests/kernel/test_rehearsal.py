"""A rehearsal changes nothing, leaves no trace and can never be kept."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.audit.models import AuditEntry
from app.core.organisations import Site
from app.kernel.db import session
from app.kernel.errors import DeclarationError
from app.kernel.references import ReferenceCounter
from app.kernel.rehearsal import rehearsal, rehearsing
from tests.core.stand import Stand


def counted(stand: Stand) -> tuple[int, int, int]:
    """Sites, entries of the trail, and the last number of a site."""
    with stand.work() as work:
        return (work.scalar(select(func.count()).select_from(Site)) or 0, work.scalar(select(func.count()).select_from(AuditEntry)) or 0,
                work.scalar(select(ReferenceCounter.last).where(ReferenceCounter.organisation_id == stand.organisation.id,
                                                                ReferenceCounter.prefix == Site.__prefix__)) or 0)


def test_nothing_of_it_remains(app: Flask) -> None:
    stand = Stand()
    with stand.work():
        stand.site("Quay")
    before = counted(stand)
    with stand.work():
        with rehearsal():
            assert rehearsing()
            assert stand.site("Pier").reference
            assert session().scalar(select(func.count()).select_from(Site)) == before[0] + 1
        assert not rehearsing()
    assert counted(stand) == before


def test_what_comes_after_it_is_audited_again(app: Flask) -> None:
    stand = Stand()
    with stand.work():
        with rehearsal():
            stand.site("Pier")
        stand.site("Quay")
    made = stand.entries(action="organisation.site.create")
    assert [entry.changes["name"][1] for entry in made] == ["Quay"]


def test_it_ends_with_what_is_raised(app: Flask) -> None:
    stand = Stand()
    with pytest.raises(RuntimeError), stand.work(), rehearsal():
        raise RuntimeError
    assert not rehearsing()


def test_it_cannot_be_committed(app: Flask) -> None:
    stand = Stand()
    with pytest.raises(DeclarationError), stand.work() as work, rehearsal():
        stand.site("Pier")
        while work.in_nested_transaction():
            work.commit()
        work.commit()
    assert counted(stand)[0] == 0
