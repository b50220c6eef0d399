"""A token decides only what it was made for: a seat in an approval is no permission that its scopes could narrow."""

from __future__ import annotations

import hashlib
import json

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, auth
from app.core.approvals import PATHS, ApprovalDecision, State, Verb
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.idempotency import UsedKey
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


@pytest.mark.parametrize(("sent", "kind"), [('{"decision": ', "application/json"), ("[1]", "application/json"), ("approve", "text/plain"),
                                            ('"\\ud800"', "application/json")])
def test_what_is_no_json_is_a_problem_that_says_so(house: House, app: Flask, sent: str, kind: str) -> None:
    request_id = house.waiting()
    answer = app.test_client().post(address(house, f"{reference_of(house, request_id)}/decide"), headers=bearer(house, "write"),
                                    data=sent, content_type=kind)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert "body" in answer.get_data(as_text=True)
    assert "JSON" in answer.get_data(as_text=True)
    assert house.request(request_id).state == State.OPEN


def test_changes_and_answers_are_objects(house: House, app: Flask) -> None:
    place, headers = address(house, f"{reference_of(house, house.waiting())}/decide"), bearer(house, "write")
    for name in ("changes", "answers"):
        answer = app.test_client().post(place, headers=headers, json={"decision": "approve", name: [1]})
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [name])


def test_the_same_key_twice_is_one_decision(house: House, app: Flask) -> None:
    request_id = house.waiting()
    found = house.request(request_id)
    place, headers = address(house, f"{found.reference}/decide"), {**bearer(house, "write"), "Idempotency-Key": "call-7"}
    said = {"decision": "comment", "hash": found.snapshot_hash, "reason": "Seen.", "password": "right"}
    sent = json.dumps(said).encode()
    first, again = (app.test_client().post(place, headers=headers, data=sent, content_type="application/json") for _time in range(2))
    assert (first.status_code, again.status_code, again.get_json()) == (200, 200, first.get_json())
    assert (first.headers.get("Idempotency-Replayed"), again.headers.get("Idempotency-Replayed")) == (None, "true")
    other = app.test_client().post(place, headers=headers, json={**said, "reason": "Seen twice."})
    assert (other.status_code, "Idempotency-Key" in other.get_data(as_text=True)) == (422, True)
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        lines = list(work.scalars(select(ApprovalDecision.reason).where(ApprovalDecision.request_id == request_id,
                                                                        ApprovalDecision.verb == Verb.COMMENT)))
        kept = set(work.scalars(select(UsedKey.content)))
    assert lines == ["Seen."]
    assert hashlib.sha256(sent).hexdigest() not in kept, "no hash of a body with a password in it is kept"


def test_a_refusal_leaves_the_key_for_the_mended_call(house: House, app: Flask) -> None:
    request_id = house.waiting()
    found = house.request(request_id)
    place, headers = address(house, f"{found.reference}/decide"), {**bearer(house, "write"), "Idempotency-Key": "call-8"}
    assert app.test_client().post(place, headers=headers, json={"decision": "approve", "hash": "0" * 64}).status_code == 409
    assert app.test_client().post(place, headers=headers, json={"decision": "approve", "hash": found.snapshot_hash}).status_code == 200


def test_a_token_that_may_not_decide_is_not_given_the_kept_answer(house: House, app: Flask) -> None:
    request_id = house.waiting()
    found = house.request(request_id)
    place, said = address(house, f"{found.reference}/decide"), {"decision": "comment", "reason": "Seen."}
    for scope, status in (("write", 200), ("read_only", 403)):
        answer = app.test_client().post(place, headers={**bearer(house, scope), "Idempotency-Key": "call-9"}, json=said)
        assert answer.status_code == status


def test_the_description_names_what_is_sent_and_shown() -> None:
    detail, decide = PATHS["/{org}/approvals/{reference}/"]["get"], PATHS["/{org}/approvals/{reference}/decide"]["post"]
    sent = decide["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert {"decision", "hash", "key", "reason", "stance", "changes", "answers"} <= set(sent)
    assert {"opinion", "advise", "add", "undo"} <= set(sent["decision"]["enum"])
    assert decide["parameters"] == [{"$ref": "#/components/parameters/key"}]
    shown = detail["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    assert {"code", "title", "questions"} == set(shown["form"]["properties"])
    assert "answers" in shown["filled"]["items"]["properties"]
    assert shown["story"]["items"]["properties"]["opinion"]["enum"] == ["for", "against", None]
