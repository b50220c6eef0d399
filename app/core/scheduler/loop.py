"""The scheduler's loop: lead, sweep, tick; whatever is away is waited for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import redis
from sqlalchemy.exc import SQLAlchemyError

from app.core.scheduler.due import serve
from app.core.scheduler.leading import Lead
from app.core.scheduler.sweeping import Relay
from app.core.scheduler.ticks import is_short, rests, run_short, schedules, tick_all
from app.kernel import delivery
from app.kernel.current import Organisation
from app.kernel.errors import Refusal

PACE, LOOK = 1.0, 10.0

log = logging.getLogger("opsflux.scheduler")


class Loop:
    """Runs until told to stop. Several may run: one leads."""

    def __init__(self, relay: Relay) -> None:
        self.relay, self.lead, self.stopping, self.leads = relay, Lead(), False, False
        self._organisations: list[Organisation] = []
        self._looked, self._short_at = 0.0, dict[str, float]()
        self._away = ""

    def stop(self) -> None:
        """End after the round under way."""
        self.stopping = True

    def run(self) -> None:
        """Round after round, at an even pace."""
        while not self.stopping:
            began = time.monotonic()
            self._try("database", self.round)
            while not self.stopping and time.monotonic() - began < PACE:
                time.sleep(0.05)
        if self.leads:
            self._try("database", self.lead.give_up)

    def round(self) -> None:
        """Once: keep the lead, carry what is due, let what is due tick."""
        self.leads = self.lead.take()
        if not self.leads:
            return
        self._try("Redis", self.relay.sweep)
        if time.monotonic() - self._looked > LOOK or not self._organisations:
            found = [delivery.organisation_of(each.id) for each in self.relay.organisations()]
            self._organisations, self._looked = [each for each in found if each], time.monotonic()
        self._run_short()
        tick_all(self._organisations)
        self._serve_own()

    def _serve_own(self) -> None:
        known = {each.id: each for each in self._organisations if not each.is_closing}
        for organisation_id, schedule_id in self.relay.schedules(known.values()):
            try:
                serve(known[organisation_id], schedule_id)
            except Exception:
                log.exception("The schedule %s cannot be served", schedule_id)

    def _run_short(self) -> None:
        for schedule in filter(is_short, schedules()):
            if time.monotonic() < self._short_at.get(schedule.name, 0.0):
                continue
            self._short_at[schedule.name] = time.monotonic() + schedule.every - PACE / 2
            awake = [each for each in self._organisations if not rests(schedule, each)]
            for organisation in awake[:1] if schedule.once else awake:
                run_short(schedule, organisation)

    def _try(self, what: str, work: Callable[[], object]) -> None:
        """Do it; when something is away say so once and go on."""
        try:
            work()
        except (redis.RedisError, SQLAlchemyError, OSError, Refusal) as error:
            if self._away != what:
                log.warning("The %s is away or refuses (%s: %s); trying again", what, type(error).__name__, error)
            self._away = what
        else:
            self._away = "" if self._away == what else self._away
