"""PostgreSQL and Valkey that come with the product: used when DATABASE_URL or REDIS_URL is unset."""

from __future__ import annotations

from pathlib import Path

from app.kernel.embedded import postgres, valkey
from app.kernel.embedded.holders import Holder
from app.kernel.embedded.place import EmbeddedError, Place, find, new_secret, writing

__all__ = ["EmbeddedError", "Place", "Servers", "acquire", "find", "new_secret", "stop"]


class Servers:
    """This process's use of the embedded servers; `release()` stops them when nobody else uses them."""

    def __init__(self, place: Place, *, database: bool = True, redis: bool = True, durable: bool = True) -> None:
        self.place = place
        self._wanted = [part for part, wanted in ((postgres, database), (valkey, redis)) if wanted]
        self._durable = durable
        self._holder: Holder | None = None
        self.ensure()

    def ensure(self) -> bool:
        """Start what does not run (also after a kill); says whether anything had to be started."""
        with writing(self.place.home):
            self._holder = self._holder or Holder(self.place.var)
            started = [part.start(self.place, durable=self._durable) for part in self._wanted]
            return any(started)

    def ensure_alive(self) -> bool:
        """A cheap look: start again what died; says whether anything had."""
        alive = all(part.process(self.place) is not None for part in self._wanted)
        return False if alive else self.ensure()

    def release(self) -> bool:
        """Give them back; says whether they were stopped, which only the last one to leave does."""
        if self._holder is None or self._holder.inherited:
            return False
        with writing(self.place.home):
            alone = self._holder.others() == 0
            self._holder.leave()
            self._holder = None
            if alone:
                _stop(self.place)
        return alone

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def acquire(home: Path, *, database: bool = True, redis: bool = True, durable: bool = True) -> Servers:
    """Attach to the embedded servers of `home`, starting those that do not run."""
    return Servers(find(home), database=database, redis=redis, durable=durable)


def stop(place: Place) -> None:
    """Stop the servers whoever uses them."""
    with writing(place.home):
        _stop(place)


def _stop(place: Place) -> None:
    valkey.stop(place)
    postgres.stop(place)
