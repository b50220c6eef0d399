"""Templates that people write: what they can say, what is said of their mistakes, and what they can never do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import psutil
import pytest
from flask import Flask
from flask_babel import Babel

from app.core import templating
from app.core.templating import Source, WrongTemplate, pool
from app.kernel.errors import Invalid, Unavailable

VALUES: dict[str, Any] = {
    "user": {"name": "Ana <b>", "email": "ana@acme.example", "phone": None}, "company": {"name": "Acme"},
    "incident": {"severity": "major", "lines": [{"title": "one", "count": 1}, {"title": "two", "count": 2}]}, "due": date(2026, 3, 1)}


@pytest.fixture(autouse=True)
def sentences() -> Iterator[None]:
    """What is said of mistakes is said in English; nothing else of an application is needed."""
    bare = Flask("bare")
    Babel(bare)
    with bare.test_request_context():
        yield


def rendered(words: str, *, html: bool = False, **values: Any) -> str:
    return templating.render({"text": Source(words, html)}, {**VALUES, **values})["text"]


def wrong(words: str, **values: Any) -> WrongTemplate:
    with pytest.raises(WrongTemplate) as caught:
        rendered(words, **values)
    return caught.value


@pytest.mark.parametrize(("words", "shown"), [
    ("Hello {{ user.name }} of {{ company.name }}", "Hello Ana <b> of Acme"),
    ("{{ user['email'] }} {{ due }}", "ana@acme.example 2026-03-01"),
    ("{% if incident.severity == 'major' %}now{% elif user %}soon{% else %}later{% endif %}", "now"),
    ("{% for line in incident.lines %}{{ loop.index }}. {{ line.title|upper }}{% if not loop.last %}, {% endif %}{% endfor %}",
     "1. ONE, 2. TWO"),
    ("{% for line in incident.lines if line.count > 1 %}{{ line.title }}{% else %}none{% endfor %}", "two"),
    ("{{ incident.lines|sum(attribute='count') }} {{ incident.lines|map(attribute='title')|join('+') }}", "3 one+two"),
    ("{% set total = 2 * 3 + 1 %}{{ total }} {{ 'a' + 'b' }} {{ 'a' ~ 1 }}", "7 ab a1"),
    ("{{ user.fax|default('no fax') }}{% if user.fax is defined %}!{% endif %}", "no fax"),
    ("{% for key, value in company|items %}{{ key }}={{ value }}{% endfor %}", "name=Acme"),
    ("{# said to nobody #}{% raw %}{{ as it stands }}{% endraw %}", "{{ as it stands }}"),
])
def test_what_a_template_can_say(words: str, shown: str) -> None:
    assert rendered(words) == shown


def test_values_are_escaped_in_html_and_only_there() -> None:
    parts = {"html": Source("<p>{{ user.name }}</p>", html=True), "text": Source("{{ user.name }}")}
    assert templating.render(parts, VALUES) == {"html": "<p>Ana &lt;b&gt;</p>", "text": "Ana <b>"}


@pytest.mark.parametrize(("words", "about", "nearest", "line"), [
    ("Hello\n{{ user.nmae }}", "user.nmae", "user.name", 2),
    ("{{ usr.name }}", "usr", "user", 1),
    ("{{ incident.emial }}", "incident.emial", "user.email", 1),
    ("{% if compny.name %}x{% endif %}", "compny", "company", 1),
    ("{% for line in incident.lines %}\n{{ line.titel }}{% endfor %}", "line.titel", "line.title", 2),
    ("{% for line in incident.line %}{% endfor %}", "incident.line", "incident.lines", 1),
    ("{{ zzz }}", "zzz", "", 1),
])
def test_an_unknown_name_is_named_with_the_nearest_right_one(words: str, about: str, nearest: str, line: int) -> None:
    said = wrong(words)
    assert (said.reason, said.about, said.nearest, said.line) == ("unknown", about, nearest, line)
    assert f"“{about}” is not known here. It stands on line {line}." in str(said)
    assert (f"Did you mean “{nearest}”?" in str(said)) == bool(nearest)
    with pytest.raises(WrongTemplate) as caught:
        templating.check({"text": Source(words)}, VALUES)
    assert (caught.value.about, caught.value.nearest) == (about, nearest)


def test_a_check_looks_into_branches_that_the_example_does_not_take() -> None:
    with pytest.raises(WrongTemplate) as caught:
        templating.check({"text": Source("{% if 1 > 2 %}{{ user.emial }}{% endif %}")}, VALUES)
    assert caught.value.nearest == "user.email"


@pytest.mark.parametrize(("words", "reason", "nearest"), [
    ("{{ user.name|uper }}", "filter", "upper"), ("{% if user is defind %}{% endif %}", "test", "defined"),
    ("{{ user.name", "syntax", ""), ("{% if user %}", "syntax", ""), ("{{ 1 / 0 }}", "value", "")])
def test_other_mistakes(words: str, reason: str, nearest: str) -> None:
    said = wrong(words)
    assert (said.reason, said.nearest) == (reason, nearest)
    assert isinstance(said, Invalid)


def test_which_part_is_wrong() -> None:
    with pytest.raises(WrongTemplate) as caught:
        templating.render({"subject": Source("{{ user.name }}"), "body": Source("{{ user.x }}")}, VALUES)
    assert (caught.value.part, list(caught.value.errors)) == ("body", ["body"])


@pytest.mark.parametrize("words", [
    "{{ ''.__class__ }}", "{{ ''['__class__'].__mro__ }}", "{{ user.__init__ }}", "{{ user.items }}", "{{ user.name.format }}",
    "{{ [user]|map(attribute='__class__')|join }}", "{{ loop.__class__ }}", "{{ self }}", "{{ self.__dict__ }}", "{{ request }}",
    "{{ config }}",
    "{% for a in incident.lines %}{{ loop.__init__ }}{{ loop._iterator }}{% endfor %}",
    "{{ cycler }}", "{{ namespace }}", "{{ range }}",
    "{{ user.name.upper() }}", "{{ range(10) }}", "{{ loop(1) }}", "{% include 'mail/base.html' %}", "{% import 'a' as b %}",
    "{% extends 'a' %}", "{% macro a() %}{% endmacro %}", "{% call a() %}{% endcall %}", "{% block a %}{% endblock %}",
    "{% filter upper %}a{% endfilter %}", "{{ 'a' * 100 }}", "{{ '%s' % user }}", "{{ 9 ** 9 }}", "{{ user.name|safe }}",
    "{{ 'a'|format }}",
    "{{ user|tojson }}", "{{ user|xmlattr }}", "{{ user|attr('__class__') }}", "{{ 'a'|center(9) }}",
    "{% for a in b recursive %}{% endfor %}",
    "{% set user.name = 1 %}", "{{ 'a'|pprint }}"])
def test_what_a_template_can_never_do(words: str) -> None:
    assert wrong(words).reason in {"unknown", "forbidden", "filter", "operator", "syntax"}


LONG_LIST = list(range(2000))


@pytest.mark.parametrize(("words", "reasons"), [
    ("{% for a in many %}{% for b in many %}{% for c in many %}{% endfor %}{% endfor %}{% endfor %}", {"slow"}),
    ("{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 30 + "{{ a|length }}", {"big"}),
    ("{% for a in many %}{% for b in many %}0123456789{% endfor %}{% endfor %}", {"long"}),
    ("{{ 1.5|round(999999999, 'ceil') }}", {"slow", "big", "value"}),
    ("{{ " + "(" * 300 + "1" + ")" * 300 + " }}", {"big", "deep", "syntax"}),
    ("{{ " + "not " * 300 + "1 }}", {"big", "deep"}),
    ("x" * 600_000, {"long"}),
], ids=["loops", "doubling", "output", "power", "brackets", "nots", "source"])
def test_what_would_take_too_much_ends_and_the_next_one_is_answered(words: str, reasons: set[str]) -> None:
    began = time.monotonic()
    assert wrong(words, many=LONG_LIST).reason in reasons
    assert time.monotonic() - began < 15
    assert rendered("{{ company.name }}") == "Acme"


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if str(pool.CHILD) in each.cmdline()]


def test_the_children_are_limited() -> None:
    rendered("x")
    (child, *_rest) = children()
    limits = {name: child.rlimit(getattr(psutil, f"RLIMIT_{name}"))[1] for name in ("AS", "NOFILE", "FSIZE", "NPROC")}
    assert limits == {"AS": 192 * 1024 * 1024, "NOFILE": 3, "FSIZE": 0, "NPROC": 0}
    assert child.num_fds() <= 3
    assert set(child.environ()) <= {"LANG", "LC_CTYPE"}, "nothing of the environment goes along"


def test_a_child_that_was_killed_is_replaced() -> None:
    rendered("x")
    for child in children():
        os.kill(child.pid, signal.SIGKILL)
        child.wait(5)
    assert rendered("{{ company.name }}") == "Acme"


def test_a_child_that_gets_no_turn_is_no_fault_of_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered("x")
    monkeypatch.setattr(pool, "PATIENCE", 0.2)
    stopped = children()
    for child in stopped:
        os.kill(child.pid, signal.SIGSTOP)
    for _each in stopped:
        with pytest.raises(Unavailable):
            rendered("x")
    monkeypatch.setattr(pool, "PATIENCE", 20.0)
    assert rendered("{{ company.name }}") == "Acme"


def test_many_threads_share_a_few_children() -> None:
    with ThreadPoolExecutor(8) as threads:
        shown = list(threads.map(lambda number: templating.render({"a": Source("{{ n }}")}, {"n": number})["a"], range(200)))
    assert shown == [str(number) for number in range(200)]
    assert len(children()) <= pool.CHILDREN


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_pools", [])
    monkeypatch.setattr(pool, "WAIT", 0.01)
    monkeypatch.setattr(pool, "CHILDREN", 0)
    with pytest.raises(Unavailable):
        rendered("x")


def test_a_fork_has_children_of_its_own() -> None:
    rendered("x")
    before = pool._pool()
    pid = os.fork()
    if pid == 0:  # pragma: no cover -- in the fork
        try:
            fresh = pool._pool() is not before and templating.render({"a": Source("{{ n }}")}, {"n": 7}) == {"a": "7"}
            for child in psutil.Process().children():
                child.kill()
        finally:
            os._exit(0 if fresh else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert rendered("{{ company.name }}") == "Acme"
    assert pool._pool() is before


def test_it_holds_nothing_of_the_application() -> None:
    class Secret:
        key = "s3cret"

        def __str__(self) -> str:
            return "shown"

    assert rendered("{{ secret }}", secret=Secret()) == "shown"
    assert wrong("{{ secret.key }}", secret=Secret()).reason == "unknown"
