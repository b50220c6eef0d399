"""What a person made of the menu: favourites, sections folded away, and the order of each section. Kept with the person's preferences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.core.people import Member
from app.kernel.current import Actor

FAVOURITES, FOLDED, ORDER = "menu_favourites", "menu_folded", "menu_order"


def favourites(user: Actor) -> list[str]:
    """The keys of the places kept, in the order in which they were."""
    return _listed(user.preferences.get(FAVOURITES))


def folded(user: Actor) -> dict[str, bool]:
    """The sections that the person folded away or unfolded, by key."""
    kept = user.preferences.get(FOLDED)
    return {str(key): bool(away) for key, away in kept.items()} if isinstance(kept, Mapping) else {}


def ordered(user: Actor, section: str, keys: list[str]) -> list[str]:
    """The keys of a section as the person put them; places that came later stand where they would have stood, at the end."""
    kept = user.preferences.get(ORDER)
    wanted = _listed(kept.get(section)) if isinstance(kept, Mapping) else []
    return sorted(keys, key=lambda key: wanted.index(key) if key in wanted else len(wanted))


def arrange(member: Member, section: str, keys: list[str], known: Iterable[str]) -> None:
    """Keep the order of a section."""
    kept = member.preferences.get(ORDER)
    wanted = [key for key in dict.fromkeys(keys) if key in {*known}]
    member.preferences = {**member.preferences, ORDER: {**(kept if isinstance(kept, Mapping) else {}), section: wanted}}


def fold(member: Member, key: str, away: bool, known: Iterable[str]) -> None:
    """Fold a section away, or unfold it; what is not known any more goes by itself."""
    kept = member.preferences.get(FOLDED)
    said = {**(kept if isinstance(kept, Mapping) else {}), key: away}
    member.preferences = {**member.preferences, FOLDED: {each: said[each] for each in said if each in {*known}}}


def toggle_favourite(member: Member, key: str, known: Iterable[str]) -> None:
    """Keep a place, or let it go; what is not known any more goes by itself."""
    before = _listed(member.preferences.get(FAVOURITES))
    kept = [each for each in before if each in {*known} - {key}]
    if key in known and key not in before:
        kept.append(key)
    member.preferences = {**member.preferences, FAVOURITES: kept}


def _listed(kept: object) -> list[str]:
    return [str(each) for each in kept] if isinstance(kept, list) else []
