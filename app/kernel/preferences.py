"""Choices of look that must be known before the first byte is drawn: theme, density, language, keys. Kept in cookies."""

from __future__ import annotations

from urllib.parse import urlsplit

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


def of_device(name: str) -> str:
    """What this device itself keeps; empty where it follows the account."""
    kept = request.cookies.get(_cookie(name), "")
    return kept if kept in CHOICES[name] else ""


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


def page_shown() -> str:
    """The page of this site from which a script or a form sent something; empty when that is not known."""
    try:
        shown = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    except ValueError:
        return ""
    if shown.netloc != request.host:
        return ""
    return within(shown.path + (f"?{shown.query}" if shown.query else ""))


def choose() -> Response:
    """Keep what was changed and go back to where the person was; `account` lets go of what this device kept."""
    response = make_response(redirect(within(request.form.get("next")), 303))
    for name, allowed in CHOICES.items():
        value = request.form.get(name)
        unchanged = name != "language" and not of_device(name) and value == preference(name)
        if value == "account":
            response.delete_cookie(_cookie(name), path="/", samesite="Lax", httponly=True,
                                   secure=not current_app.extensions["settings"].local)
        elif value in allowed and not unchanged:
            response.set_cookie(_cookie(name), value, max_age=YEAR, path="/", samesite="Lax", httponly=True,
                                secure=not current_app.extensions["settings"].local)
    return response


def install_preferences(app: Flask) -> None:
    """Serve `POST /preferences`."""
    choose.needs = "public"  # type: ignore[attr-defined]
    app.add_url_rule("/preferences", "preferences", choose, methods=["POST"])
    app.jinja_env.globals.update(languages=LANGUAGES, languages_menu=languages_menu, languages_offered=spoken, preference=preference,
                                of_device=of_device)
