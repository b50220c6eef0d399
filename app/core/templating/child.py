"""The language of people's templates, and the process that runs it: alone, with little memory and time, and no file or socket to open.

This file is run by itself (`python -I child.py`) and imports nothing of the application. A question comes in as one line of JSON and is
answered by one; whatever goes wrong is an answer with its `code`. Templates have variables, conditionals, loops and a few filters. Values
are dictionaries, lists, text, numbers: no attribute and no method of anything can be reached, and nothing can be called.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError, TemplateError, UndefinedError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

MEMORY, SECONDS, LONGEST, DEEPEST = 192 * 1024 * 1024, 1.0, 512 * 1024, 40
LOOP = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0", "previtem", "nextitem"})
FILTERS = frozenset({"abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "items", "join", "last",
                     "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "select",
                     "selectattr", "sort", "sum", "title", "trim", "truncate", "unique", "upper", "urlencode"})
TESTS = frozenset({"defined", "undefined", "none", "number", "string", "even", "odd", "divisibleby", "in", "eq", "equalto", "==", "ne",
                   "!=", "gt", ">", "greaterthan", "ge", ">=", "lt", "<", "lessthan", "le", "<=", "true", "false", "mapping", "sequence"})
ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign, nodes.Name, nodes.Const, nodes.TemplateData,
           nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Add,
           nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Concat, nodes.Neg, nodes.Pos, nodes.CondExpr, nodes.List,
           nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Slice, nodes.Keyword)
QUIET = frozenset({"default", "d", "defined", "undefined"})
EXAMPLES = ("{% for a in b %}{{ a|upper }}{% endfor %}{{ b.c }}", "{{ 'é\\u00e9' ~ 1.5|round|int }}{{ '/a'|urlencode }}",
            "{{ b|sort|unique|join }}", "{{ 1 / 0 }}", "{{",
            "{{ 'a'|truncate(9)|title|trim }}{% if 1 is divisibleby 2 %}{% endif %}{{ 'a' * 2 }}", "{{ a() }}")


class Refused(Exception):
    """A template that cannot be used: a `code`, what it is about, the line, and the nearest right name."""

    def __init__(self, code: str, about: str = "", line: int = 0, nearest: str = "") -> None:
        super().__init__(code)
        self.said = {"code": code, "about": about[:200], "line": line, "nearest": nearest}


class Language(ImmutableSandboxedEnvironment):
    """Jinja with little in it: names lead into dictionaries only, numbers alone are multiplied, and nothing is called."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, *, html: bool) -> None:
        super().__init__(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True,
                         cache_size=0)
        self.globals = {}
        self.filters = {name: each for name, each in self.filters.items() if name in FILTERS}
        self.tests = {name: each for name, each in self.tests.items() if name in TESTS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What a dictionary holds under a name, or where a loop stands."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """What a dictionary, a list or a text holds at a place."""
        if isinstance(argument, str):
            return self.getattr(obj, argument)
        if isinstance(obj, str | list | tuple):
            try:
                return obj[argument]
            except (IndexError, TypeError):
                return self.undefined(obj=obj, name=argument)
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Work on numbers; `+` also puts texts together."""
        texts = operator == "+" and isinstance(left, str) and isinstance(right, str)
        if operator == "**" or not (texts or (_is_number(left) and _is_number(right))):
            raise SecurityError(operator)
        return super().call_binop(context, operator, left, right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e18


LANGUAGES = {True: Language(html=True), False: Language(html=False)}


@lru_cache(maxsize=256)
def read(source: str, html: bool) -> tuple[Any, nodes.Template]:
    """The template ready to be rendered, and its tree. Raises `Refused`."""
    language = LANGUAGES[html]
    if len(source) > LONGEST:
        raise Refused("long")
    try:
        tree = language.parse(source)
    except TemplateSyntaxError as error:
        raise _wrong(error) from None
    _look_through(tree, 0)
    try:
        return language.from_string(tree), language.parse(source)
    except TemplateSyntaxError as error:
        raise _wrong(error) from None


def _wrong(error: TemplateSyntaxError) -> Refused:
    """A filter or test that does not exist is named, with the nearest one; other mistakes say what the parser said."""
    words = str(error.message or "")
    for kind, known in (("filter", FILTERS), ("test", TESTS)):
        if words.startswith(f"No {kind} named"):
            name = words.split("'")[1]
            return Refused(kind, name, error.lineno, _nearest(name, known))
    return Refused("syntax", words, error.lineno)


def _look_through(node: nodes.Node, depth: int) -> None:
    """Only what the language has."""
    if depth > DEEPEST:
        raise Refused("deep", "", node.lineno)
    if not isinstance(node, ALLOWED) or (isinstance(node, nodes.For) and node.recursive):
        raise Refused("forbidden", type(node).__name__.lower(), node.lineno)
    if isinstance(node, nodes.Name) and node.name == "self":
        raise Refused("forbidden", node.name, node.lineno)
    if isinstance(node, nodes.Filter):
        _known(node.name, "filter", FILTERS, node.lineno)
    if isinstance(node, nodes.Test):
        _known(node.name, "test", TESTS, node.lineno)
    for child in node.iter_child_nodes():
        _look_through(child, depth + 1)


def _known(name: str, kind: str, known: frozenset[str], line: int) -> None:
    if name not in known:
        raise Refused(kind, name, line, _nearest(name, known))


def _nearest(name: str, known: Any) -> str:
    found = get_close_matches(name, sorted(known), 1, 0.5)
    return found[0] if found else ""


def unknown(tree: nodes.Template, values: Mapping[str, Any]) -> Refused | None:
    """The first name that a template uses and that `values` does not have, with the nearest that it has."""
    return next(_walk(tree, {"loop": None, **values}), None)


def _walk(node: nodes.Node, scope: dict[str, Any]) -> Iterator[Refused]:
    """Names in the order in which they stand; what a loop or a `set` names is known after it, and never wrong itself."""
    if isinstance(node, nodes.For):
        yield from _walk(node.iter, scope)
        over = _found(node.iter, scope)
        inner = {**scope, **_named(node.target, over[0] if isinstance(over, list) and over else None)}
        for child in (*node.body, *node.else_, *([node.test] if node.test else [])):
            yield from _walk(child, inner)
    elif isinstance(node, nodes.Assign):
        yield from _walk(node.node, scope)
        scope.update(_named(node.target, _found(node.node, scope)))
    elif isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        yield from _missing(node, scope)
    elif not (isinstance(node, nodes.Filter | nodes.Test) and node.name in QUIET):
        for child in node.iter_child_nodes():
            yield from _walk(child, scope)


def _named(target: nodes.Node, value: Any) -> dict[str, Any]:
    if isinstance(target, nodes.Name):
        return {target.name: value}
    return {each.name: None for each in target.find_all(nodes.Name)}


def _found(node: nodes.Node, scope: Mapping[str, Any]) -> Any:
    """The value that a path leads to; None where that is not known."""
    path = _path(node)
    held: Any = scope
    for name in path or [""]:
        held = held.get(name) if isinstance(held, Mapping) else None
    return held


def _missing(node: nodes.Node, scope: Mapping[str, Any]) -> Iterator[Refused]:
    path = _path(node)
    held: Any = scope
    for number, name in enumerate(path):
        if held is None or not isinstance(held, Mapping):
            return
        if name not in held:
            near = _nearest(name, [each for each in held if each != "loop"]) or (_elsewhere(name, scope) if number else "")
            right = ".".join([*path[:number], near]) if near and "." not in near else near
            yield Refused("unknown", ".".join(path[:number + 1]), node.lineno, right)
            return
        held = held[name]


def _elsewhere(name: str, scope: Mapping[str, Any]) -> str:
    """The path of a name of that kind that another dictionary has."""
    paths = {key: f"{root}.{key}" for root, held in scope.items() if isinstance(held, Mapping) for key in held}
    near = _nearest(name, paths)
    return paths[near] if near else ""


def _path(node: nodes.Node) -> list[str]:
    """`["user", "name"]` of `user.name` or `user["name"]`; empty for what is no such path."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return [*before, node.attr] if before else []
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        before = _path(node.node)
        return [*before, node.arg.value] if before else []
    return []


def rendered(source: str, html: bool, values: Mapping[str, Any]) -> str:
    """The template with these values. Raises `Refused`."""
    template, tree = read(source, html)
    written, size = [], 0
    try:
        for piece in template.generate(values):
            size += len(piece)
            if size > LONGEST:
                raise Refused("long")
            written.append(piece)
    except UndefinedError as error:
        raise unknown(tree, values) or Refused("unknown", str(error.message)) from None
    except SecurityError as error:
        raise Refused("operator", str(error)) from None
    except (ArithmeticError, LookupError, TemplateError, TypeError, ValueError) as error:
        raise Refused("value", f"{type(error).__name__}: {error}") from None
    return "".join(written)


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """What a question is answered by: `{"done": {part: text}}`, `{"done": {}}` of a check, or `{"wrong": …}` with the part it is in."""
    values, part = question["values"], ""
    try:
        done = {}
        for part, (source, html) in question["parts"].items():
            if question["check"]:
                wrong = unknown(read(source, html)[1], values)
                if wrong:
                    raise wrong
            else:
                done[part] = rendered(source, html, values)
    except Refused as refused:
        return {"wrong": {**refused.said, "part": part}}
    except _TooSlow:
        return {"wrong": {"code": "slow", "about": "", "line": 0, "nearest": "", "part": part}}
    except (MemoryError, RecursionError):
        return {"wrong": {"code": "big", "about": "", "line": 0, "nearest": "", "part": part}}
    return {"done": done}


class _TooSlow(BaseException):
    """The time of one question is up."""


def _time_is_up(_number: int, _frame: Any) -> None:
    raise _TooSlow


def _confine() -> None:
    """Take everything away that a template never needs. What is loaded by need was loaded before by an example that goes wrong."""
    for words in EXAMPLES:
        answer({"parts": {"a": [words, True]}, "values": {"b": [1]}, "check": False})
    read.cache_clear()
    for kind, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NPROC, 0),
                        (resource.RLIMIT_NOFILE, 3)):
        resource.setrlimit(kind, (limit, limit))
    signal.signal(signal.SIGVTALRM, _time_is_up)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _grant() -> None:
    """The processor time of the next question: first a signal that is answered, some time later one that ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + SECONDS) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)


def main() -> None:
    """Answer questions until there are no more, or one was too much."""
    _confine()
    incoming, outgoing = os.fdopen(0, "rb", closefd=False), os.fdopen(1, "wb", closefd=False)
    for line in incoming:
        _grant()
        try:
            said = answer(json.loads(line))
        except _TooSlow:
            said = {"wrong": {"code": "slow", "about": "", "line": 0, "nearest": "", "part": ""}}
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        outgoing.write(json.dumps(said).encode() + b"\n")
        outgoing.flush()
        if said.get("wrong", {}).get("code") in ("slow", "big"):
            return


if __name__ == "__main__":
    sys.setrecursionlimit(600)
    main()
