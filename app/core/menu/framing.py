"""What surrounds a page, for whoever looks at it."""

from __future__ import annotations

import time
from urllib.parse import urlsplit
from uuid import UUID

from flask import request, url_for

from app.core import access, auth
from app.core.menu import notices
from app.core.menu.building import KEPT, menu_for, tabs_for
from app.kernel.current import current
from app.kernel.frame import Choice, Frame, Item, Section

REMEMBERED = 30.0
_places: dict[UUID, tuple[float, list[tuple[str, str, str]]]] = {}


def frame() -> Frame:
    """The frame of the page; empty where nobody is in an organisation."""
    if not current.has_organisation or not current.is_signed_in:
        return Frame()
    sections, labels = menu_for(current.user), access.role_labels()
    main = next(iter(current.user.roles), "")
    return Frame(sections=sections, organisations=_choices(), unread=_unread(sections), notifications=notices.address(),
                 root=f"/{current.organisation.slug}/", role=str(labels.get(main, main)), stream=url_for("menu.live"),
                 poll=url_for("menu.badges"), tabs=tabs_for(sections), favourite=_favourite(sections),
                 choices=url_for("menu.choose"))


def unread_count() -> int:
    """How many notifications wait for whoever looks."""
    return notices.unread()


def _favourite(sections: list[Section]) -> tuple[Item, bool] | None:
    """The place of the menu that the page is, and whether it is kept; None for pages below one."""
    kept = {item.key for section in sections if section.key == KEPT for item in section.items}
    here = next((item for section in sections for item in section.items if item.current and urlsplit(item.url).path == request.path), None)
    return (here, here.key in kept) if here else None


def _unread(sections: list[Section]) -> int:
    """The number on the bell: that of the menu's own entry where there is one, so that it is counted once a page."""
    counted = {item.url: item.count for section in sections for item in section.items}
    address = notices.address()
    return counted[address] if address in counted else unread_count()


def _choices() -> list[Choice]:
    """The organisations to switch to: links only, so a list half a minute old does no harm."""
    identity = current.user.identity_id
    if identity is None:
        return []
    since, found = _places.get(identity, (0.0, []))
    if time.monotonic() - since > REMEMBERED:
        if len(_places) > 5000:
            _places.clear()
        found = [(place.slug, place.name, place.role) for place in auth.organisations_of(identity)]
        _places[identity] = (time.monotonic(), found)
    labels = access.role_labels()
    return [Choice(name, f"/{slug}/", str(labels.get(role, role)), slug == current.organisation.slug) for slug, name, role in found]
