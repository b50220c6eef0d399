"""The application for a WSGI server: `gunicorn -c python:app.running.web wsgi:app`. Importing it starts nothing."""

import sys

from app import create_app
from app.kernel.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.exit(f"Error: {error}")
