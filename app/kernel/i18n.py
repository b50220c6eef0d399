"""Languages: the one chosen by the person, else the browser's, else English; outside a request, the reader's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from babel.units import format_unit
from flask import Flask, current_app, has_request_context, request
from flask_babel import Babel, get_locale, ngettext, refresh

from app.kernel.current import current
from app.kernel.preferences import LANGUAGES, spoken

ROOT = Path(__file__).resolve().parents[2]
UNITS = (("gigabyte", 10**9), ("megabyte", 10**6), ("kilobyte", 10**3))
_reading: ContextVar[str] = ContextVar("reading", default="")


def directories() -> list[Path]:
    """Where catalogues are: the core's and templates' first, then each module's own."""
    return [ROOT / "translations", *sorted(p for p in (ROOT / "app" / "modules").glob("*/translations") if p.is_dir())]


def language() -> str:
    """The language of what is being written now."""
    if reading := _reading.get():
        return reading
    user, offered = current.context.user, spoken()
    cookie = _chosen()
    if cookie in offered:
        return cookie
    if user is not None and not user.is_system and user.language in offered:
        return user.language
    if has_request_context() and (best := request.accept_languages.best_match(list(offered))):
        return best
    return current.context.organisation.language if current.context.organisation else "en"


def shown_in(own: str) -> str:
    """The language of the next page of somebody whose own language becomes `own`."""
    kept = _chosen()
    return kept if kept in spoken() else own


def _chosen() -> str:
    if not has_request_context():
        return ""
    name = str(current_app.extensions["settings"].cookie("language"))
    found = request.cookies.get(name, "")
    return found if found in LANGUAGES else ""


def _zone() -> str:
    user, organisation = current.context.user, current.context.organisation
    if user is not None and not user.is_system:
        return user.timezone
    return organisation.timezone if organisation else "UTC"


def written_in(language: str) -> str:
    """The language in which the organisation at hand writes to a reader of `language`."""
    if language in spoken():
        return language
    here = current.context.organisation
    return here.language if here else "en"


@contextmanager
def reading(language: str) -> Iterator[None]:
    """Within the block, words are written for a reader of `language` (mails, PDF reports); see `written_in`."""
    token = _reading.set(written_in(language))
    refresh()
    try:
        yield
    finally:
        _reading.reset(token)
        refresh()


def in_sentence(label: Any) -> str:
    """A label as it stands inside a sentence: “incidents” for “Incidents”. German nouns and abbreviations keep their capitals."""
    words, locale = str(label), get_locale()
    if (locale and locale.language == "de") or words[1:2].isupper():
        return words
    return words[:1].lower() + words[1:]


def file_size(size: int) -> str:
    """A size in bytes as people read it: “13 bytes”, “2.4 MB”."""
    if size < 1000:
        return str(ngettext("%(num)d byte", "%(num)d bytes", size))
    unit, value = next((unit, size / step) for unit, step in UNITS if size >= step)
    return format_unit(round(value, 1), f"digital-{unit}", length="short", locale=get_locale() or "en")


def install_languages(app: Flask) -> None:
    """Give Flask-Babel the catalogues and the choice of language and zone."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(map(str, directories()))
    Babel(app, locale_selector=language, timezone_selector=_zone)
