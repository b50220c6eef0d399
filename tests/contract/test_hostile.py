"""Hostile addresses and bodies: whatever is asked, the answer is a sentence with a right status, never a crash."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app import declare
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.querying import filter_fields, sortable
from tests.contract import samples
from tests.contract.world import World

declare()
NUL = "a\x00b"
HUGE = "9" * 40
NAMES = (NUL, "..", "%", "\ud7ff\U0010ffff", "a" * 5000, "'; drop table x --", "\xa0")
VALUES = (NUL, HUGE, "-" + HUGE, "1e999999", "-1e-999999", "NaN", "0001-01-01T00:00", "9999-12-31T23:59-12:00", "9999-12-31", "31/02/2026",
          "a" * 20_000, "%", "\\", "[", "{{ 7 }}", "\u202e", "١٢", "²", "0x10", "@me", "00000000-0000-0000-0000-000000000000")
WORDS = ("q", "sort", "after", "before", "per_page", "format", "ids", "scope", "key", "page", "from", "to", "state", "status", "kind",
         "who", "resource", "member", "job", "tab", "level", "since", "day", "limit", "look", "verb", "hash", "at", "run", "next", "open",
         "type", "is", "by")
QUERIES = ("%FF%FE=%FF", "q=%00", "q=%FF", "q=" + "a%20" * 2000, "q=a:b:c:::", "q=status:%00", "sort=%00", "sort=-",
           "sort=--reference", "sort=id", "per_page=99999999999999999999", "per_page=-1", "per_page=%D9%A1", "after=%00", "after=AAAA",
           "after=99999999999999999999", "after=W3RydWUsIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJd",
           "peek=%00", "archived=%00", "nothing=1", "&&&==", "=")
ALL_AT_ONCE = tuple("&".join(f"{word}={value}" for word in WORDS) for value in ("%00", "9" * 30, "-1", "9999-12-31T23:59-12:00~", "%FF"))


def _status(world: World, address: str, **more: Any) -> Any:
    """The status; a crash is what it would be to the person who asked."""
    try:
        return world.client("owner").open(address, **{"method": "GET", **more}).status_code
    except Exception as error:  # noqa: BLE001 -- whatever it was is what the test shows
        from app.kernel.db import session

        session().rollback()
        return f"{type(error).__name__}: {str(error)[:200]}"


def _broken(world: World, addresses: Iterator[str]) -> dict[str, Any]:
    asked = {address[:160]: _status(world, address) for address in addresses}
    return {address: status for address, status in asked.items() if not isinstance(status, int) or status == 500}


def _rules(app: Flask) -> Iterator[Rule]:
    yield from (rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and rule.endpoint != "menu.live")


def _filled(rule: Rule, slug: str, name: str) -> str:
    kinds = {"uuid": "00000000-0000-0000-0000-000000000001", "int": HUGE}

    def value(found: re.Match[str]) -> str:
        kind, _colon, argument = found.group(1).rpartition(":")
        return slug if argument == "org" else kinds.get(kind, quote(name, safe=""))

    return re.sub(r"<([^>]+)>", value, rule.rule)


def test_names_of_nothing(world: World) -> None:
    """Every page that is about something, asked for with some of the names that nothing has, in turn; of those that the engine draws
    alike for each resource, each is asked with one of them, so that every kind of page meets them all."""
    rules = [rule for rule in _rules(world.app) if rule.arguments - {"org"}]
    alike = tuple(f"{each.module}.{each.name}_" for each in registry.resources.values())
    own, engine = ([rule for rule in rules if rule.endpoint.startswith(alike) is drawn] for drawn in (False, True))
    assert len(own) > 100
    asked = [(rule, name) for place, rule in enumerate(own) for name in NAMES[place % 3::3]]
    for _page, same in groupby(sorted(engine, key=_kind), key=_kind):
        asked += [(rule, NAMES[place % len(NAMES)]) for place, rule in enumerate(same)]
    assert _broken(world, (_filled(rule, world.slug, name) for rule, name in asked)) == {}


def _kind(rule: Rule) -> str:
    """Which page of a resource it is: `edit`, `history`."""
    return rule.endpoint.rpartition("_")[2]


def test_queries(world: World) -> None:
    """Every page, asked with words that it does not know and values that mean nothing."""
    plain = [rule for rule in _rules(world.app) if not rule.arguments - {"org"} and rule.endpoint != "static"]
    engine = {f"{r.module}.{r.name}_{page}" for r in registry.resources.values() for page in ("list", "export", "pick")}
    seldom = [rule for rule in plain if rule.endpoint not in engine]
    assert len(seldom) > 20
    assert _broken(world, (f"{_filled(rule, world.slug, 'x')}?{query}" for place, rule in enumerate(seldom)
                           for query in (*QUERIES[place % 3:3:3], *ALL_AT_ONCE[place % 2::2]))) == {}


@pytest.mark.parametrize("key", sorted(registry.resources))
def test_lists(world: World, key: str) -> None:
    """Filters with each operator and values that its kind cannot hold; places that no list has; orders of nothing. What the engine
    does alike for each resource is asked in turn, so that between them the resources meet all."""
    resource = registry.resources[key]
    world.records(resource, 2)
    address = world.url(resource)
    filters, places = _filters(resource), _places(resource)
    turn = sorted(registry.resources).index(key) % 5
    assert _broken(world, (f"/api/v1{address}?{query}" for query in (*filters[turn::5], *places[turn::10]))) == {}
    assert _broken(world, (f"{address}?{query}" for query in (*QUERIES[::2], *filters[1::20], *places[1::60]))) == {}
    some = [*ALL_AT_ONCE[:1], *filters[::80], *places[::90]]
    assert _broken(world, (f"{address}{page}?{query}" for page in ("export", "pick") for query in some)) == {}


def _filters(resource: Resource) -> list[str]:
    found = []
    for name, field in filter_fields(resource).items():
        for operator in ("", *field.behaviour.operators):
            parameter = f"{name}__{operator}" if operator else name
            found += [f"{parameter}={quote(value)}" for value in (VALUES if operator in ("", "gte") else VALUES[:4])]
        found += [f"{name}__{operator}=1" for operator in ("ic", "gte", "xx", "__", "\x00") if operator not in field.behaviour.operators]
    return [one.replace("\x00", "%00") for one in found]


def _places(resource: Resource) -> list[str]:
    def cursor(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    some = "00000000-0000-0000-0000-000000000001"
    inside = ("5", "[]", "{}", "null", f'["x", "{some}"]', f'[null, "{some}"]', f'["a\\u0000b", "{some}"]', f'[{HUGE}, "{some}"]',
              f'[1, "{some}"]', '["x", 5]', f'[[1], "{some}"]', f'["0001-01-01", "{some}"]', f'["9999-12-31T00:00:00", "{some}"]')
    ways = (("", "after"), ("-", "before"))
    return [f"sort={sign}{name}&{way}={cursor(text)}" for name in sortable(resource) for sign, way in ways for text in inside]


def _writable(resource: Resource) -> dict[str, Field]:
    fields = fields_of(resource.model)
    return {name: fields[name] for names in resource.form.values() for name in names}


BAD: tuple[Any, ...] = ([], [1], {}, {"amount": []}, True, -(2**63), 2**63, 1e300, 1.5, "a\x00b", "1e999999", "0001-01-01T00:00", HUGE,
                        2**31, "9999-12-31T23:59:59-12:00", "\U0010ffff" * 30_000)
NO_LINES = (5, "x", [5], ["x"], [[]], {}, {"a": 1}, [{"description": []}], [{"quantity": {}}], [{"quantity": HUGE}])


@pytest.mark.parametrize("key", sorted(k for k, r in registry.resources.items() if r.form and r.creatable))
def test_bodies(world: World, key: str) -> None:
    """Each field of the API given what is not of its kind: taken or 422, and nothing that was not meant is stored."""
    resource = registry.resources[key]
    with world.acting("owner"):
        good = samples.data(resource, 7)
    headers = world.token(world.client("owner"))
    wrong = {}
    address = f"/api/v1{world.url(resource)}"
    odd: list[dict[str, Any]] = [good | {name: value} for place, name in enumerate(_writable(resource)) for value in BAD[place % 3::3]]
    odd += [good | {"lines": value} for value in NO_LINES] if resource.lines else []
    odd += [good | {"version": value} for value in ("x", [], {}, 1.5)] + [good | {"\x00": 1}, good | {"": 1}]
    for body in odd:
        status = _status(world, address, method="POST", json=body, headers=headers)
        if status not in (201, 202, 409, 422):
            changed = {n: str(v)[:60] for n, v in body.items() if good.get(n) != v}
            wrong[str(changed)] = status
    assert wrong == {}


@pytest.mark.parametrize("key", sorted(k for k, r in registry.resources.items() if r.form and r.editable))
def test_changes(world: World, key: str) -> None:
    """Versions that are none, bodies that are no object, actions that nobody declared."""
    resource = registry.resources[key]
    record = world.records(resource, 1)[0]
    headers = world.token(world.client("owner"))
    address = f"/api/v1{world.url(resource)}{record.reference}/"
    page = world.url(resource)

    def ask(method: str, to: str, more: dict[str, str] | None = None, **said: Any) -> Any:
        return _status(world, to, method=method, headers={**headers, **(more or {})}, **said)

    asked: list[Any] = [ask("PATCH", address, {"If-Match": tag}, json={}) for tag in ('"x"', "*", '"1.5"', f'"{HUGE}"')]
    asked += [ask("PATCH", address, json={"version": version}) for version in ("x", [], {}, True)]
    asked += [ask("PATCH", address, data=raw) for raw in (b"\xff", b"[", b"[]", b"5", b'{"a": NaN}', b'"x"')]
    asked += [ask("POST", f"{page}bulk", data=form) for form in _bulk_forms(record.reference)]
    asked.append(ask("POST", f"{page}{record.reference}/edit", data={"version": "x", "_key": "\x00"}))
    asked.append(ask("POST", f"{page}{record.reference}/edit", {"Origin": "http://["}, data={}))
    asked.append(ask("POST", f"{page}{record.reference}/draft", data={"title": "\x00", "name": "\x00", "x\x00": "1"}))
    assert [status for status in asked if not isinstance(status, int) or status == 500] == []


def _bulk_forms(reference: str) -> list[dict[str, str]]:
    return [{"action": "nothing", "ids": reference}, {"action": "", "ids": reference}, {"action": "\x00", "ids": "\x00"},
            {"action": "archive", "ids": "a\x00"}, {"action": "delete", "ids": reference}, {"action": "create", "ids": "x"},
            {"action": "archive", "scope": "list", "_list": "zz=1"}, {"action": "archive", "ids": reference, "_key": "\x00"}]


def test_what_cannot_be_stored_is_not_found_or_named(world: World) -> None:
    """A name with a NUL character is nobody's; a search for one is refused with a sentence."""
    headers = world.token(world.client("owner"))
    assert _status(world, f"/{world.slug}/organisation/sites/a%00b/") == 404
    assert _status(world, f"/{world.slug}/organisation/sites/?name=a%00b") in (200, 422)
    seat = _status(world, f"/{world.slug}/inbox/a%00b/decide", method="POST", data={"until": "9999-12-31"}, headers=headers)
    assert seat in (404, 422)
