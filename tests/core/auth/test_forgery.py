"""Requests that another site makes a browser send change nothing."""

from __future__ import annotations

import pytest

from tests.core.visitors import Visitor

WHERE = "/home/settings/"
SENT = {"language": "fr", "timezone": "UTC", "digest_hour": "6"}


def test_a_form_of_ours_is_taken(ben: Visitor) -> None:
    assert ben.send(WHERE, **SENT).status_code == 303


@pytest.mark.parametrize("token", ["", "00", "zz" * 48, "ab" * 48])
def test_a_form_without_the_token_is_refused(ben: Visitor, token: str) -> None:
    assert ben.client.post(WHERE, data={"csrf_token": token, **SENT}).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                                     {"Sec-Fetch-Site": "same-site"}])
def test_a_form_from_another_origin_is_refused_even_with_the_token(ben: Visitor, headers: dict[str, str]) -> None:
    data = {"csrf_token": ben.token(WHERE), **SENT}
    assert ben.client.post(WHERE, data=data, headers=headers).status_code == 403


def test_the_token_of_another_session_is_refused(ben: Visitor, visitor: Visitor) -> None:
    visitor.sign_in("ada@home.example")
    assert ben.client.post(WHERE, data={"csrf_token": visitor.token(WHERE), **SENT}).status_code == 403


def test_the_token_looks_different_each_time(ben: Visitor) -> None:
    assert ben.token(WHERE) != ben.token(WHERE)


def test_a_token_from_before_signing_in_is_worth_nothing_after(visitor: Visitor) -> None:
    before = visitor.token()
    visitor.sign_in("ben@home.example")
    assert visitor.client.post(WHERE, data={"csrf_token": before, **SENT}).status_code == 403


@pytest.mark.parametrize("address", ["/sign-in", "/sign-out", "/preferences", "/home/people/members/new", "/home/settings/tokens",
                                     "/home/settings/password", "/api/v1/home/organisation/departments/"])
def test_every_door_asks_for_it(ben: Visitor, address: str) -> None:
    assert ben.client.post(address, data={}).status_code == 403


@pytest.mark.parametrize("header", ["Bearer x", "Bearer  ", "bearer x"])
def test_on_a_page_a_bearer_s_header_is_no_proof(ben: Visitor, header: str) -> None:
    assert ben.client.post(WHERE, data=SENT, headers={"Authorization": header}).status_code == 403
