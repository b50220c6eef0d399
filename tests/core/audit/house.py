"""What the tests of the trail share: somebody signed in, rows of another age, and the script that checks from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from app.core import audit, auth
from app.core.audit.canonical import key
from app.kernel import clock
from app.kernel.db import as_identity
from tests.core.stand import Stand

SCRIPT = Path(__file__).parents[3] / "docs" / "audit" / "verify_audit.py"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"


def signed_in(app: Flask, stand: Stand, role: str) -> FlaskClient:
    """A browser in which somebody is signed in."""
    client, identity = app.test_client(), stand.actors[role].identity_id
    with stand.work(role), as_identity(identity):
        secret = auth.open_session(identity)
    client.set_cookie(app.extensions["settings"].cookie("session"), secret, domain="localhost")
    return client


def token_of(client: FlaskClient, page: str) -> str:
    """The token that a form of the page carries."""
    return client.get(page).text.split('name="csrf_token" value="')[1].split('"')[0]


def write_at(stand: Stand, moment: datetime, *actions: str) -> None:
    """Entries of another time."""
    with clock.at(moment), stand.work():
        for action in actions:
            audit.note(action, resource="hse.incident")


def outside(app: Flask, file: Path) -> subprocess.CompletedProcess[str]:
    """What the script says that shares no code with the product."""
    assert key("entry")
    secret = app.extensions["settings"].audit_key
    return subprocess.run([sys.executable, "-I", str(SCRIPT), str(file)], capture_output=True, text=True, check=False,
                          env={**os.environ, "AUDIT_KEY": secret})
