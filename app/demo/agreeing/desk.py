"""Somebody at their queue: they answer on the page, through the API, by the link of a mail, or several together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import current_app

from app.core import auth, mail, people, workflow
from app.core.approvals import ApprovalRequest, ApprovalSeat, State
from app.core.approvals.legs import Leg
from app.demo.accounts import PASSWORD
from app.demo.agreeing.office import Office
from app.demo.browser import Page, RefusedError
from app.kernel import clock, jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work

CHANNELS = ("page", "api", "mail", "bulk")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
ACCEPTED = (200, 303)


@dataclass(frozen=True)
class Waiting:
    """A request as it waits: its step, who is asked first, and what time does to what is open (`ends` by step, empty: asks upwards)."""

    id: UUID
    reference: str
    state: State
    risk: str
    hash: str
    path: str
    kind: str
    member_id: UUID
    behalf: bool
    hours: float
    ends: tuple[str, ...]

    @classmethod
    def of(cls, request: ApprovalRequest, leg: Leg, opened: Sequence[Leg], seats: Sequence[ApprovalSeat]) -> Waiting:
        """Read it off while the piece of work lasts."""
        graph = workflow.graph_of_version(request.version_id) if request.version_id else None
        left = (leg.due_at - clock.now()).total_seconds() / 3600 if leg.due_at else 0
        due = [each for each in opened if each.due_at and leg.due_at and each.due_at <= leg.due_at + timedelta(hours=1)]
        limits = [graph.place(each.path)[1].limit for each in due] if graph else []
        seat = seats[0] if seats else None
        return cls(request.id, request.reference, request.state, request.risk.value, request.snapshot_hash, leg.path, leg.kind,
                   seat.member_id if seat else request.requested_by, seat is not None and seat.for_member_id is not None, left,
                   tuple(limit.end for limit in limits if limit))


class Desk:
    """One person, signed in at the moment it is."""

    def __init__(self, office: Office, name: str) -> None:
        self.office, self.name, self.member = office, name, office.members[name]
        self.client = current_app.test_client()
        self.root = f"/{office.place.slug}"
        secret = auth.open_session(self.member.identity_id)
        self.client.set_cookie(current_app.extensions["settings"].cookie("session"), secret, domain="localhost")

    def answer(self, channel: str, request: Waiting, verb: str, reason: str) -> str:
        """Answer a request; gives the channel that was used: what is signed or RED is never decided in bulk."""
        if channel == "bulk" and (request.risk == "RED" or request.kind == "sign" or verb not in ("approve", "reject", "return")):
            channel = "page"
        {"page": self._page, "api": self._api, "mail": self._mail, "bulk": self._bulk}[channel](request, verb, reason)
        return channel

    def undo(self, reference: str) -> None:
        """Take back what they approved last."""
        self._post(f"{self.root}/inbox/{reference}/undo", {})

    def _page(self, request: Waiting, verb: str, reason: str, page: Page | None = None) -> None:
        shown = page or self._get(f"{self.root}/inbox/{request.reference}/decide?verb={_form(verb)}")
        form = shown.form("/decide")
        self._post(form.action, dict(form.with_(decision=verb, reason=reason, word="approve", password=PASSWORD)))

    def _mail(self, request: Waiting, verb: str, reason: str) -> None:
        """Follow the link as a scanner would, which decides nothing, then as the reader."""
        path = f"{self.root}/inbox/{request.reference}/decide?verb={_form(verb)}"
        with acting(self.office.place, SYSTEM):
            link = urlsplit(mail.address_for(path, self.member.id)).path
        current_app.test_client().head(link)
        answer = self.client.get(link)
        if answer.status_code not in (302, 303):
            raise RefusedError(f"{self.name}: the link of a mail answered {answer.status_code}")
        self._page(request, verb, reason, self._get(answer.location))

    def _api(self, request: Waiting, verb: str, reason: str) -> None:
        actor = people.load_actor(self.office.place, self.member.id)
        with acting(self.office.place, actor, channel="page"), unit_of_work():
            _token, secret = auth.make_token("agreeing", ("write",))
        headers, path = {"Authorization": f"Bearer {secret}"}, f"/api/v1{self.root}/approvals/{request.reference}/"
        client = current_app.test_client()
        seen = client.get(path, headers=headers).json or {}
        said = {"decision": verb, "hash": seen.get("hash", ""), "key": seen.get("key", ""), "reason": reason, "word": "approve",
                "password": PASSWORD}
        _accepted(client.post(f"{path}decide", json=said, headers=headers), self.name, verb)

    def _bulk(self, request: Waiting, verb: str, reason: str) -> None:
        sheet = self._post(f"{self.root}/inbox/bulk", {"decision": "approve" if verb == "approve" else "return", "ids": str(request.id)})
        form = sheet.form("/inbox/bulk/decide")
        fields = dict(form.with_(decision=verb, reason=reason))
        if "items" not in fields:  # it stands out, and was looked at
            fields["looked"] = f"{request.id}:{request.hash}"
        self._post(form.action, fields)
        with acting(None, None):
            while jobs.turn(self.office.place.id):
                pass

    def _get(self, path: str) -> Page:
        return _read(self.client.get(path), self.name, "get")

    def _post(self, path: str, fields: dict[str, str]) -> Page:
        found = TOKEN.search(self.client.get(f"{self.root}/inbox/").text)
        data = {**fields, "csrf_token": found[1] if found else ""}
        return _read(self.client.post(path, data=data), self.name, fields.get("decision", "post"))


def _form(verb: str) -> str:
    return "return" if verb == "reject" else verb


def _read(answer: Any, name: str, what: str) -> Page:
    _accepted(answer, name, what)
    return Page(answer.request.path, answer.status_code, answer.mimetype, answer.data)


def _accepted(answer: Any, name: str, what: str) -> None:
    if answer.status_code not in ACCEPTED:
        said = re.sub(r"<[^>]+>|\s+", " ", answer.text)[-400:]
        raise RefusedError(f"{name}: {what} answered {answer.status_code}: {said}")
