"""The same decisions for machines."""

from __future__ import annotations

from flask import Flask

from app.core.approvals import State
from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House


class Machine(Browser):
    """Talks JSON."""

    def call(self, path: str, **body: str) -> tuple[int, dict[str, object]]:
        """GET without a body, POST with one; gives the status and what was said."""
        address = f"/api/v1{self.root}/approvals{path}"
        token = {} if not body else {"X-CSRF-Token": self.token()}
        answer = self.client.post(address, json=body, headers=token) if body else self.client.get(address)
        return answer.status_code, answer.get_json()

    def token(self) -> str:
        """What proves that a request of this session comes from a page of ours."""
        page = self.get("/inbox/").text
        return self.fields(page, f"{self.root}/inbox/bulk")["csrf_token"]


def test_it_lists_shows_and_decides(house: House, app: Flask) -> None:
    request_id = house.waiting()
    machine, reference = Machine(app, house, "manager"), reference_of(house, request_id)
    status, listed = machine.call("/")
    assert status == 200
    assert [row["reference"] for row in listed["results"]] == [reference]  # type: ignore[attr-defined]
    _status, shown = machine.call(f"/{reference}/")
    assert shown["amount"] == {"amount": "6000.00", "currency": "GBP"}
    status, decided = machine.call(f"/{reference}/decide", decision="approve", hash=str(shown["hash"]), key="machine-1")
    assert (status, decided["state"], decided["repeated"]) == (200, "held", False)
    _status, again = machine.call(f"/{reference}/decide", decision="approve", hash=str(shown["hash"]), key="machine-1")
    assert again["repeated"] is True


def test_problems_say_what_is_wrong(house: House, app: Flask) -> None:
    request_id = house.waiting()
    machine, reference = Machine(app, house, "manager"), reference_of(house, request_id)
    assert machine.call(f"/{reference}/decide", decision="reject", hash="x")[0] == 422
    assert machine.call(f"/{reference}/decide", decision="approve", hash="0" * 64)[0] == 409
    assert machine.call("/APR-1999-00001/")[0] == 404
    assert Machine(app, house, "clerk").call(f"/{reference}/decide", decision="approve", hash="x")[0] == 403
    assert house.request(request_id).state == State.OPEN


def test_red_takes_its_guard_here_too(house: House, app: Flask) -> None:
    request_id = house.waiting("60000")
    machine, reference = Machine(app, house, "manager"), reference_of(house, request_id)
    _status, shown = machine.call(f"/{reference}/")
    wanted = {"decision": "approve", "hash": str(shown["hash"])}
    assert machine.call(f"/{reference}/decide", **wanted, key="k", word="approve", password="right")[0] == 422
    assert machine.call(f"/{reference}/decide", **wanted, key=str(shown["key"]))[0] == 422
    assert machine.call(f"/{reference}/decide", **wanted, key=str(shown["key"]), word="approve", password="right")[0] == 200
