"""Changing a definition piece by piece, as the page does: fields and sections put, moved, copied, removed, renamed. Pure; `reading` says
what is wrong then."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

Said = dict[str, Any]
CONDITIONS = ("shown_when", "needed_when")
TOKEN = re.compile(r'"[^"]*"|[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?|!=|<=|>=|[=<>(),]|\S', re.IGNORECASE)
COMPARED = ("=", "!=", "<", "<=", ">", ">=")


def place_of(said: Said, name: str) -> tuple[int, int]:
    """In which section a field stands, and where there. Raises KeyError."""
    for number, section in enumerate(said["sections"]):
        for place, each in enumerate(section["fields"]):
            if each["name"] == name:
                return number, place
    raise KeyError(name)


def field_of(said: Said, name: str) -> Said:
    """One field. Raises KeyError."""
    number, place = place_of(said, name)
    found: Said = said["sections"][number]["fields"][place]
    return found


def names_of(said: Said) -> list[str]:
    """The names of all fields, in their order."""
    return [each["name"] for section in said["sections"] for each in section["fields"]]


def put(said: Said, name: str, field: Said, section: int) -> Said:
    """With one field changed, or (without a name) a new one at the end of a section; what spoke of its old name speaks of the new one."""
    made = copy.deepcopy(said)
    if not name:
        _section(made, section)["fields"].append(field)
        return made
    number, place = place_of(made, name)
    made["sections"][number]["fields"][place] = field
    return renamed(made, name, field["name"]) if field["name"] != name and name not in names_of(made) else made


def moved(said: Said, name: str, step: int) -> Said:
    """With a field one place earlier (-1) or later (1); at the edge of its section it goes over to the next one."""
    made = copy.deepcopy(said)
    number, place = place_of(made, name)
    fields = made["sections"][number]["fields"]
    field = fields.pop(place)
    if 0 <= place + step <= len(fields):
        fields.insert(place + step, field)
    else:
        beside = _section(made, number + step)["fields"]
        beside.insert(len(beside) if step < 0 else 0, field)
    return made


def copied(said: Said, name: str, label: str) -> tuple[Said, str]:
    """With a second field like one of them right behind it; and what that is called."""
    made = copy.deepcopy(said)
    number, place = place_of(made, name)
    fresh = free_name(made, name)
    made["sections"][number]["fields"].insert(place + 1, {**copy.deepcopy(field_of(made, name)), "name": fresh, "label": label})
    return made, fresh


def removed(said: Said, name: str) -> Said:
    """Without a field; what is shown of the whole does without it too. Conditions and sums that look at it keep it from going."""
    made = copy.deepcopy(said)
    number, place = place_of(made, name)
    del made["sections"][number]["fields"][place]
    made["impact"] = [each for each in made.get("impact", ()) if each != name]
    if made.get("level") == name:
        del made["level"]
    if name in (made.get("matrix") or {}).values():
        del made["matrix"]
    for section in made["sections"]:
        for each in section["fields"]:
            if name in each.get("fills", {}):
                each["fills"] = {to: source for to, source in each["fills"].items() if to != name}
    return made


def section_added(said: Said, title: str) -> Said:
    """With one more section at the end."""
    return {**said, "sections": [*said["sections"], {"title": title, "fields": []}]}


def section_titled(said: Said, number: int, title: str) -> Said:
    """With another heading. Raises KeyError."""
    made = copy.deepcopy(said)
    _section(made, number)["title"] = title
    return made


def section_moved(said: Said, number: int, step: int) -> Said:
    """With a section one place earlier or later. Raises KeyError."""
    made = copy.deepcopy(said)
    one, other = _section(made, number), _section(made, number + step)
    made["sections"][number], made["sections"][number + step] = other, one
    return made


def section_removed(said: Said, number: int) -> Said:
    """Without a heading: its fields stand at the end of the section before it, or at the head of the next. Raises KeyError."""
    made = copy.deepcopy(said)
    gone = _section(made, number)
    if len(made["sections"]) == 1:
        raise KeyError(number)
    del made["sections"][number]
    beside = made["sections"][max(number - 1, 0)]["fields"]
    beside[len(beside) if number else 0:len(beside) if number else 0] = gone["fields"]
    return made


def renamed(said: Said, old: str, new: str) -> Said:
    """With everything that speaks of a field speaking of its new name."""
    def other(name: str) -> str:
        return new if name == old else name

    made = copy.deepcopy(said)
    made["impact"] = [other(each) for each in made.get("impact", ())]
    if made.get("level"):
        made["level"] = other(made["level"])
    if made.get("matrix"):
        made["matrix"] = {word: other(each) for word, each in made["matrix"].items()}
    for section in made["sections"]:
        for each in section["fields"]:
            for word in CONDITIONS:
                if each.get(word):
                    each[word] = _spoken(each[word], old, new)
            if each.get("calculated"):
                each["calculated"] = re.sub(rf"(?<![\w.]){re.escape(old)}(?![\w(])", new, each["calculated"])
            if each.get("fills"):
                each["fills"] = {other(to): source for to, source in each["fills"].items()}
    return made


def free_name(said: Said, wanted: str) -> str:
    """A name that no field has."""
    taken, stem = set(names_of(said)), re.sub(r"_\d+$", "", wanted)[:36]
    return wanted if wanted not in taken else next(name for name in (f"{stem}_{n}" for n in range(2, len(taken) + 3)) if name not in taken)


def without_empty(said: Mapping[str, Any]) -> Said:
    """A definition without what says nothing."""
    return {word: value for word, value in said.items() if value not in (None, "", [], {}, False)}


def _section(said: Said, number: int) -> Said:
    if not 0 <= number < len(said["sections"]):
        raise KeyError(number)
    found: Said = said["sections"][number]
    return found


def _spoken(text: str, old: str, new: str) -> str:
    """A condition in which a field has another name; a value that reads the same stays: it stands behind a comparison, or in a list."""
    parts, at, listed, before = [], 0, False, ""
    for found in TOKEN.finditer(text):
        word = found.group()
        listed = (listed or (word == "(" and before == "in")) and word != ")"
        value = listed or before in COMPARED
        parts += [text[at:found.start()], new if word == old and not value else word]
        at, before = found.end(), word
    return "".join((*parts, text[at:]))
