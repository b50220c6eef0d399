"""What the door is doing now, so that an audit row can say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Doing:
    """An action under way: `procurement.payment.release`, with what led to it."""

    action: str = ""
    context: tuple[tuple[str, Any], ...] = ()

    @property
    def resource(self) -> str:
        """`procurement.payment`."""
        return self.action.rpartition(".")[0]


NOTHING = Doing()
_doing: ContextVar[Doing] = ContextVar("doing", default=NOTHING)


@contextmanager
def doing(action: str, **context: Any) -> Iterator[None]:
    """Within the block, changes are audited as `action`; `context` (an approval's id, a rule) is kept with each row."""
    token = _doing.set(Doing(action, tuple(context.items())))
    try:
        yield
    finally:
        _doing.reset(token)


def under_way() -> Doing:
    """The innermost action under way; empty when there is none."""
    return _doing.get()
