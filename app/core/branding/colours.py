"""Colours that can be read: contrast as WCAG 2.1 measures it."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from app.kernel.errors import Invalid

COLOUR = re.compile(r"#[0-9a-f]{6}")
LIGHT, DARK = "#ffffff", "#0a0a0a"  # what the pages of the two themes are painted with
NEEDED = 3.0  # WCAG 1.4.11: a control against what surrounds it


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour: always 4.5 to 1 at least."""
    return max("#ffffff", "#000000", key=lambda ink: contrast(ink, colour))


def checked(name: str, raw: str, page: str) -> str:
    """A colour like #1d4ed8, or empty for that of the product. Raises `Invalid` when it does not stand out from the page."""
    colour = raw.strip().lower()
    if not colour:
        return ""
    if not COLOUR.fullmatch(colour):
        raise Invalid({name: [_("Write a colour like #1d4ed8.")]})
    found = contrast(colour, page)
    if found < NEEDED:
        raise Invalid({name: [_("This colour stands out too little from the page: %(found).1f to 1, and 3 to 1 is needed.", found=found)]})
    return colour


def _luminance(colour: str) -> float:
    parts = [int(colour[place:place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
