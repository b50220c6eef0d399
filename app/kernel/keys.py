"""The one registry of keys: it feeds the `?` sheet, the palette, tooltips, `aria-keyshortcuts`, the browser and the tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.kernel.current import current
from app.kernel.errors import DeclarationError
from app.kernel.preferences import preset

LETTERS = {"inbox": "i", "notifications": "n", "dashboard": "d", "requests": "r", "starred": "s", "triage": "t", "calendar": "c",
           "kpis": "k", "planning": "p", "procurement": "q", "documents": "e", "pob": "o", "bookings": "b", "permits": "w",
           "hse": "h", "rotations": "v", "assets": "x", "legal": "l", "contracts": "y", "fleet": "f", "jobs": "j", "audit": "u",
           "settings": "z"}
NOT_OFFERED = ("palette", "queue.choice")
SCOPES = {"global": _l("Everywhere"), "list": _l("In lists"), "detail": _l("On a record"), "form": _l("In forms"),
          "queue": _l("In the inbox"), "request": _l("On a record")}


@dataclass(frozen=True)
class Key:
    """What a key does: `keys` are alternatives, each a press (`Shift+J`, `Mod+k`) or a sequence of them (`g i`).

    `path` is where it leads below the organisation; without one, the browser raises `action` where the focus is.
    """

    action: str
    keys: tuple[str, ...]
    label: Any
    scope: str = "global"
    path: str = ""
    presets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def bound(self, chosen: str) -> tuple[str, ...]:
        """The keys under a preset; when keys are off, only those with a modifier remain (WCAG 2.1.4)."""
        if chosen == "off":
            return tuple(k for k in self.keys if k.startswith("Mod+") or k == "Escape")
        return self.presets.get(chosen, self.keys)


def _queue(action: str, keys: tuple[str, ...], label: Any, **presets: tuple[str, ...]) -> Key:
    return Key(f"queue.{action}", keys, label, "queue", presets=presets)


_KEYS: list[Key] = [
    Key("search", ("/",), _l("Search")),
    Key("palette", ("Mod+k",), _l("Command palette")),
    Key("sheet", ("?",), _l("All keys that work here")),
    Key("back", ("Escape", "u"), _l("Back"), presets={"linear": ("Escape",), "outlook": ("Escape",)}),
    Key("list.next", ("j", "ArrowDown"), _l("Next row"), "list"),
    Key("list.previous", ("k", "ArrowUp"), _l("Previous row"), "list"),
    Key("list.open", ("Enter", "o"), _l("Open it"), "list"),
    Key("list.select", ("x",), _l("Select"), "list"),
    Key("list.all", ("* a",), _l("Select all"), "list"),
    Key("list.none", ("* n",), _l("Select none"), "list"),
    Key("list.new", ("n",), _l("New"), "list"),
    Key("detail.previous", ("[",), _l("Previous record"), "detail"),
    Key("detail.next", ("]",), _l("Next record"), "detail"),
    Key("detail.edit", ("e",), _l("Edit"), "detail"),
    Key("detail.copy", ("y",), _l("Copy the permanent link"), "detail"),
    Key("detail.print", ("Shift+P",), _l("Print"), "detail"),
    Key("request.previous", ("[",), _l("Previous record"), "request"),
    Key("request.next", ("]",), _l("Next record"), "request"),
    Key("form.save", ("Mod+s",), _l("Save"), "form"),
    Key("send", ("Mod+Enter",), _l("Send")),
    _queue("next", ("j", "ArrowDown"), _l("Next")),
    _queue("previous", ("k", "ArrowUp"), _l("Previous")),
    _queue("extend_next", ("Shift+J",), _l("Extend selection down")),
    _queue("extend_previous", ("Shift+K",), _l("Extend selection up")),
    _queue("select", ("x",), _l("Select")),
    _queue("all", ("* a",), _l("Select all")),
    _queue("none", ("* n",), _l("Select none")),
    _queue("overdue", ("* o",), _l("Select overdue")),
    _queue("mine", ("* m",), _l("Select mine")),
    _queue("green", ("* g",), _l("Select GREEN")),
    _queue("open", ("Enter", "o"), _l("Open it")),
    _queue("peek", ("i",), _l("Peek at evidence and changes"), linear=("Space",)),
    _queue("approve", ("a",), _l("Approve")),
    _queue("modify", ("w",), _l("Change, then approve")),
    _queue("return", ("r",), _l("Return for changes or reject")),
    _queue("delegate", ("f",), _l("Delegate")),
    _queue("ask", ("q",), _l("Ask for information")),
    _queue("opinion", ("p",), _l("Ask for a second opinion")),
    _queue("add", ("b",), _l("Add an approver")),
    _queue("advise", ("t",), _l("Give your opinion")),
    _queue("star", ("s",), _l("Star, or no longer"), outlook=("Shift+S",)),
    _queue("timeline", ("v t",), _l("Time line")),
    _queue("list", ("v l",), _l("As a list")),
    _queue("board", ("v b",), _l("As a board")),
    _queue("left", ("ArrowLeft",), _l("Column before, on the board")),
    _queue("right", ("ArrowRight",), _l("Next column, on the board")),
    _queue("comment", ("m",), _l("Comment")),
    _queue("escalate", ("!",), _l("Escalate")),
    _queue("snooze", ("h",), _l("Snooze"), outlook=("s",)),
    _queue("done", ("e",), _l("Done, for information items"), outlook=("d",)),
    _queue("choice", tuple("123456789"), _l("The step's own buttons")),
    _queue("undo", ("z",), _l("Undo inside the hold window")),
]


def registered() -> tuple[Key, ...]:
    """Every key there is."""
    return tuple(_KEYS)


def register(key: Key) -> None:
    """Add a key; the same keys twice in one scope, or in a scope and everywhere, stop the start."""
    if key in _KEYS:
        return
    for other in _KEYS:
        if other.action == key.action:
            raise DeclarationError(f"the action “{key.action}” has a key already")
        if "global" in (other.scope, key.scope) or other.scope == key.scope:
            clash = set(other.keys) & set(key.keys)
            if clash:
                raise DeclarationError(f"“{' '.join(sorted(clash))}” is bound to {other.action} and to {key.action}")
    _KEYS.append(key)


def destination(name: str, path: str, label: Any) -> None:
    """Register `g` and the letter of a place that exists (`LETTERS`); a place without a letter has no key."""
    if name in LETTERS and not any(key.action == f"go.{name}" for key in _KEYS):
        register(Key(f"go.{name}", (f"g {LETTERS[name]}",), label, path=path))


def _wanted(scopes: Iterable[str]) -> list[Key]:
    asked = {"global", *scopes}
    return [key for key in _KEYS if key.scope in asked]


def _root() -> str:
    return f"/{current.organisation.slug}/" if current.has_organisation else "/"


def keys_for(*scopes: str) -> str:
    """JSON for the browser: the keys of these scopes and of everywhere, under the person's preset."""
    g.key_scopes = scopes
    chosen, root = preset(), _root()
    found = [{"a": key.action, "k": list(key.bound(chosen)), **({"u": root + key.path} if key.path else {})}
             for key in _wanted(scopes)]
    return json.dumps([entry for entry in found if entry["k"]], separators=(",", ":"))


def scopes_here() -> str:
    """The scopes whose keys the page that is being drawn was given, for its palette."""
    return ",".join(g.get("key_scopes", ()))


def _first(action: str) -> str:
    for key in _KEYS:
        if key.action == action:
            return next(iter(key.bound(preset())), "")
    raise LookupError(f"no key is registered for “{action}”")


def shown_keys(action: str) -> list[str]:
    """The presses to show beside a button: `["g", "i"]`; empty when keys are off."""
    return [_written(press) for press in _first(action).split()]


def _written(press: str) -> str:
    *modifiers, last = press.split("+") if len(press) > 1 else [press]
    names = {"Mod": "Ctrl", "Shift": "⇧"}
    return " ".join([*(names[m] for m in modifiers), last.upper() if modifiers and len(last) == 1 else last])


def spoken_keys(action: str) -> str:
    """`aria-keyshortcuts` for a button; a sequence cannot be said there and gives nothing."""
    first = _first(action)
    return "" if " " in first else first.replace("Mod+", "Control+")


def key_attributes(action: str) -> Markup:
    """The attributes of the control that a key presses; nothing for a control without a key."""
    if not action:
        return Markup()
    spoken = spoken_keys(action)
    return Markup(' data-key="{}"').format(action) + (Markup(' aria-keyshortcuts="{}"').format(spoken) if spoken else Markup())


@dataclass(frozen=True)
class PaletteAction:
    """Something that the palette offers: an address, or an action of the page that is open."""

    id: str
    title: Any
    url: str
    icon: str
    keys: list[str]
    run: str = ""
    subtitle: str = ""


def palette_actions(words: str = "", scopes: Iterable[str] = ()) -> list[PaletteAction]:
    """The places and the actions of these scopes whose label has the words; places first."""
    wanted, root = words.casefold().split(), _root()
    found = [key for key in _wanted(scopes) if key.action not in NOT_OFFERED
             and all(word in str(key.label).casefold() for word in wanted)]
    return [PaletteAction(key.action.replace(".", "-"), key.label, root + key.path if key.path else "#",
                          "arrow-right" if key.path else "zap",
                          shown_keys(key.action), "" if key.path else key.action)
            for key in sorted(found, key=lambda key: not key.path)]


def sheet(*scopes: str) -> list[tuple[Any, list[Key]]]:
    """The keys by scope, for the `?` sheet and the documentation."""
    return [(label, [key for key in _wanted(scopes) if key.scope == scope and key.bound(preset())])
            for scope, label in SCOPES.items() if scope == "global" or scope in scopes]
