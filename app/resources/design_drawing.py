"""What the page of a form shows of its fields: the list, and the boxes of the one that is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict

from app.core.forms import building
from app.core.forms.designing import ROWS, Errors, Kind, QuestionForm, from_form, tables, to_form
from app.core.forms.reading import Misread
from app.kernel.fields import fields_of
from app.kernel.kinds import counted
from app.resources.bound_fields import bound_field, bound_rows, typed, typed_rows

MOST = 50
SAME = {"help": "hint"}


@dataclass
class Box:
    """One field that is open: its name so far (none of a new one), its section, what stands in its boxes, and what is wrong there."""

    name: str
    section: int
    raw: dict[str, Any]
    made: building.Said = field(default_factory=dict)
    errors: Errors = field(default_factory=dict)
    fresh: tuple[str, int] = ("", -1)

    @classmethod
    def of(cls, said: building.Said, name: str) -> Box:
        """A field as it is."""
        return cls(name, building.place_of(said, name)[0], to_form(building.field_of(said, name), name in said.get("impact", ())))

    @classmethod
    def fresh_in(cls, section: int) -> Box:
        """A field to come."""
        return cls("", section, to_form({}, False))

    @classmethod
    def typed(cls, said: building.Said, form: MultiDict[str, str]) -> Box:
        """A field as it was typed."""
        name = form.get("field", "")
        raw = typed(form, fields_of(QuestionForm).values())
        raw |= {word: typed_rows(form, word, list(fields_of(rows).values()), MOST) for word, (_label, rows, _kind) in ROWS.items()}
        before = building.field_of(said, name) if name in building.names_of(said) else {}
        box = cls(name if before else "", counted(form.get("section", "")) or 0, raw)
        box._reshape(form)
        box.made, box.errors = from_form(raw, before)
        if {"_redraw", "_add_line", "_remove_line"} & set(form):
            box.errors = {}
        return box

    def _reshape(self, form: MultiDict[str, str]) -> None:
        word = form.get("_add_line", "")
        if word in ROWS:
            self.raw[word] = [*self.raw[word], {}]
            self.fresh = (word, len(self.raw[word]) - 1)
        word, _sep, place = form.get("_remove_line", "").partition(":")
        number = counted(place)
        if word in ROWS and number is not None and number < len(self.raw[word]):
            self.raw[word].pop(number)

    def impacts(self, said: building.Said) -> list[str]:
        """Which fields are shown beside the form, with this one or without it."""
        wanted = self.raw.get("impact") in (True, "true")
        others = [each for each in said.get("impact", ()) if each not in (self.made["name"], self.name)]
        return [*others, self.made["name"]] if wanted and self.made["name"] not in said.get("impact", ()) else (
            list(said.get("impact", ())) if wanted else others)

    def blame(self, flaw: Misread) -> None:
        """Put what is wrong with the whole form where it can be mended: at the box of this field, or above all of them."""
        word = SAME.get(flaw.word, flaw.word)
        here = flaw.name == self.made.get("name") and (word in fields_of(QuestionForm) or word in ROWS)
        self.errors.setdefault(word if here else "", [flaw.what if here else str(flaw)])


def described(box: Box, said: building.Said, address: str) -> dict[str, Any]:
    """The boxes of a field, ready to draw; `address` is where they are drawn anew."""
    known = fields_of(QuestionForm)
    kind = box.raw.get("kind") or "text"
    asked = [each for each in known.values() if each.applies(box.raw.get)]
    drawn = [bound_field(each, box.raw.get(each.name), errors=box.errors.get(each.name, ()),
                         needed=bool(each.needed_when) and each.needed(box.raw.get),
                         redraw=address if each.name == "kind" else "") for each in asked]
    rows = [bound_rows(word, label, list(fields_of(model).values()), box.raw.get(word) or [{}], box.errors,
                       box.fresh[1] if box.fresh[0] == word else -1) for word, (label, model, of) in ROWS.items() if of == kind]
    labels = {each.name: each.label for each in known.values()}
    return {"name": box.name, "section": box.section, "fields": drawn, "rows": rows,
            "title": _words(building.field_of(said, box.name)) if box.name in building.names_of(said) else _("New field"),
            "names": [(each, _words(building.field_of(said, each))) for each in building.names_of(said) if each != box.name],
            "errors": [_summed(name, each[0], labels) for name, each in box.errors.items()]}


def outline(said: building.Said) -> list[dict[str, Any]]:
    """The sections with their fields, each with what it asks in one line."""
    called = tables()
    last = len(said["sections"]) - 1
    found = []
    for number, section in enumerate(said["sections"]):
        fields = [_line(each, said, called, first=not number and not place, last=number == last and place == len(section["fields"]) - 1)
                  for place, each in enumerate(section["fields"])]
        found.append({"number": number, "title": _shown(section.get("title", "")), "raw": section.get("title", ""), "fields": fields,
                      "may_up": number > 0, "may_down": number < last, "may_remove": last > 0})
    return found


def _line(each: Mapping[str, Any], said: building.Said, called: Mapping[str, Any], *, first: bool, last: bool) -> dict[str, Any]:
    kind = str(to_form(each, False)["kind"])
    facts = [str(Kind(kind).label)]
    if each.get("table"):
        facts.append(str(called.get(each["table"], each["table"])))
    if each.get("choices"):
        facts.append(", ".join(_shown(label) for label in each["choices"].values()))
    if each.get("columns"):
        facts.append(", ".join(_words(column) for column in each["columns"]))
    hangs = [(_("Worked out as"), each.get("calculated")), (_("Only if"), each.get("shown_when")),
             (_("Needed if"), each.get("needed_when"))]
    return {"name": each["name"], "label": _words(each), "help": _shown(each.get("help", "")), "required": each.get("required", False),
            "facts": facts, "hangs": [(word, text) for word, text in hangs if text], "impact": each["name"] in said.get("impact", ()),
            "may_up": not first, "may_down": not last}


def _words(each: Mapping[str, Any]) -> str:
    return _shown(each.get("label") or str(each["name"]).replace("_", " ").capitalize())


def _shown(text: Any) -> str:
    return str(lazy_gettext(str(text))) if text else ""


def _summed(name: str, said: Any, labels: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """An error with the place at which it is mended."""
    word, *place = name.split(".")
    if word in ROWS:
        label, model, _kind = ROWS[word]
        if not place:
            return f"lines-{word}", label, said
        column = fields_of(model)[place[1]].label
        return f"field-{word}-{int(place[0]) - 1}-{place[1]}", _("Row %(number)s, %(column)s", number=place[0], column=column), said
    return (f"field-{word}" if word else "", labels.get(word, ""), said)
