"""Settings: typed by their declaration, one set per organisation, every change audited."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import auth, settings
from app.kernel.db import as_identity
from app.kernel.errors import DeclarationError, Invalid
from app.kernel.registry import registry
from tests.core.stand import Stand

LIMIT, HOLD = "procurement.first_limit", "approvals.hold_green"


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that has set nothing yet."""
    return Stand()


def test_what_was_not_set_has_its_declared_default(stand: Stand) -> None:
    with stand.work():
        assert settings.get(LIMIT) == Decimal(5000)
        assert settings.get(HOLD) == 10


@pytest.mark.parametrize("typed", ["7500", "7,500.00", 7500, Decimal("7500.00")])
def test_money_is_a_decimal_of_the_organisations_currency(stand: Stand, typed: Any) -> None:
    with stand.work():
        settings.set(LIMIT, typed)
    with stand.work():
        assert settings.get(LIMIT) == Decimal(7500)


@pytest.mark.parametrize(("key", "typed"), [(LIMIT, "a lot"), (LIMIT, "-1"), (LIMIT, "1.005"), (LIMIT, ""), (HOLD, "1.5"), (HOLD, "-3"),
                                            (HOLD, "100000")])
def test_a_value_that_cannot_be_is_refused_and_nothing_is_set(stand: Stand, key: str, typed: str) -> None:
    with pytest.raises(Invalid) as refused, stand.work():
        settings.set(key, typed)
    assert list(refused.value.errors) == [key]
    with stand.work():
        assert settings.get(key) == registry.settings[key].default


def test_a_wrong_key_names_the_nearest_right_one(stand: Stand) -> None:
    with pytest.raises(DeclarationError, match=LIMIT.replace(".", r"\.")), stand.work():
        settings.get("procurement.first_limti")


def test_each_organisation_has_its_own(stand: Stand) -> None:
    other = Stand("other")
    with stand.work():
        settings.set(LIMIT, 1)
    with other.work():
        assert settings.get(LIMIT) == Decimal(5000)


def test_a_change_is_audited_with_before_and_after(stand: Stand) -> None:
    with stand.work():
        settings.set(HOLD, 20)
    with stand.work():
        settings.set(HOLD, 30)
    with stand.work():
        settings.set(HOLD, 30)
    first, second = stand.entries(record_reference=HOLD)
    assert first.changes["value"] == [None, 20]
    assert second.changes == {"value": [20, 30]}


def test_a_setting_that_was_undone_is_not_remembered(stand: Stand) -> None:
    with pytest.raises(RuntimeError), stand.work():
        settings.set(HOLD, 20)
        raise RuntimeError
    with stand.work():
        assert settings.get(HOLD) == 10


def _signed_in(app: Flask, stand: Stand, role: str) -> FlaskClient:
    client, identity = app.test_client(), stand.actors[role].identity_id
    with stand.work(role), as_identity(identity):
        secret = auth.open_session(identity)
    client.set_cookie(app.extensions["settings"].cookie("session"), secret, domain="localhost")
    return client


def test_the_page_lists_every_declared_setting_for_who_may_set_them(app: Flask, stand: Stand) -> None:
    page = _signed_in(app, stand, "owner").get(f"/{stand.organisation.slug}/settings/organisation")
    assert page.status_code == 200
    assert all(f'name="{key}"' in page.text for key in registry.settings)
    assert _signed_in(app, stand, "member").get(f"/{stand.organisation.slug}/settings/organisation").status_code == 403


def test_a_role_is_chosen_from_those_that_there_are(app: Flask, stand: Stand) -> None:
    page = _signed_in(app, stand, "owner").get(f"/{stand.organisation.slug}/settings/organisation").text
    box = page.partition('<select class="select" id="setting-approvals-escalation_role"')[2].partition("</select>")[0]
    assert '<option value="admin" selected>Admin</option>' in box
    assert ">Finance approver</option>" in box
    with stand.work():
        settings.set("approvals.escalation_role", "manager")
    with stand.work(), pytest.raises(Invalid, match="not known here"):
        settings.set("approvals.escalation_role", "nobody")
