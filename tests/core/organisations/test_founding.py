"""Organisations: made whole, at an address of their own, walled from each other."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import organisations
from app.core.access import Role
from app.core.organisations import Organisation as Row
from app.core.organisations import OrganisationSlug
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.kernel.records import new_id
from tests.core.visitors import found


def test_an_organisation_has_a_number_an_address_and_roles(app: Flask) -> None:
    first, second = found("first", currency="GBP", timezone="Europe/London"), found("second")
    assert (first.slug, first.currency, first.timezone) == ("first", "GBP", "Europe/London")
    assert 0 < first.number < second.number
    with acting(first, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(Row)).one().id == first.id
        assert work.scalars(select(OrganisationSlug)).one().slug == "first"
        assert work.scalars(select(Role)).first()


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a b", "ä", "x" * 41, "a/b", "sign-in", "api", "static", "healthz", "s",
                                  ".well-known", "welcome", "organisations"])
def test_an_address_that_cannot_be_is_refused(app: Flask, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        found(slug)
    assert set(refused.value.errors) >= {"slug"}


@pytest.mark.parametrize("wrong", [{"currency": "XX1"}, {"timezone": "Mars/Base"}, {"language": "tlh"}])
def test_settings_that_cannot_be_are_named(app: Flask, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        found("third", **wrong)
    assert set(refused.value.errors) == set(wrong)


def test_an_address_is_given_once_even_when_it_is_an_old_one(app: Flask) -> None:
    first = found("first")
    with acting(first, SYSTEM), unit_of_work():
        organisations.move("better")
    for slug in ("first", "better"):
        with pytest.raises(Invalid, match="taken"):
            found(slug)
        assert organisations.place_of(slug) == first.id
    second = found("second")
    with acting(second, SYSTEM), pytest.raises(Invalid, match="taken"), unit_of_work():
        organisations.move("first")
    with acting(first, SYSTEM), unit_of_work():
        organisations.move("first")


def test_every_first_segment_of_the_product_is_reserved(app: Flask) -> None:
    used = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {"", "<org>"}
    assert [word for word in sorted(used) if not organisations.is_reserved(word)] == []


def test_what_exists_is_known_without_naming_it(app: Flask) -> None:
    assert not organisations.any_exist()
    found("first")
    assert organisations.any_exist()
    assert not organisations.exists("second")
    assert organisations.load_organisation(new_id()) is None
