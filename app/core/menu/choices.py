"""What a person made of the menu: the places kept as favourites and the sections folded away. Kept with the person's preferences."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.people import Member
from app.kernel.current import Actor

FAVOURITES, FOLDED = "menu_favourites", "menu_folded"


def favourites(user: Actor) -> list[str]:
    """The keys of the places kept, in the order in which they were."""
    return _listed(user.preferences.get(FAVOURITES))


def folded(user: Actor) -> list[str]:
    """The keys of the sections that are folded away."""
    return _listed(user.preferences.get(FOLDED))


def toggle(member: Member, name: str, key: str, known: Iterable[str]) -> None:
    """Keep or let go a place (`FAVOURITES`), fold or unfold a section (`FOLDED`); what is not known any more goes by itself."""
    kept = [each for each in _listed(member.preferences.get(name)) if each in {*known} - {key}]
    if key in known and key not in _listed(member.preferences.get(name)):
        kept.append(key)
    member.preferences = {**member.preferences, name: kept}


def _listed(kept: object) -> list[str]:
    return [str(each) for each in kept] if isinstance(kept, list) else []
