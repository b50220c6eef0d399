"""A token decides only what it was made for: a seat in an approval is no permission that its scopes could narrow."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core import access, auth
from app.core.approvals import State
from tests.core.approvals.browsing import reference_of
from tests.core.approvals.house import House


def bearer(house: House, *scopes: str) -> dict[str, str]:
    """The header of a new token of the manager."""
    with house.as_("manager"):
        _token, secret = auth.make_token("machine", scopes)
    return {"Authorization": f"Bearer {secret}"}


def address(house: House, path: str = "") -> str:
    """Of the approvals' API."""
    return f"/api/v1/{house.organisation.slug}/approvals/{path}"


@pytest.mark.parametrize(("scope", "status", "state"), [
    ("read_only", 403, State.OPEN), ("hse.*.*", 403, State.OPEN), ("write", 200, State.HELD),
    ("approvals.approval_request.decide", 200, State.HELD)])
def test_a_decision_needs_a_token_for_deciding(house: House, app: Flask, scope: str, status: int, state: State) -> None:
    request_id = house.waiting()
    found = house.request(request_id)
    answer = app.test_client().post(address(house, f"{found.reference}/decide"), headers=bearer(house, scope),
                                    json={"decision": "approve", "hash": found.snapshot_hash, "key": f"machine-{scope}"})
    assert answer.status_code == status
    assert house.request(request_id).state == state


@pytest.mark.parametrize(("scope", "status"), [("read_only", 200), ("write", 200), ("hse.*.*", 403), ("procurement.payment.edit", 403)])
def test_looking_needs_a_token_for_looking(house: House, app: Flask, scope: str, status: int) -> None:
    reference, headers = reference_of(house, house.waiting()), bearer(house, scope)
    for path in ("", f"{reference}/"):
        assert app.test_client().get(address(house, path), headers=headers).status_code == status


def test_a_service_decides_nothing_in_the_name_of_who_answers_for_it(house: House, app: Flask) -> None:
    request_id = house.waiting()
    found = house.request(request_id)
    with house.as_("owner"):
        _token, secret = auth.make_service_token("Ledger", access.role_named("manager").id, house.ids["manager"], ["write"])
    answer = app.test_client().post(address(house, f"{found.reference}/decide"), headers={"Authorization": f"Bearer {secret}"},
                                    json={"decision": "approve", "hash": found.snapshot_hash, "key": "machine"})
    assert answer.status_code == 403
    assert house.request(request_id).state == State.OPEN
