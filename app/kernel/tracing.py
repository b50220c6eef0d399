"""The trace in every line of the logs: the id of the request, which its jobs carry on and the audit trail holds."""

from __future__ import annotations

import logging
from typing import Any

from app.kernel.current import current

FORMAT = "%(asctime)s %(name)s [%(trace)s] %(message)s"


def trace_logs() -> None:
    """Give every record of every logger its `trace`; nothing for what no request led to."""
    made = logging.getLogRecordFactory()
    if getattr(made, "traces", False):
        return

    def traced(*arguments: Any, **options: Any) -> logging.LogRecord:
        record = made(*arguments, **options)
        record.trace = current.request_id or "-"
        return record

    traced.traces = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(traced)
