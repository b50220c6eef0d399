"""Passkeys: made, used alone or after the password, and refused when anything about them is not right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.core.auth.factors import held_by
from app.kernel.current import PLATFORM_ID
from app.kernel.db import as_identity, unit_of_work
from tests.core.auth.conftest import Town
from tests.core.auth.devices import Device, question
from tests.core.visitors import Visitor

PAGE, NEW, ALONE = "/home/organisation/departments/", "/home/settings/security/new/passkey", "/sign-in/passkey"


@pytest.fixture
def device(app: Flask) -> Device:
    """A device on this site."""
    return Device(app.extensions["settings"].base_url)


def make(browser: Visitor, device: Device, name: str = "Phone") -> Any:
    """Make a passkey on the page for it."""
    options, ticket = question(browser.get(NEW).text, NEW)
    return browser.send(NEW, kind="passkey", ticket=ticket, credential=device.make(options), name=name)


def alone(browser: Visitor, device: Device, **lies: Any) -> Any:
    """Sign in by the passkey alone."""
    options, ticket = question(browser.get("/sign-in").text, ALONE)
    return browser.send(ALONE, form="/sign-in", ticket=ticket, credential=device.use(options, **lies), next=PAGE)


@pytest.mark.requirement("OF-049")
def test_a_passkey_alone_signs_in_and_no_password_is_asked(ben: Visitor, device: Device, app: Flask, town: Town) -> None:
    assert "Keep your recovery codes" in make(ben, device).text
    ben.send("/sign-out", form="/home/settings/")
    phone = Visitor(app)
    done = alone(phone, device)
    assert (done.status_code, done.location) == (303, PAGE)
    assert phone.get(PAGE).status_code == 200
    listed = phone.get("/home/settings/security").text
    assert "Phone" in listed
    with unit_of_work():
        (kept,) = held_by(town.member.identity_id).passkeys  # type: ignore[arg-type]
        assert kept.sign_count == 1


def test_after_the_password_the_passkey_is_the_second_factor(ben: Visitor, device: Device, app: Flask) -> None:
    make(ben, device)
    other = Visitor(app)
    other.sign_in("ben@home.example")
    options, ticket = question(other.get("/sign-in/factor").text, "/sign-in/factor")
    assert [each["id"] for each in options["allowCredentials"]]
    assert other.send("/sign-in/factor", kind="passkey", ticket=ticket, credential=device.use(options), next=PAGE).location == PAGE
    assert other.get(PAGE).status_code == 200


def refused(browser: Visitor, answer: Any) -> None:
    """Whoever was refused is signed out still, and it stands in the trail."""
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")
    assert browser.get(PAGE).location.startswith("/sign-in?")


def test_another_site_another_device_and_no_check_of_the_owner_are_refused(ben: Visitor, device: Device, app: Flask) -> None:
    make(ben, device)
    other = Visitor(app)
    device.origin = "https://evil.example"
    refused(other, alone(other, device))
    device.origin = app.extensions["settings"].base_url
    refused(other, alone(other, device, verified=0))
    refused(other, alone(other, Device(device.origin, id=device.id, owner=device.owner)))
    refused(other, alone(other, Device(device.origin)))
    assert alone(other, device).location == PAGE


def test_an_answer_counts_once_and_not_for_long(ben: Visitor, device: Device, app: Flask) -> None:
    make(ben, device)
    first, again = Visitor(app), Visitor(app)
    options, ticket = question(first.get("/sign-in").text, ALONE)
    answer = device.use(options)
    assert first.send(ALONE, form="/sign-in", ticket=ticket, credential=answer, next=PAGE).location == PAGE
    refused(again, again.send(ALONE, form="/sign-in", ticket=ticket, credential=answer, next=PAGE))
    refused(again, again.send(ALONE, form="/sign-in", ticket="made-up", credential=answer, next=PAGE))
    options, ticket = question(again.get("/sign-in").text, ALONE)
    other, _ticket = question(again.get("/sign-in").text, ALONE)
    refused(again, again.send(ALONE, form="/sign-in", ticket=ticket, credential=device.use(other), next=PAGE))


def test_a_copy_that_counts_less_is_refused(ben: Visitor, device: Device, app: Flask) -> None:
    make(ben, device)
    device.uses = 10
    assert alone(Visitor(app), device).location == PAGE
    device.uses = 4
    copy = Visitor(app)
    refused(copy, alone(copy, device))


def test_somebody_elses_passkey_is_no_second_factor(ben: Visitor, device: Device, app: Flask) -> None:
    make(ben, device)
    ada, hers = Visitor(app), Device(device.origin)
    ada.sign_in("ada@home.example")
    make(ada, hers)
    other = Visitor(app)
    other.sign_in("ben@home.example")
    options, ticket = question(other.get("/sign-in/factor").text, "/sign-in/factor")
    assert other.send("/sign-in/factor", kind="passkey", ticket=ticket, credential=hers.use(options)).status_code == 422
    assert other.get(PAGE).location.startswith("/sign-in/factor")
    options, ticket = question(ada.get(NEW).text, NEW)
    assert ben.send(NEW, kind="passkey", ticket=ticket, credential=Device(device.origin).make(options), name="x").status_code == 422


def test_what_is_refused_stands_in_the_trail(ben: Visitor, device: Device, app: Flask) -> None:
    make(ben, device)
    device.origin = "https://evil.example"
    other = Visitor(app)
    alone(other, device)
    with unit_of_work() as work:
        work.execute(text("SELECT set_config('app.organisation', :platform, true)"), {"platform": str(PLATFORM_ID)})
        rows = work.execute(text("SELECT context FROM audit_entry WHERE action = 'auth.sign_in' AND result = 'refused'")).all()
    assert [row.context["method"] for row in rows] == ["passkey"]


def test_a_passkey_is_named_listed_and_removed(ben: Visitor, device: Device, app: Flask, town: Town) -> None:
    from tests.core.auth.test_second_step import settle

    make(ben, device, "Key at the office")
    settle(town, second_factor="optional")
    with unit_of_work(), as_identity(town.member.identity_id):
        (kept,) = held_by(town.member.identity_id).passkeys  # type: ignore[arg-type]
        passkey = kept.id
    assert "Key at the office" in ben.get("/home/settings/security").text
    gone = ben.send(f"/home/settings/security/remove/passkey?passkey={passkey}", form="/home/settings/security")
    assert gone.status_code == 303
    other = Visitor(app)
    refused(other, alone(other, device))


def test_a_question_is_answered_within_five_minutes(ben: Visitor, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.core.auth.factors import passkeys

    make(ben, device)
    monkeypatch.setattr(passkeys, "LIFE", timedelta(seconds=-1))
    other = Visitor(ben.app)
    refused(other, alone(other, device))

