"""Choices of look that must be known before the first byte is drawn: theme, density, language, keys. Kept in cookies."""

from __future__ import annotations

from flask import Flask, Response, current_app, make_response, redirect, request

from app.kernel.current import current

THEMES = ("auto", "light", "dark")
DENSITIES = ("comfortable", "compact")
LANGUAGES = {"en": "English", "fr": "Français", "es": "Español", "pt": "Português", "de": "Deutsch", "it": "Italiano"}
PRESETS = ("gmail", "linear", "outlook", "off")
CHOICES = {"theme": THEMES, "density": DENSITIES, "language": tuple(LANGUAGES), "keys": PRESETS}
YEAR = 365 * 24 * 3600


def _cookie(name: str) -> str:
    return str(current_app.extensions["settings"].cookie(name))


def preference(name: str) -> str:
    """What was chosen: the cookie, then the person's own setting, then the first of the list."""
    user = current.context.user
    kept = user.preferences.get(name) if user else None
    for value in (request.cookies.get(_cookie(name)), kept):
        if value in CHOICES[name]:
            return str(value)
    return CHOICES[name][0]


def theme() -> str:
    """`auto`, `light` or `dark`: the class of the page, so that nothing flashes."""
    return preference("theme")


def density() -> str:
    """`comfortable` or `compact`."""
    return preference("density")


def preset() -> str:
    """The keyboard preset, or `off`."""
    return preference("keys")


def spoken() -> dict[str, str]:
    """The languages that the organisation at hand offers, code and own name; outside any, and where none is chosen, all."""
    here = current.context.organisation
    return {code: name for code, name in LANGUAGES.items() if not here or not here.languages or code in here.languages}


def unspoken() -> tuple[str, ...]:
    """The languages that the organisation at hand does not offer."""
    return tuple(code for code in LANGUAGES if code not in spoken())


def languages_menu() -> list[tuple[str, str, str]]:
    """The languages for a menu: code, own name, no icon."""
    return [(code, name, "") for code, name in spoken().items()]


def within(address: str | None) -> str:
    """An address of this site, or its start page: never somebody else's."""
    safe = address and address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
    return address if safe and address else "/"


def choose() -> Response:
    """Keep what was chosen and go back to where the person was."""
    response = make_response(redirect(within(request.form.get("next")), 303))
    for name, allowed in CHOICES.items():
        value = request.form.get(name)
        if value in allowed:
            response.set_cookie(_cookie(name), value, max_age=YEAR, path="/", samesite="Lax", httponly=True,
                                secure=not current_app.extensions["settings"].local)
    return response


def install_preferences(app: Flask) -> None:
    """Serve `POST /preferences`."""
    choose.needs = "public"  # type: ignore[attr-defined]
    app.add_url_rule("/preferences", "preferences", choose, methods=["POST"])
    app.jinja_env.globals.update(languages=LANGUAGES, languages_menu=languages_menu, languages_offered=spoken, preference=preference)
