"""The scheduler as a process: `python -m app.running.scheduler` runs it until SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys

from app import create_app
from app.core.scheduler.cli import make_loop
from app.kernel.attach import refuse_wide_rights
from app.kernel.config import ConfigError, Settings


def main() -> int:
    """Run until told to stop. Exit 0 after a stop, 1 when a setting is wrong."""
    try:
        app = create_app()
        settings: Settings = app.extensions["settings"]
        refuse_wide_rights(settings)
        logging.basicConfig(level=settings.log_level, format="%(asctime)s %(name)s %(message)s")
        with app.app_context():
            loop = make_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: loop.stop())
            loop.run()
    except ConfigError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201 -- before logging is set up
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
