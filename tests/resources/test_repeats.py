"""Keys, names said twice, values that are taken: a repeat is one thing, another thing is another, and a clash is a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.core.organisations import Site
from app.kernel.door import perform, perform_one
from app.kernel.errors import Conflict
from tests.core.stand import Stand


@pytest.fixture
def stand(app: Flask) -> Iterator[Stand]:
    """A small organisation."""
    return Stand("repeats")


def _site(stand: Stand, name: str, **said: Any) -> Site:
    with stand.work() as work:
        made: Site = perform_one("organisation.site", "create", None, {"name": name}, **said).record
        work.refresh(made)
        work.expunge(made)
    return made


def test_a_key_is_one_step_on_one_record(stand: Stand) -> None:
    """The same key with another step, or on another record, must not give the answer of the first."""
    north, south = _site(stand, "North"), _site(stand, "South")
    for target, action in ((north, "archive"), (south, "archive"), (north, "restore")):
        with stand.work():
            outcome = perform_one("organisation.site", action, target.id, key="the same")
            assert (outcome.record.id, outcome.record.is_archived) == (target.id, action == "archive")
    with stand.work():
        assert perform_one("organisation.site", "archive", south.id, key="the same").record.id == south.id
    long = "k" * 300
    assert _site(stand, "East", key=long + "1").id != _site(stand, "West", key=long + "2").id


def test_a_record_named_twice_is_done_once(stand: Stand) -> None:
    north = _site(stand, "North")
    with stand.work():
        done = perform("organisation.site", "archive", [north.id, north.reference, "NONE-1", "NONE-1"], each=True)
        assert [outcome.state for outcome in done] == ["done", "refused", "refused"]
    assert len(stand.entries(record_id=north.id, action="organisation.site.archive")) == 1


def test_a_taken_name_is_a_conflict_on_every_way(stand: Stand) -> None:
    """Edited onto it, restored onto it, one of many: the sentence names the field, and the rest of the many is kept."""
    north, south = _site(stand, "North"), _site(stand, "South")
    with pytest.raises(Conflict, match="same Name"), stand.work():
        perform_one("organisation.site", "edit", south.id, {"name": "NORTH"})
    with stand.work():
        perform_one("organisation.site", "archive", south.id)
    with stand.work():
        perform_one("organisation.site", "edit", north.id, {"name": "South"})
    east = _site(stand, "East")
    with stand.work():
        perform_one("organisation.site", "archive", east.id)
    with stand.work():
        outcomes = perform("organisation.site", "restore", [south.id, east.id], each=True)
        assert [outcome.state for outcome in outcomes] == ["refused", "done"]
        assert "same Name" in str(outcomes[0].error)
    with pytest.raises(Conflict, match="same Name"), stand.work():
        perform_one("organisation.site", "restore", south.id)
