"""The contract tests, tested: a resource that is broken on purpose turns the test that is meant to notice red."""

from __future__ import annotations

import inspect
from collections import Counter
from types import FunctionType
from typing import Any

import pytest
from flask import Flask

from app.kernel.registry import registry
from tests.contract import test_foreign, test_machines, test_pages
from tests.contract.breakers import BREAKERS, Breaker
from tests.contract.registry import CREATABLE
from tests.contract.world import World

CONTRACT: dict[str, FunctionType] = {
    name: test for module in (test_pages, test_machines, test_foreign) for name, test in vars(module).items()
    if name.startswith("test_") and isinstance(test, FunctionType) and test.__module__ == module.__name__
}


def _arguments(test: FunctionType, world: World) -> dict[str, Any]:
    listed = [resource for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize" for resource in mark.args[1]]
    usual = registry.resource("hse.incident")
    known = {"resource": listed[0] if listed and usual not in listed else usual, "world": world}
    return {name: known[name] for name in inspect.signature(test).parameters}


@pytest.mark.parametrize("breaker", BREAKERS, ids=lambda b: f"{b.test}: {b.fault}")
def test_a_broken_resource_is_noticed(breaker: Breaker, world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    test = CONTRACT[breaker.test]
    arguments = _arguments(test, world)
    breaker.apply(app, monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(**arguments)


def test_every_contract_test_is_tested_so() -> None:
    assert {breaker.test for breaker in BREAKERS} == set(CONTRACT)


def test_every_resource_is_held_by_thirty_tests() -> None:
    held: Counter[str] = Counter()
    for test in CONTRACT.values():
        for mark in getattr(test, "pytestmark", ()):
            if mark.name == "parametrize":
                held.update(resource.key for resource in mark.args[1])
    assert {resource.key: held[resource.key] for resource in CREATABLE if held[resource.key] < 30} == {}
