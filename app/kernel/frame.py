"""What surrounds a page: the menu, the organisations to switch to, the counts. Filled by the layers above through one slot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, g


@dataclass(frozen=True)
class Item:
    """One entry of the menu; `count` is its badge, `key` the name of the badge in the live stream."""

    label: Any
    url: str
    icon: str = "circle"
    count: int = 0
    key: str = ""
    current: bool = False


@dataclass(frozen=True)
class Section:
    """A titled group of menu entries; `key` names it when it is folded away or back."""

    label: Any
    items: Sequence[Item]
    key: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Choice:
    """An organisation that the person may switch to."""

    name: str
    url: str
    role: str = ""
    current: bool = False


@dataclass(frozen=True)
class Frame:
    """Everything around the content; `tabs` is the phone's bottom bar (five entries at most).

    `favourite` is the place of this very page and whether it is kept, `choices` where that is changed.
    `stream` is the address of the live events and `poll` that of the counts as JSON ({key: number}), by `Item.key`.
    """

    sections: Sequence[Section] = ()
    organisations: Sequence[Choice] = ()
    unread: int = 0
    notifications: str = ""
    root: str = "/"
    role: str = ""
    stream: str = ""
    poll: str = ""
    tabs: Sequence[Item] = field(default_factory=tuple)
    favourite: tuple[Item, bool] | None = None
    choices: str = ""

    @property
    def place(self) -> Any:
        """The title of the section that the page is in; empty outside the menu."""
        return next((section.label for section in self.sections if any(item.current for item in section.items)), "")


_provider: list[Callable[[], Frame]] = []


def provide_frame(provider: Callable[[], Frame]) -> Callable[[], Frame]:
    """Fill the slot: called once per full page, with somebody signed in to an organisation."""
    _provider[:] = [provider]
    return provider


def frame() -> Frame:
    """The frame of the page being rendered."""
    if "frame" not in g:
        g.frame = _provider[0]() if _provider else Frame()
    found: Frame = g.frame
    return found


def fill_slot(app: Flask, name: str, provider: Callable[[], Any]) -> None:
    """Let `provider()` say what stands in a slot of every page of `app`: "impersonated", "enrol_by", "session"."""
    app.extensions.setdefault("slots", {})[name] = provider


def slot(name: str) -> Any:
    """What stands in a slot of the page being rendered; None when no service fills it, or it has nothing to say."""
    provider = current_app.extensions.get("slots", {}).get(name)
    return provider() if provider else None
