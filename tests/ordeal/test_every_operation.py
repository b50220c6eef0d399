"""Every operation of the description as every role, with what fits it and with what does not: nothing breaks, answers keep their schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from sqlalchemy import Connection

from app import declare
from app.core.auth import tokens
from app.core.auth.scopes import ADMIN
from app.kernel.current import acting
from app.kernel.db import db, enter, session
from app.resources.openapi import document
from tests.contract.conftest import application, contract_template, environ  # noqa: F401 -- fixtures: the database that holds the seats
from tests.contract.gatehouse import SLUG, Seat, seat, terse
from tests.contract.test_access_matrix import ROLES

declare()
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
MODULES = sorted({operation.tags[0] for operation in OPERATIONS})
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
EXAMPLES = 3  # the first that hypothesis gives is the least one


@pytest.mark.ordeal
@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", MODULES)
def test_nothing_breaks_and_answers_keep_their_schema(app: Flask, database: Connection, module: str,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """Each role meets each operation, every other one with a fitting call, the others with an unfitting one; what it does is undone."""
    terse(monkeypatch)
    monkeypatch.setattr(SCHEMA, "app", app)
    desks = [(role, sitting, bearer(sitting)) for role in ROLES if (sitting := seat(app, role))]
    wrong: dict[str, str] = {}
    for number, operation in enumerate(OPERATIONS):
        if operation.tags[0] == module:
            for turn, mode in enumerate(MODES):
                found = examples(operation, mode)
                for place, (role, sitting, token) in enumerate(desks):
                    case = aimed(found[place // 2 % len(found)], sitting, exactly=mode is GenerationMode.POSITIVE)
                    if (number + place) % 2 == turn and (said := asked(app, case, token, database)):
                        wrong.setdefault(f"{operation.label}, {mode.value}", f"as {role}: {said}")
    assert not wrong, "\n\n".join(f"{what} {said}" for what, said in wrong.items())


def bearer(sitting: Seat) -> str:
    """A token that may do all that its holder may."""
    with acting(sitting.place, sitting.actor, channel="page"):
        enter()
        value = tokens.make_token("ordeal", [ADMIN])[1]
        session().commit()
    return value


def examples(operation: Any, mode: GenerationMode) -> Sequence[Case[Any]]:
    """Some calls of an operation, the same in every run; where nothing is unfitting, fitting ones again."""
    found: list[Case[Any]] = []

    @seed(len(operation.label))
    @settings(max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def collect(case: Case[Any]) -> None:
        found.append(case)

    collect()
    assert found, operation.label
    return found


def aimed(case: Case[Any], sitting: Seat, *, exactly: bool) -> Case[Any]:
    """The call in the organisation of the seat; an exact one means a record that is there, as it is now."""
    changed = case.derive()
    named = dict(changed.path_parameters)
    if "org" in named:
        named["org"] = SLUG
    key = "/".join(case.path.split("/")[2:4])
    if exactly and "reference" in named and key in sitting.records:
        named["reference"] = sitting.records[key]
        if "If-Match" in changed.headers:
            changed.headers["If-Match"] = "*"
    changed.path_parameters = named
    return changed


def asked(app: Flask, case: Case[Any], token: str, database: Connection) -> str:
    """What was wrong with the answer; empty when nothing was."""
    point = database.begin_nested()
    case.headers.pop("Idempotency-Key", None)
    try:
        answer = case.call(app=app, headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"})
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        return "; ".join(f"{each.title}: {each.message}" for each in group.exceptions)[:1_500]
    finally:
        db.session.remove()
        point.rollback()
    return ""
