"""The web server's settings: `gunicorn -c python:app.running.web wsgi:app`."""

from __future__ import annotations

import gc
import logging
import resource
import sys
from typing import Any

from app.kernel.config import ConfigError, Settings
from app.kernel.tracing import FORMAT
from app.running.guards import refuse_to_serve

try:
    settings = Settings.load()
except ConfigError as error:
    sys.exit(f"Error: {error}")

bind = f"127.0.0.1:{settings.port}" if settings.local else f"0.0.0.0:{settings.port}"
workers = settings.web_concurrency
threads = 8
worker_class = "gthread"  # with kernel/stream.py: measured against ASGI in docs/decisions
preload_app = True
timeout = 60
graceful_timeout = 25
keepalive = 15
backlog = 1024
worker_tmp_dir = "/dev/shm"  # noqa: S108 - heartbeats must never wait for a disk
forwarded_allow_ips = ",".join(map(str, settings.trusted_proxies)) or "127.0.0.1"
loglevel = settings.log_level.lower()
proc_name = "opsflux-web"
control_socket_disable = True


def on_starting(_server: Any) -> None:
    """Refuse to serve with wider database rights than the product needs, or with the demo in public."""
    from wsgi import app

    try:
        refuse_to_serve(app)
    except ConfigError as error:
        sys.exit(f"Error: {error}")


def pre_fork(_server: Any, _worker: Any) -> None:
    """Keep the loaded application out of the workers' garbage collection, so that they go on sharing its memory."""
    gc.freeze()


def post_fork(_server: Any, _worker: Any) -> None:
    """Log with the trace of each request, and let a worker hold as many streams as the system allows."""
    logging.basicConfig(level=settings.log_level, format=FORMAT)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
