"""A browser without JavaScript, and one with htmx, in which a member of the house decides."""

from __future__ import annotations

import re
from html import unescape
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core import auth
from tests.core.approvals.house import House

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Browser:
    """One member, signed in."""

    def __init__(self, app: Flask, house: House, name: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.root = f"/{house.organisation.slug}"
        with house.as_(name):
            secret = auth.open_session(house.actors[name].identity_id)  # type: ignore[arg-type]
        self.client.set_cookie(app.extensions["settings"].cookie("session"), secret, domain="localhost")

    def get(self, path: str, **headers: str) -> TestResponse:
        """A page below the organisation."""
        return self.client.get(f"{self.root}{path}", headers=headers)

    def post(self, address: str, /, **typed: str) -> TestResponse:
        """Send a form below the organisation, with a token of this session."""
        token = re.search(r'name="csrf_token" value="([^"]*)"', self.get("/inbox/").text)
        data = {"csrf_token": unescape(token[1]) if token else "", **typed}
        return self.client.post(f"{self.root}{address}", data=data)

    def fields(self, page: str, action: str) -> dict[str, str]:
        """The hidden fields of the form with that address."""
        form = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
        assert form, f"no form for {action}"
        found = re.findall(r'<input[^>]*type="hidden"[^>]*>', form[1])
        return {unescape(re.search(r'name="([^"]*)"', each)[1]): unescape(re.search(r'value="([^"]*)"', each)[1])  # type: ignore[index]
                for each in found}

    def form(self, reference: str, verb: str) -> dict[str, str]:
        """Open the form of a decision; gives what it would send."""
        page = self.get(f"/inbox/{reference}/decide?verb={verb}")
        assert page.status_code == 200, page.text[:2000]
        return self.fields(page.text, f"{self.root}/inbox/{reference}/decide")

    def send(self, reference: str, data: dict[str, str], *, htmx: bool = False) -> TestResponse:
        """Send a decision."""
        return self.client.post(f"{self.root}/inbox/{reference}/decide", data=data, headers=PARTIAL if htmx else {})

    def decide(self, reference: str, verb: str, *, htmx: bool = False, **typed: str) -> TestResponse:
        """Open the form and send it."""
        return self.send(reference, {**self.form(reference, verb), "decision": verb, **typed}, htmx=htmx)


def reference_of(house: House, request_id: UUID) -> str:
    """APR-…"""
    return str(house.request(request_id).reference)
