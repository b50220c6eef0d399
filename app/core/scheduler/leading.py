"""One scheduler leads: by a row with a lease, which works through a pooler too."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import timedelta

from sqlalchemy import delete, or_
from sqlalchemy.dialects.postgresql import insert

from app.core.scheduler.models import SchedulerLead
from app.kernel import clock
from app.kernel.current import PLATFORM_ID, acting
from app.kernel.db import unit_of_work
from app.kernel.delivery import bare
from app.kernel.records import new_id

LEASE = timedelta(seconds=12)


class Lead:
    """This process's claim to lead."""

    def __init__(self) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def take(self) -> bool:
        """Take or keep the lead; False while somebody else has it."""
        now = clock.now()
        values = {"holder": self.holder, "lease_until": now + LEASE}
        statement = insert(SchedulerLead).values(organisation_id=PLATFORM_ID, id=new_id(), **values).on_conflict_do_update(
            index_elements=["organisation_id"], set_=values,
            where=or_(SchedulerLead.holder == self.holder, SchedulerLead.lease_until <= now)).returning(SchedulerLead.id)
        with acting(bare(PLATFORM_ID)), unit_of_work() as work:
            return work.execute(statement).first() is not None

    def give_up(self) -> None:
        """Let another one lead at once."""
        with acting(bare(PLATFORM_ID)), unit_of_work() as work:
            work.execute(delete(SchedulerLead).where(SchedulerLead.holder == self.holder))
