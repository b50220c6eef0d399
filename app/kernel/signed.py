"""Work for a signed address that somebody outside calls: in the organisation that it names, as the system."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import enter, session


@contextmanager
def inside(organisation_id: UUID) -> Iterator[None]:
    """Act as the system in the organisation; what is written is committed."""
    with acting(Organisation(organisation_id, "", ""), SYSTEM):
        enter()
        yield
        session().flush()
        session().commit()
    enter()
