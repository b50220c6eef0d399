"""Conditions as people write them (`status = draft and amount < 10000`), checked against the records that they are about.

What is understood becomes a rule: nested lists that are stored as JSON text and that `rules` turns into Python and into SQL. A negation
stands on each leaf, so that both agree about what is empty: a comparison with nothing is false, and its negation true.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import Unreadable, fold
from app.kernel.manifest import Resource
from app.kernel.registry import registry

TOKEN = re.compile(r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?(?![\w:.-]))|(?P<sign><=|>=|!=|=|<|>|\(|\)|,)"""
                   r"""|(?P<word>[^\s<>=!(),"']+))""")
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
ORDERED = ("integer", "decimal", "money", "date", "datetime")
EQUAL = ("text", "email", "choice", "reference")
MINE = {"user.site": "site_id", "user.department": "department_id", "user": "id"}
FLAGS = ("own", "second_factor")
CIRCUMSTANCES = {"time": "text", "weekday": "integer", "network": "network", "channel": "text"}
KEYWORDS = frozenset({"and", "or", "not", "in", "is", "empty", "true", "false", "today", *MINE})
IN_WORDS = {**dict.fromkeys(("less", "lower", "smaller", "below", "under"), ("<", "<=")),
            **dict.fromkeys(("greater", "more", "larger", "higher", "above", "over"), (">", ">=")),
            **dict.fromkeys(("equal", "exactly"), ("=", "=")), "at": ("<= or >=", "<= or >=")}  # and with “or equal”
Rule = list[Any]


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a condition, and the part of its text that is meant: from the character `begin` to before `end`."""

    sentence: str
    begin: int
    end: int


def understood(text: str, pattern: str) -> str:
    """The rule that a condition means for the records of a permission pattern, as JSON text. Raises `Invalid` naming what is wrong."""
    try:
        return json.dumps(_Reader(text, concerned(pattern)).whole(), separators=(",", ":"))
    except Unreadable as error:
        raise Invalid({"condition": [str(error)]}) from None


def understood_among(text: str, fields: Mapping[str, Field]) -> str:
    """The rule that a condition means over these fields, as JSON text. Raises `Invalid` naming what is wrong."""
    try:
        known = {name: said for name, said in fields.items() if _compares(said)}
        return json.dumps(_Reader(text, (), known).whole(), separators=(",", ":"))
    except Unreadable as error:
        raise Invalid({"condition": [str(error)]}) from None


def misread(text: str, pattern: str) -> Wrong | None:
    """What is wrong with a condition, and where; None when it can be understood."""
    reader = _Reader(text, concerned(pattern))
    try:
        reader.whole()
    except Unreadable as error:
        return Wrong(str(error), *reader.here())
    return None


def concerned(pattern: str) -> list[Resource]:
    """The kinds of records that a permission pattern is about."""
    return [r for r in registry.resources.values() if _concerns(pattern, r)]


def usable_fields(resource: Resource) -> dict[str, Field]:
    """The fields of a kind of record that conditions can look at, by name."""
    return _usable(resource)


def _concerns(pattern: str, resource: Resource) -> bool:
    return all(given in ("*", wanted) for given, wanted in zip(pattern.split(".")[:2], resource.key.split("."), strict=False))


@dataclass
class _Reader:
    """Reads one condition, left to right."""

    text: str
    resources: Sequence[Resource]
    known: Mapping[str, Field] | None = None
    tokens: list[tuple[str, str]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    place: int = 0

    def whole(self) -> Rule:
        """The rule of the whole text."""
        at = 0
        while at < len(self.text.rstrip()):
            found = TOKEN.match(self.text, at)
            if found is None:
                raise Unreadable(_("“%(rest)s” cannot be read.", rest=self.text[at:at + 20].strip()))
            kind = str(found.lastgroup)
            self.tokens.append((kind, found.group(kind)))
            self.spans.append(found.span(kind))
            at = found.end()
        rule = self.either(negated=False)
        if self.place < len(self.tokens):
            raise Unreadable(_("“%(word)s” was not expected here; join conditions by and, or.", word=self.tokens[self.place][1]))
        return rule

    def here(self) -> tuple[int, int]:
        """The part of the text that was read last: what cannot be read, the last word, or where more is needed."""
        read = self.spans[-1][1] if self.spans else 0
        rest = self.text[read:]
        if rest.strip() or self.place > len(self.spans):
            return read + len(rest) - len(rest.lstrip()), len(self.text)
        return self.spans[max(self.place - 1, 0)] if self.spans else (0, len(self.text))

    def either(self, *, negated: bool) -> Rule:
        """`a or b`, or what it is not."""
        return self._joined("or", "and" if negated else "or", lambda: self.both(negated=negated))

    def both(self, *, negated: bool) -> Rule:
        """`a and b`, or what it is not."""
        return self._joined("and", "or" if negated else "and", lambda: self.one(negated=negated))

    def _joined(self, word: str, meant: str, part: Callable[[], Rule]) -> Rule:
        parts = [part()]
        while self.take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else [meant, *parts]

    def one(self, *, negated: bool) -> Rule:
        """A comparison, a word, or what stands in brackets."""
        if self.take("not"):
            return self.one(negated=not negated)
        if self.take("("):
            inner = self.either(negated=negated)
            self.need(")")
            return inner
        kind, name = self.next()
        if kind != "word" or name in KEYWORDS:
            raise Unreadable(_("“%(word)s” stands where the name of a field is needed.", word=name))
        if name in FLAGS:
            return [name, negated ^ self.falsehood()]
        if name in CIRCUMSTANCES:
            return self.circumstance(name, negated)
        if name.startswith("context."):
            return self.said(name.removeprefix("context."), negated)
        return self.compared(self.field(name), negated)

    def falsehood(self) -> bool:
        """Whether a word is followed by `= false`."""
        if not self.take("="):
            return False
        if self.take("true"):
            return False
        self.need("false")
        return True

    def circumstance(self, name: str, negated: bool) -> Rule:
        """When, from where and by which door it is asked."""
        sign, raws = self.comparison()
        values = [_circumstance(name, raw) for _kind, raw in raws]
        if name in ("network", "channel") and sign not in ("=", "!=", "in"):
            raise Unreadable(_("“%(name)s” can be compared by =, != and in.", name=name))
        return ["circumstance", name, "in" if sign in ("=", "!=", "in") else sign, values, negated ^ (sign == "!=")]

    def said(self, name: str, negated: bool) -> Rule:
        """Something that whoever asks says of the circumstances."""
        sign, raws = self.comparison()
        values: list[Any] = [float(raw) if kind == "number" else _bare(raw) for kind, raw in raws]
        return ["context", name, "in" if sign in ("=", "!=", "in") else sign, values, negated ^ (sign == "!=")]

    def compared(self, described: Field, negated: bool) -> Rule:
        """A field of the record against values."""
        if self.take("is"):
            negated ^= bool(self.take("not"))
            if not self.take("empty"):
                raise Unreadable(self.in_words())
            return ["empty", described.attribute, negated]
        if described.kind == "boolean":
            return ["record", described.attribute, "boolean", "in", [True], negated ^ self.falsehood(), ""]
        sign, raws = self.comparison()
        allowed = COMPARISONS if described.kind in ORDERED else ("=", "!=")
        if sign not in (*allowed, "in") or described.kind not in (*ORDERED, *EQUAL):
            raise Unreadable(_("“%(name)s” can be compared by =, != and in.", name=described.name))
        values = [_value(described, kind, raw) for kind, raw in raws]
        compare = "in" if sign in ("=", "!=", "in") else sign
        return ["record", described.attribute, described.kind, compare, values, negated ^ (sign == "!="), described.currency]

    def in_words(self) -> str:
        """What to write for a comparison that was written in words: `is less than`."""
        word, more = self.next()[1], {raw for _kind, raw in self.tokens[self.place:self.place + 4]}
        signs = IN_WORDS.get(word)
        if not signs:
            return _("“%(word)s” is not understood after “is”: write is empty, is not empty, or one of =, !=, <, <=, >, >=, in.",
                     word=word[:60])
        return _("Write %(sign)s for “is %(word)s”.", sign=signs["or" in more], word=word)

    def comparison(self) -> tuple[str, list[tuple[str, str]]]:
        """`<= 5000`, `in (a, b)`, `not in (a, b)`: the sign and the raw values."""
        if self.take("in"):
            self.need("(")
            found = [self.operand()]
            while self.take(","):
                found.append(self.operand())
            self.need(")")
            return "in", found
        kind, sign = self.next()
        if kind != "sign" or sign not in COMPARISONS:
            raise Unreadable(_("“%(word)s” stands where one of =, !=, <, <=, >, >=, in, is is needed.", word=sign))
        return sign, [self.operand()]

    def operand(self) -> tuple[str, str]:
        """One value as it is written; `today - 30` is one."""
        kind, raw = self.next()
        if kind == "word" and raw == "today" and self.place < len(self.tokens) and self.tokens[self.place][1][:1] in "+-":
            step = self.next()[1]
            return kind, f"today{step if len(step) > 1 else step + self.next()[1]}"
        if kind == "sign":
            raise Unreadable(_("“%(word)s” stands where a value is needed.", word=raw))
        return kind, raw

    def field(self, name: str) -> Field:
        """The field of that name, which all the records concerned must have."""
        if self.known is not None:
            return self.among(name, self.known)
        if not self.resources:
            raise Unreadable(_("This permission is about no records; known here: %(names)s.", names=", ".join(_words(()))))
        found = _usable(self.resources[0]).get(name)
        for resource in self.resources:
            fields = _usable(resource)
            if name not in fields:
                near = get_close_matches(name, _words(fields), n=1, cutoff=0.5)
                hint = _("Did you mean “%(near)s”?", near=near[0]) if near else _("Known: %(names)s.", names=", ".join(_words(fields)))
                raise Unreadable(_("%(what)s has no field “%(name)s”.", what=resource.label, name=name[:60]) + " " + hint)
            if found is None or (found.kind, found.attribute) != (fields[name].kind, fields[name].attribute):
                raise Unreadable(_("“%(name)s” is not the same in all the records that this permission is about.", name=name))
        return found or fields[name]

    def among(self, name: str, known: Mapping[str, Field]) -> Field:
        """The field of that name, of those that are known."""
        if name not in known:
            near = get_close_matches(name, _words(known), n=1, cutoff=0.5)
            hint = _("Did you mean “%(near)s”?", near=near[0]) if near else _("Known: %(names)s.", names=", ".join(_words(known)))
            raise Unreadable(_("There is no such field here.") + f" {name[:60]}. " + hint)
        return known[name]

    def next(self) -> tuple[str, str]:
        """The next token."""
        if self.place >= len(self.tokens):
            self.place = len(self.tokens) + 1
            raise Unreadable(_("The condition ends too early."))
        self.place += 1
        return self.tokens[self.place - 1]

    def take(self, word: str) -> bool:
        """Step over a word if it stands here."""
        here = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
        found = here[0] in ("word", "sign") and here[1] == word
        self.place += found
        return found

    def need(self, word: str) -> None:
        """Step over a word that must stand here."""
        if not self.take(word):
            raise Unreadable(_("“%(word)s” is missing.", word=word))


def _usable(resource: Resource) -> dict[str, Field]:
    return {name: said for name, said in fields_of(resource.model).items() if _compares(said)}


def _compares(said: Field) -> bool:
    return said.kind in (*ORDERED, *EQUAL, "boolean")


def _words(fields: Iterable[str]) -> list[str]:
    return [*fields, *FLAGS, *CIRCUMSTANCES]


def _bare(raw: str) -> str:
    return raw[1:-1] if raw[:1] in "\"'" else raw


def _circumstance(name: str, raw: str) -> Any:
    text = _bare(raw)
    if name == "time" and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise Unreadable(_("“%(raw)s” is not a time of day. Write it like 08:30.", raw=text))
    if name == "weekday":
        if not re.fullmatch(r"[1-7]", text):
            raise Unreadable(_("A day of the week is a number from 1 (Monday) to 7."))
        return int(text)
    if name == "network":
        try:
            return str(ip_network(text, strict=False))
        except ValueError:
            raise Unreadable(_("“%(raw)s” is not a network. Write it like 10.0.0.0/8.", raw=text)) from None
    return text


def _value(described: Field, kind: str, raw: str) -> Any:
    """A value as the rule keeps it: JSON, or what is worked out when it is asked: `["user", "site_id"]`, `["today", -30]`."""
    if kind == "word" and raw in MINE:
        if described.kind != "reference":
            raise Unreadable(_("“%(name)s” is not compared with a person or a place.", name=described.name))
        return ["user", MINE[raw]]
    if kind == "word" and raw.startswith("today") and described.kind in ("date", "datetime"):
        try:
            return ["today", int(raw[5:] or 0)]
        except ValueError:
            raise Unreadable(_("“%(rest)s” cannot be read.", rest=raw)) from None
    text = _bare(raw)
    if described.kind == "choice":
        return _choice(described, text)
    if described.kind == "reference":
        return _linked(described, text)
    value = described.behaviour.parse(described, text)
    return value if described.kind in ("text", "email", "integer") else value.isoformat() if hasattr(value, "isoformat") else str(value)


def _choice(described: Field, text: str) -> str:
    entries = {entry.value: entry for entry in described.choices or ()}
    named = {fold(str(entry.label)): code for code, entry in entries.items()}
    found = text if text in entries else named.get(fold(text))
    if found is None:
        near = get_close_matches(text, list(entries), n=1)
        known = _("Did you mean “%(near)s”?", near=near[0]) if near else _("Known: %(names)s.", names=", ".join(entries))
        raise Unreadable(_("%(name)s is never “%(raw)s”.", name=described.label, raw=text[:60]) + " " + known)
    return found


def _linked(described: Field, text: str) -> str:
    """The id of the record that a reference or a name means."""
    resources = registry.meant_by(described)
    if not resources:
        raise Unreadable(_("“%(name)s” is not compared with a person or a place.", name=described.name))
    found = [each for resource in resources for each in _called(resource, text)]
    if len(found) != 1:
        raise Unreadable(_("“%(raw)s” is not known here.", raw=text[:80]))
    return str(found[0])


def _called(resource: Resource, text: str) -> Sequence[UUID]:
    """The records of that reference or name: two at most, which is one too many."""
    model: Any = resource.model
    title = fields_of(model).get(resource.title)
    named = getattr(model, title.key_attribute) == fold(text) if title is not None and title.kind == "text" else model.reference == text
    return session().scalars(select(model.id).where((model.reference == text) | named, model.archived_at.is_(None)).limit(2)).all()
