"""A member of the office at a browser without JavaScript."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core import auth
from app.kernel.current import acting
from app.kernel.db import as_identity, session
from tests.modules.office import Office


class Visitor:
    """Opens pages and sends plain forms of the office."""

    def __init__(self, app: Flask, office: Office, name: str) -> None:
        self.client: FlaskClient = app.test_client()
        identity = next(member.identity_id for full, member in office.staff.named.items() if full.lower().startswith(f"{name} "))
        with acting(None), as_identity(identity):
            secret = auth.open_session(identity)
            session().commit()
        session().close()
        self.client.set_cookie(app.extensions["settings"].cookie("session"), secret, domain="localhost")

    def get(self, path: str) -> str:
        """The text of a page of the office."""
        answer = self.client.get(f"/office{path}")
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def post(self, path: str, data: Mapping[str, Any]) -> TestResponse:
        """Send a form with the token of the page that it stands on."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path.rpartition("?")[0] or path))
        assert found, "the page carries no token"
        return self.client.post(f"/office{path}", data={"csrf_token": found[1], **data})


def words(page: str) -> str:
    """What a person reads on a page: no tags, single spaces."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())
