"""From the definition of a form (JSON) to the sheet that is filled in; what is wrong is named with the field in which it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.core import access
from app.core.forms import sums
from app.core.forms.sheet import FORM, Band, Matrix, Question, Section, Sheet
from app.kernel.errors import Invalid
from app.kernel.fields import Field
from app.kernel.kinds import Unreadable
from app.kernel.registry import registry

KINDS = ("text", "long_text", "integer", "decimal", "money", "date", "boolean", "choice", "reference", "rows")
TONES = ("neutral", "info", "good", "warning", "danger")
FIELD = frozenset({"name", "label", "help", "kind", "required", "choices", "minimum", "maximum", "table", "shown_when", "needed_when",
                   "calculated", "decimals", "bands", "columns", "fills", "start", "rows_least", "rows_most"})
WHOLE = frozenset({"sections", "impact", "matrix", "level"})
MOST = 100


class Misread(Unreadable):
    """What is wrong with one field: its name, the word of the definition that is meant, and the sentence without the name."""

    def __init__(self, name: str, word: str, what: str) -> None:
        super().__init__(_("Field “%(name)s”: %(what)s", name=name, what=what) if name else what)
        self.name, self.word, self.what = name, word, what


def sheet_of(definition: Any, around: Mapping[str, Field]) -> Sheet:
    """The form that a definition means; conditions and sums may look at the fields `around` it too. Raises `Invalid`."""
    try:
        return _Reader(around).whole(definition)
    except (Unreadable, Invalid) as error:
        raise Invalid({"definition": [_sentence(error)]}) from None


def flaw_of(definition: Any, around: Mapping[str, Field]) -> Misread | None:
    """What is wrong with a definition, and where; None when it is a form."""
    try:
        _Reader(around).whole(definition)
    except Misread as error:
        return error
    except (Unreadable, Invalid) as error:
        return Misread("", "", _sentence(error))
    return None


def _sentence(error: Unreadable | Invalid) -> str:
    return str(error) if isinstance(error, Unreadable) else " ".join(each for some in error.errors.values() for each in some)


@contextmanager
def _about(name: str, word: str = "") -> Iterator[None]:
    """What goes wrong here is wrong with this field, and this word of it."""
    try:
        yield
    except Misread:
        raise
    except (Unreadable, Invalid) as error:
        raise Misread(name, word, _sentence(error)) from None


class _Reader:
    """Reads one definition, from its first question to its last."""

    def __init__(self, around: Mapping[str, Field]) -> None:
        self.around = around
        self.questions: dict[str, Question] = {}
        self.to_come: dict[str, frozenset[str]] = {}

    def whole(self, definition: Any) -> Sheet:
        """The sheet."""
        said = _known(_object(definition, _("the form")), WHOLE, _("the form"))
        self.to_come = dict(_looks(said))
        sections = tuple(self.section(each) for each in _list(said.get("sections"), "sections"))
        if not self.questions:
            raise Unreadable(_("A form asks at least one thing."))
        for each in self.questions.values():
            for name in each.fills:
                self.need(name, f"{each.name}: fills")
        impact = tuple(self.need(str(name), "impact") for name in _list(said.get("impact", []), "impact"))
        level = self.need(str(said["level"]), "level") if said.get("level") else ""
        return Sheet(self.questions, sections, self.around, impact, self.matrix(said.get("matrix")), level)

    def section(self, raw: Any) -> Section:
        """Questions below a heading."""
        said = _known(_object(raw, "sections"), frozenset({"title", "fields"}), "sections")
        names = []
        for each in _list(said.get("fields"), "fields"):
            question = self.question(_object(each, "fields"))
            if question.name in self.questions or question.name in self.around or question.name == FORM:
                raise Misread(question.name, "name", _("There are two fields called “%(name)s”.", name=question.name))
            if len(self.questions) >= MOST:
                raise Unreadable(_("A form asks %(most)d things at most.", most=MOST))
            self.questions[question.name] = question
            names.append(question.name)
        return Section(_words(said.get("title", "")), tuple(names))

    def question(self, said: Mapping[str, Any]) -> Question:
        """One question, with what its conditions and sums mean."""
        name = str(said.get("name", ""))
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
            raise Unreadable(_("“%(name)s” is no name for a field: small letters, digits and _ only.", name=name[:60]))
        with _about(name):
            _known(said, FIELD, name)
            return self._question(name, said)

    def _question(self, name: str, said: Mapping[str, Any]) -> Question:
        shown, needed = (self.rule(name, word, str(said.get(word, ""))) for word in ("shown_when", "needed_when"))
        if said.get("calculated"):
            with _about(name, "calculated"):
                total = sums.understood(str(said["calculated"]))
                for each in sorted(total.names):
                    self.before(name, each)
            bands = tuple(_band(each) for each in _list(said.get("bands", []), "bands"))
            kind = "choice" if bands else str(said.get("kind", "decimal"))
            if kind not in ("choice", "integer", "decimal", "money"):
                raise Unreadable(_("What is worked out is a number, an amount, or bands."))
            listed = {"choices": {band.code: band.label for band in bands}} if bands else {}
            return Question(_field(name, {**said, **listed, "kind": kind, "required": False}), shown, "", total,
                            tuple(sorted(bands, key=lambda band: band.least)))
        with _about(name, "columns"):
            columns = tuple(_column(_object(each, "columns")) for each in _list(said.get("columns", []), "columns"))
        if (said.get("kind") == "rows") != bool(columns):
            raise Unreadable(_("Rows need columns, and only they have them."))
        fills = {str(to): str(source) for to, source in _object(said.get("fills", {}), "fills").items()}
        least, most = (_whole(said.get(word, other)) for word, other in (("rows_least", 0), ("rows_most", 20)))
        return Question(_field(name, said), shown, needed, columns=columns, least=least, most=min(most, 50), fills=fills,
                        start=str(said.get("start", "")))

    def rule(self, name: str, word: str, text: str) -> str:
        """What a condition means; it looks at what is asked before it."""
        if not text:
            return ""
        answers = {key: _comparable(each.field) for key, each in self.questions.items() if not each.columns}
        with _about(name, word):
            try:
                return access.understood_among(text, {**self.around, **answers})
            except Invalid:
                for each in re.findall(r"[a-z_][a-z0-9_]*", re.sub(r'"[^"]*"', "", text)):
                    if each in self.to_come and each not in self.questions and each not in self.around:
                        self.before(name, each)
                raise

    def before(self, name: str, looked_at: str) -> None:
        """Hold that a field looks only at what comes before it. Raises `Unreadable`."""
        if looked_at not in self.questions and looked_at not in self.around and looked_at in self.to_come:
            if (way := self.way(looked_at, name)) is not None:
                raise Unreadable(_("It is worked out from itself: %(names)s.", names=" → ".join((name, *way))))
            raise Unreadable(_("“%(name)s” comes behind this field: move it before.", name=looked_at))
        self.need(looked_at, "calculated", {**self.questions, **self.around})

    def way(self, start: str, end: str) -> tuple[str, ...] | None:
        """The names over which a sum looks at another one; None when it does not."""
        ways, seen = [(start,)], {start}
        for way in ways:
            if way[-1] == end:
                return way
            following = sorted(self.to_come.get(way[-1], frozenset()) - seen)
            seen |= set(following)
            ways += [(*way, each) for each in following]
        return None

    def need(self, name: str, where: str, among: Mapping[str, Any] | None = None) -> str:
        """A name that stands in the form. Raises `Unreadable` naming the nearest right one."""
        names = list(self.questions if among is None else among)
        if name not in names:
            raise Unreadable(_("%(where)s: “%(name)s” is not a field that comes before. Known: %(names)s.", where=where, name=name[:60],
                               names=", ".join(names) or "–"))
        return name

    def matrix(self, raw: Any) -> Matrix | None:
        """The table of two choices."""
        if not raw:
            return None
        said = _known(_object(raw, "matrix"), frozenset({"down", "across", "result"}), "matrix")
        found = Matrix(*(self.need(str(said.get(word, "")), f"matrix: {word}") for word in ("down", "across", "result")))
        if not self.questions[found.result].bands or any(self.questions[n].field.listed is None for n in (found.down, found.across)):
            raise Unreadable(_("A matrix needs two choices, and a result in bands."))
        return found


def _looks(said: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """The names of all fields, each with those that its sum looks at, as far as they can be read."""
    for section in _list(said.get("sections"), "sections"):
        for each in section.get("fields") or () if isinstance(section, Mapping) else ():
            if isinstance(each, Mapping):
                try:
                    names = sums.understood(str(each["calculated"])).names if each.get("calculated") else frozenset()
                except Unreadable:
                    names = frozenset()
                yield str(each.get("name", "")), names


def _field(name: str, said: Mapping[str, Any]) -> Field:
    kind = str(said.get("kind", "text"))
    if kind not in KINDS:
        raise Unreadable(_("“%(word)s” is no kind of field. Known: %(names)s.", word=kind[:40], names=", ".join(KINDS)))
    label = said.get("label") or name.replace("_", " ").capitalize()
    given: dict[str, Any] = {"name": name, "attribute": name, "label": _words(label), "help": _words(said.get("help") or ""),
                             "required": bool(said.get("required", False)), "scale": min(_whole(said.get("decimals", 2)), 8),
                             "minimum": _bound(said.get("minimum")), "maximum": _bound(said.get("maximum"))}
    if kind == "choice":
        choices = {str(code): _words(words) for code, words in _object(said.get("choices", {}), "choices").items()}
        if not choices:
            raise Unreadable(_("A choice needs something to choose from."))
        return Field(kind="text", max_length=100, listed=lambda: choices, **given)
    if kind == "reference":
        table = str(said.get("table", ""))
        if registry.of_table(table) is None:
            raise Unreadable(_("“%(word)s” is not known here.", word=table[:60]))
        return Field(kind="reference", reference=table, **given)
    return Field(kind="long_text" if kind == "rows" else kind, max_length={"text": 200, "long_text": 5_000}.get(kind, 0), **given)


def _column(said: Mapping[str, Any]) -> Field:
    name = str(said.get("name", ""))
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or said.get("kind") in ("rows", "boolean", "reference"):
        raise Unreadable(_("“%(name)s” is no name for a field: small letters, digits and _ only.", name=name[:60]))
    return _field(name, _known(said, FIELD, name))


def _comparable(said: Field) -> Field:
    """A question as conditions compare it: an amount is a number, in the organisation's currency."""
    return replace(said, kind="decimal") if said.kind == "money" else said


def _band(raw: Any) -> Band:
    said = _known(_object(raw, "bands"), frozenset({"from", "code", "label", "tone"}), "bands")
    tone = str(said.get("tone", "neutral"))
    if tone not in TONES or not str(said.get("code", "")):
        raise Unreadable(_("A band has a code, and one of these tones: %(names)s.", names=", ".join(TONES)))
    return Band(_bound(said.get("from")) or Decimal(), str(said["code"]), _words(said.get("label", said["code"])), tone)


def _words(text: Any) -> Any:
    """Words of the form, translated where they are words of the product."""
    said = str(text)[:300]
    return lazy_gettext(said) if said else ""


def _bound(raw: Any) -> Decimal | None:
    try:
        return None if raw is None else Decimal(str(raw))
    except ArithmeticError:
        raise Unreadable(_("Not a number: “%(raw)s”. Write it like 1234.50.", raw=str(raw)[:80])) from None


def _whole(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise Unreadable(_("A whole number is needed, not %(raw)s.", raw=str(raw)[:80]))
    return raw


def _object(raw: Any, where: Any) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise Unreadable(_("%(where)s: a JSON object is needed.", where=where))
    return raw


def _list(raw: Any, where: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise Unreadable(_("%(where)s: a list is needed.", where=where))
    return raw


def _known(said: Mapping[str, Any], words: frozenset[str], where: Any) -> Mapping[str, Any]:
    for word in said:
        if word not in words:
            raise Unreadable(_("%(where)s: “%(word)s” is not known. Known: %(names)s.", where=where, word=str(word)[:40],
                               names=", ".join(sorted(words))))
    return said
