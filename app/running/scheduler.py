"""The scheduler as a process of its own: `python -m app.running.scheduler` runs until SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys

from app import create_app
from app.core.scheduler.cli import make_loop
from app.kernel.config import ConfigError
from app.kernel.tracing import FORMAT
from app.running.guards import refuse_to_serve


def main() -> int:
    """Keep the clock; what is away (database, Redis) is waited for."""
    try:
        app = create_app()
        settings = app.extensions["settings"]
        logging.basicConfig(level=settings.log_level, format=FORMAT)
        refuse_to_serve(app)
        with app.app_context():
            loop = make_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: loop.stop())
            loop.run()
    except ConfigError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201 - for whoever started it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
