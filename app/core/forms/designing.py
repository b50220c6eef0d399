"""The form in which one field of a form is described, there and back: from the definition to what stands in the boxes, and back to it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.forms.building import Said, without_empty
from app.kernel.fields import Field, Form, boolean, choice, decimal, fields_of, listed, small_integer, text
from app.kernel.kinds import Choices, Unreadable
from app.kernel.registry import registry

Errors = dict[str, list[Any]]
Row = Mapping[str, Any]


class Kind(Choices):
    """What is asked, in the words of whoever makes a form."""

    TEXT = "text", _l("Text, one line")
    LONG_TEXT = "long_text", _l("Text, several lines")
    INTEGER = "integer", _l("Whole number")
    DECIMAL = "decimal", _l("Number with decimals")
    MONEY = "money", _l("Amount of money")
    DATE = "date", _l("Day")
    BOOLEAN = "boolean", _l("Yes or no")
    CHOICE = "choice", _l("One of several")
    REFERENCE = "reference", _l("A record")
    ROWS = "rows", _l("Rows of a table")
    SUM = "sum", _l("A number that is worked out")
    BANDS = "bands", _l("Words that are worked out")


class Figure(Choices):
    """What a sum is shown as."""

    DECIMAL = "decimal", _l("Number with decimals")
    INTEGER = "integer", _l("Whole number")
    MONEY = "money", _l("Amount of money")


class Cell(Choices):
    """What a column of rows asks."""

    TEXT = "text", _l("Text, one line")
    LONG_TEXT = "long_text", _l("Text, several lines")
    INTEGER = "integer", _l("Whole number")
    DECIMAL = "decimal", _l("Number with decimals")
    MONEY = "money", _l("Amount of money")
    DATE = "date", _l("Day")
    CHOICE = "choice", _l("One of several")


class Tone(Choices):
    """How words that are worked out look."""

    NEUTRAL = "neutral", _l("Plain")
    GOOD = "good", _l("Good")
    INFO = "info", _l("To know")
    WARNING = "warning", _l("Careful")
    DANGER = "danger", _l("Bad")


COUNTED = frozenset({"integer", "decimal", "money"})
WORKED = frozenset({"sum", "bands"})
ASKED = frozenset(each.value for each in Kind) - WORKED
BEGUN = ASKED - {"rows"}


def tables() -> dict[str, Any]:
    """The kinds of records that a field can ask for."""
    found = {resource.model.__tablename__: resource.plural for resource in registry if resource.menu}  # type: ignore[attr-defined]
    return dict(sorted(found.items(), key=lambda each: str(each[1])))


class QuestionForm(Form):
    """One field of a form."""

    label = text(_l("What it is called"), max_length=300, help=_l("As whoever fills it in reads it."))
    name = text(_l("Short name"), max_length=40, required=False,
                help=_l("Conditions and sums use it: small letters, digits and _. Empty: made from the label."))
    kind = choice(_l("What is asked"), Kind, default=Kind.TEXT, widget="select")
    required = boolean(_l("It has to be answered"), shown_when=("kind", ASKED - {"boolean"}))
    hint = text(_l("Help"), max_length=300, required=False, help=_l("Stands below the box."))
    table = listed(_l("Which records"), tables, required=False, shown_when=("kind", frozenset({"reference"})),
                   needed_when=frozenset({"reference"}), widget="narrow")
    minimum = decimal(_l("At least"), required=False, shown_when=("kind", COUNTED))
    maximum = decimal(_l("At most"), required=False, shown_when=("kind", COUNTED))
    calculated = text(_l("Worked out as"), max_length=300, required=False, shown_when=("kind", WORKED), needed_when=WORKED,
                      help=_l("For example: amount / quantity, or sum(options.cost). With + - * / and min, max, sum, least, most, count."))
    figure = choice(_l("Shown as"), Figure, required=False, shown_when=("kind", frozenset({"sum"})), widget="select")
    decimals = small_integer(_l("Decimals"), required=False, minimum=0, maximum=8, shown_when=("kind", frozenset({"decimal", "sum"})))
    shown_when = text(_l("Only asked if"), max_length=300, required=False,
                      help=_l("For example: reason = training and hours > 2. Empty: always."))
    needed_when = text(_l("Has to be answered if"), max_length=300, required=False, shown_when=("kind", ASKED),
                       help=_l("The same way. Empty: only if it says so above."))
    start = text(_l("Begins with"), max_length=100, required=False, shown_when=("kind", BEGUN),
                 help=_l("A value, or today, user.site, user.department."))
    rows_least = small_integer(_l("At least so many rows"), required=False, minimum=0, maximum=50, shown_when=("kind", frozenset({"rows"})))
    rows_most = small_integer(_l("At most so many rows"), required=False, minimum=1, maximum=50, shown_when=("kind", frozenset({"rows"})))
    impact = boolean(_l("Shown in the box “Impact” beside the form"))


class Option(Form):
    """One thing to choose."""

    label = text(_l("Words"), max_length=120)
    code = text(_l("Kept as"), max_length=60, required=False)


class Column(Form):
    """One column of rows."""

    label = text(_l("Heading"), max_length=120)
    name = text(_l("Short name"), max_length=40, required=False)
    kind = choice(_l("What is asked"), Cell, default=Cell.TEXT, widget="select")
    options = text(_l("To choose from, with commas"), max_length=140, required=False)
    required = boolean(_l("Needed"))


class BandRow(Form):
    """From a number on, these words."""

    least = decimal(_l("From"))
    label = text(_l("Words"), max_length=120)
    code = text(_l("Kept as"), max_length=60, required=False)
    tone = choice(_l("Look"), Tone, default=Tone.NEUTRAL, widget="select")


class Fill(Form):
    """An answer that a chosen record fills in."""

    to = text(_l("This field"), max_length=40)
    source = text(_l("with this of the record"), max_length=60)


ROWS: Mapping[str, tuple[Any, type[Form], str]] = {
    "choices": (_l("To choose from"), Option, "choice"), "columns": (_l("Columns"), Column, "rows"),
    "bands": (_l("Which words from which number on"), BandRow, "bands"), "fills": (_l("Filled in from the record"), Fill, "reference")}
PLAIN = ("label", "name", "required", "table", "minimum", "maximum", "calculated", "decimals", "shown_when", "needed_when", "start",
         "rows_least", "rows_most")


def to_form(said: Row, impact: bool) -> dict[str, Any]:
    """What stands in the boxes for one field of a definition."""
    kind = ("bands" if said.get("bands") else "sum") if said.get("calculated") else said.get("kind", "text")
    return {**{word: said.get(word, "") for word in PLAIN}, "kind": kind, "hint": said.get("help", ""), "impact": impact,
            "figure": said.get("kind", "decimal"),
            "choices": [{"code": code, "label": label} for code, label in said.get("choices", {}).items()],
            "columns": [{**{word: each.get(word, "") for word in ("name", "label", "required")}, "kind": each.get("kind", "text"),
                         "options": ", ".join(each.get("choices", {}).values())} for each in said.get("columns", ())],
            "bands": [{"least": each.get("from", ""), "label": each.get("label", ""), "code": each.get("code", ""),
                       "tone": each.get("tone", "neutral")} for each in said.get("bands", ())],
            "fills": [{"to": to, "source": source} for to, source in said.get("fills", {}).items()]}


def from_form(raw: Row, before: Row) -> tuple[Said, Errors]:
    """The field of a definition that the boxes mean, and what is wrong with single boxes."""
    errors: Errors = {}
    values = _read(fields_of(QuestionForm), raw, "", errors)
    kind = str(getattr(values.get("kind"), "value", ""))
    label = values.get("label") or ""
    found: Said = {"name": values.get("name") or named(label), "label": label, "help": values.get("hint"),
                   "kind": kind if kind not in WORKED else "", "required": values.get("required") or False}
    found |= {word: _number(values.get(word)) for word in ("minimum", "maximum")}
    found |= {word: values.get(word) for word in ("shown_when", "needed_when", "table", "start", "calculated", "rows_least", "rows_most")}
    if kind in WORKED and not found["calculated"]:
        errors["calculated"] = [_("This is needed.")]
    if kind == "reference" and not found["table"]:
        errors["table"] = [_("This is needed.")]
    found |= {word: make(raw.get(word) or (), before, errors) for word, make in MAKERS.items() if ROWS[word][2] == kind}
    if kind == "sum":
        found["kind"] = str(getattr(values.get("figure"), "value", "")) or "decimal"
    made = without_empty(found)
    if values.get("decimals") is not None:
        made["decimals"] = values["decimals"]
    return made, errors


def named(label: str) -> str:
    """A short name made of words."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    found = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_")
    return found if re.match(r"[a-z]", found) else f"field_{found}".strip("_")[:40]


def _read(fields: Mapping[str, Field], raw: Row, above: str, errors: Errors) -> dict[str, Any]:
    """The values of boxes; what cannot be read, or is missing, is named."""
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if not above and not field.applies(raw.get):
            continue
        typed = raw.get(name)
        try:
            values[name] = None if typed in (None, "") else field.parse(typed)
        except (Unreadable, ValueError) as error:
            errors[f"{above}{name}"] = [str(error)]
        if field.required and field.kind != "boolean" and values.get(name) is None and f"{above}{name}" not in errors:
            errors[f"{above}{name}"] = [_("This is needed.")]
    return values


def _rows(word: str, rows: Iterable[Row], errors: Errors) -> list[dict[str, Any]]:
    """The rows in which something stands."""
    fields = fields_of(ROWS[word][1])
    telling = [name for name, field in fields.items() if field.kind != "boolean" and not field.choices]
    return [_read(fields, row, f"{word}.{number}.", errors) for number, row in enumerate(rows, 1)
            if any(str(row.get(name) or "").strip() for name in telling)]


def _choices(rows: Sequence[Row], _before: Row, errors: Errors) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in _rows("choices", rows, errors):
        label = each.get("label") or ""
        code = each.get("code") or named(label)
        if code in found:
            errors["choices"] = [_("“%(code)s” stands there twice.", code=code)]
        found[code] = label
    if not found:
        errors.setdefault("choices", [_("A choice needs something to choose from.")])
    return found


def _columns(rows: Sequence[Row], before: Row, errors: Errors) -> list[Said]:
    known = {each.get("name"): each for each in before.get("columns", ())}
    found = []
    for each in _rows("columns", rows, errors):
        name = each.get("name") or named(each.get("label") or "")
        said = {**known.get(name, {}), "name": name, "label": each.get("label"), "kind": getattr(each.get("kind"), "value", "text"),
                "required": each.get("required")}
        words = [word.strip() for word in (each.get("options") or "").split(",") if word.strip()]
        kept = {label: code for code, label in said.get("choices", {}).items()}
        said["choices"] = {kept.get(word, named(word)): word for word in words} if said["kind"] == "choice" else {}
        found.append(without_empty(said))
    if not found:
        errors.setdefault("columns", [_("Rows need at least one column.")])
    return found


def _bands(rows: Sequence[Row], _before: Row, errors: Errors) -> list[Said]:
    found = [{"from": _number(each.get("least")) or 0, "code": each.get("code") or named(each.get("label") or ""),
              "label": each.get("label") or "", "tone": getattr(each.get("tone"), "value", "neutral")}
             for each in _rows("bands", rows, errors)]
    if not found:
        errors.setdefault("bands", [_("Say at least one.")])
    return found


def _fills(rows: Sequence[Row], _before: Row, errors: Errors) -> dict[str, str]:
    return {each["to"]: each["source"] for each in _rows("fills", rows, errors) if each.get("to") and each.get("source")}


def _number(value: Any) -> Any:
    """A number as JSON keeps it: whole, or exact as text."""
    return None if value is None else int(value) if value == int(value) else str(value.normalize())


MAKERS: Mapping[str, Any] = {"choices": _choices, "columns": _columns, "bands": _bands, "fills": _fills}


def shown_of_all(said: Row) -> dict[str, Any]:
    """What is shown of the whole form: the level of the record, and the table of two choices; with what each can be."""
    fields = [each for section in said["sections"] for each in section["fields"]]
    chosen = [(each["name"], each.get("label") or each["name"]) for each in fields if each.get("choices") and not each.get("calculated")]
    banded = [(each["name"], each.get("label") or each["name"]) for each in fields if each.get("bands")]
    matrix = said.get("matrix") or {}
    return {"level": said.get("level", ""), "down": matrix.get("down", ""), "across": matrix.get("across", ""),
            "result": matrix.get("result", ""), "chosen": chosen, "banded": banded}


def summed(said: Row, typed: Mapping[str, str]) -> Said:
    """With another level of the record, and another table of two choices; without all three of its parts there is none."""
    matrix = {word: typed.get(word, "") for word in ("down", "across", "result")}
    return without_empty({**said, "level": typed.get("level", ""), "matrix": matrix if all(matrix.values()) else {}})
