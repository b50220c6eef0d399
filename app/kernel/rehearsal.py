"""A rehearsal: changes are really made, inside a savepoint that is undone whatever comes, so that one can say what they would do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.kernel.db import session
from app.kernel.errors import DeclarationError

PENDING = ("calls", "said", "announcements")
PATIENCE = "2s"
_rehearsing: ContextVar[bool] = ContextVar("rehearsing", default=False)


def rehearsing() -> bool:
    """Whether what is written now is undone at once: it is neither audited, indexed nor numbered."""
    return _rehearsing.get()


@contextmanager
def rehearsal() -> Iterator[Session]:
    """Within the block, whatever is changed is only tried; locks that others hold are waited for two seconds at most."""
    work = session()
    before = {name: work.info[name].copy() for name in PENDING if name in work.info}
    savepoint = work.begin_nested()
    token = _rehearsing.set(True)
    try:
        work.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
        yield work
    finally:
        (savepoint if savepoint.is_active else work).rollback()
        _rehearsing.reset(token)
        for name in PENDING:
            work.info.pop(name, None)
        work.info.update(before)


@event.listens_for(Session, "before_commit")
def _keep_nothing(work: Session) -> None:
    """What is rehearsed can never be kept: it left no trail."""
    if rehearsing() and not work.in_nested_transaction():
        raise DeclarationError("A rehearsal is undone; it cannot be committed.")
