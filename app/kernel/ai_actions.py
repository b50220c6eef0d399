"""What a module says of the things that a machine does for it: each kind with its level of autonomy; and what stands behind a proposal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.kernel.errors import DeclarationError

COLOURS = ("GREEN", "ORANGE", "RED")


@dataclass(frozen=True)
class AIAction:
    """A kind of action. GREEN is done without a person, ORANGE is checked before it is used, RED is used only once a person has agreed.

    `use(proposal)` does what is proposed, where more is done with it than to read it; it never commits.
    """

    key: str
    label: Any
    level: Literal["GREEN", "ORANGE", "RED"] = "RED"
    help: Any = ""
    use: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Source:
    """Something that a proposal rests on: what it is, the address that opens it ("" where it has none), and the SHA-256 of its bytes."""

    label: str
    url: str
    hash: str


@dataclass(frozen=True)
class Evidence:
    """What stands behind a proposal: facts (label and value), sources, and the words that were produced beside those that would be used.

    `words` are pieces of text, each kept, taken out (`-`) or put in (`+`); empty where nobody has changed any.
    """

    facts: Sequence[tuple[Any, str]] = ()
    sources: Sequence[Source] = ()
    words: Sequence[tuple[str, str]] = ()
    hash: str = ""


def check(action: AIAction) -> None:
    """Stop the start when a kind is declared wrongly."""
    if not action.key or action.level not in COLOURS:
        raise DeclarationError(f"AI action “{action.key}”: it needs a key, and a level that is one of {', '.join(COLOURS)}.")
