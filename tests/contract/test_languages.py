"""Words in every language: by person, cookie and browser, with variables and plurals, and nothing left over on any page."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from babel.dates import get_day_names, get_month_names
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.support import NullTranslations
from flask import Flask
from flask_babel import Domain, force_locale, gettext, ngettext
from pypdf import PdfReader
from sqlalchemy import select

from app.core import access
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.registry import registry
from tests.contract import samples
from tests.contract.world import World

Write = Callable[[str, dict[Any, Any]], None]
GREETING = {"fr": "Bonjour %(name)s,", "es": "Hola, %(name)s:", "pt": "Olá, %(name)s,", "de": "Hallo %(name)s,", "it": "Ciao %(name)s,"}
FILES = {
    "fr": ("%(num)d fichier", "%(num)d fichiers"), "es": ("%(num)d archivo", "%(num)d archivos"),
    "pt": ("%(num)d ficheiro", "%(num)d ficheiros"), "de": ("%(num)d Datei", "%(num)d Dateien"),
    "it": ("%(num)d documento", "%(num)d documenti"),
}
SIGN_IN = {"fr": "Connexion", "es": "Iniciar sesión", "pt": "Entrar", "de": "Anmelden", "it": "Accedi"}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Puts catalogues of the test's own in the place of the real ones."""
    monkeypatch.setattr(Domain, "translation_directories", property(lambda _self: [str(tmp_path)]))
    monkeypatch.setattr(Domain, "get_translations_cache", lambda _self, _ctx: {})

    def written(language: str, entries: dict[Any, Any]) -> None:
        catalogue = Catalog(locale=language)
        for source, words in entries.items():
            catalogue.add(source, words)
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        with (folder / "messages.mo").open("wb") as file:
            write_mo(file, catalogue)

    return written


@pytest.mark.requirement("OF-104")
def test_a_variable_stands_in_every_language(app: Flask, write: Write) -> None:
    for language, words in GREETING.items():
        write(language, {"Hello %(name)s,": words})
    for language in ("en", *GREETING):
        with app.test_request_context("/"), force_locale(language):
            said = gettext("Hello %(name)s,", name="Zoë")
        assert said == GREETING.get(language, "Hello %(name)s,") % {"name": "Zoë"}


@pytest.mark.requirement("OF-105")
@pytest.mark.parametrize("language", ["en", *FILES])
def test_plurals_of_none_one_and_five(app: Flask, write: Write, language: str) -> None:
    if language in FILES:
        write(language, {("%(num)d file", "%(num)d files"): FILES[language]})
    one, many = FILES.get(language, ("%(num)d file", "%(num)d files"))
    with app.test_request_context("/"), force_locale(language):
        said = [ngettext("%(num)d file", "%(num)d files", number) for number in (0, 1, 5)]
    none = one if language == "fr" else many  # French counts nothing in the singular
    assert said == [none % {"num": 0}, one % {"num": 1}, many % {"num": 5}]


@pytest.mark.requirement("OF-106")
def test_what_is_not_translated_is_english(app: Flask, write: Write) -> None:
    write("es", {"Sign in": SIGN_IN["es"]})
    page = html.unescape(app.test_client().get("/sign-in", headers={"Accept-Language": "es"}).text)
    assert SIGN_IN["es"] in page
    assert "Password" in page


@pytest.mark.requirement("OF-110")
def test_the_browser_says_the_language(app: Flask, write: Write) -> None:
    write("pt", {"Sign in": SIGN_IN["pt"]})
    page = app.test_client().get("/sign-in", headers={"Accept-Language": "pt"}).text
    assert '<html lang="pt"' in page
    assert SIGN_IN["pt"] in page


@pytest.mark.requirement("OF-098")
def test_switching_changes_the_words_each_time(app: Flask, write: Write) -> None:
    for language in ("fr", "es", "pt"):
        write(language, {"Sign in": SIGN_IN[language]})
    client, shown = app.test_client(), {}
    for language in ("fr", "en", "es", "pt"):
        client.set_cookie(app.extensions["settings"].cookie("language"), language, domain="localhost")
        shown[language] = html.unescape(client.get("/sign-in").text)
    for language in ("fr", "es", "pt"):
        assert f'lang="{language}"' in shown[language]
        assert SIGN_IN[language] in shown[language]
        assert not re.search(r">\s*Sign in\s*<", shown[language])
    assert "Sign in" in shown["en"]


@pytest.mark.requirement("OF-101")
def test_a_report_is_in_the_chosen_language(world: World, write: Write) -> None:
    write("pt", {"Title": "Título", "Kind": "Tipo", "Incidents": "Ocorrências", "Open": "Aberta"})
    resource = registry.resource("hse.incident")
    world.records(resource, 2)
    client, said = world.client("owner"), {}
    for language in ("en", "pt"):
        client.set_cookie(world.app.extensions["settings"].cookie("language"), language, domain="localhost")
        content = client.get(f"{world.url(resource)}export?format=pdf").data
        said[language] = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    for english, portuguese in (("Title", "Título"), ("Incidents", "Ocorrências"), ("Open", "Aberta")):
        assert english in said["en"]
        assert portuguese not in said["en"]
        assert portuguese in said["pt"]
        assert english not in said["pt"]


class Pseudo(NullTranslations):
    """A language in which every word is its source in brackets."""

    def gettext(self, message: str) -> str:  # type: ignore[override]
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:  # type: ignore[override]
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    ugettext, ungettext = gettext, ngettext


NAMES = {
    "OpsFlux", "OpenAPI", "CSV", "XLSX", "PDF", "JSON", "Excel", "Ctrl", "Enter", "Esc", "Shift", "Alt", "Gmail", "Linear", "Outlook",
    "English", "Français", "Español", "Português", "Deutsch", "Italiano", "EUR", "UTC", "Europe", "Paris", "North", "Field", "Nobody",
}
SKIPPED = {
    "/static/", "/stream", "/badges", "/openapi", "/export", "/mail/", "/metrics", "/api/", "/.well-known", "/healthz", "/readyz",
    "/version",
    "/components",  # the kit shown to builders, with examples in it
}


MACHINE = re.compile(  # references, mail addresses, permissions, ids
    r"\b[A-Z]{2,6}-(?:\d{4}-\d+|X)\b|\S+@\S+|(?<!\w)[a-z_*]+(?:\.[a-z_*]+){1,2}|\b[0-9a-f-]{8,36}\b"
)
TABLES = {"Identity", "Position", "Preferences", "Requisition", "Role", "grant", "line"}  # of services; only the whole trail names them


def _left(page: str, known: set[str]) -> list[str]:
    """The words of a page that stand in no bracket and are nobody's data."""
    page = re.sub(r"<(script|style|kbd|svg|template|code)\b.*?</\1>", " ", page, flags=re.DOTALL)
    shown = re.findall(r'\s(?:title|aria-label|placeholder|alt)="([^"]*)"', page) + re.findall(r">([^<>]*)<", page)
    text = html.unescape("\n".join(shown))
    text = MACHINE.sub(" ", text)
    while (less := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = less
    return sorted({word for word in re.findall(r"[^\W\d_]{3,}", text) if word not in known})


@pytest.fixture
def known(world: World) -> set[str]:
    """The words of the data that the pages show."""
    said = [*samples.WORDS, "title name location kind contact and what happened number person sample example Prüfer Owner Manager Viewer",
            *get_month_names("abbreviated", locale="en").values(), *get_month_names("wide", locale="en").values(),
            *get_day_names("abbreviated", locale="en").values(), *get_day_names("wide", locale="en").values()]
    with world.acting("owner"):
        said += [f"{role.label} {role.key} {role.description or ''}" for role in session().scalars(select(access.Role))]
    said += [*available_timezones(), *(name for resource in registry for name in fields_of(resource.model))]
    said += [name for resource in registry if resource.lines for name in fields_of(resource.lines.model)]
    return NAMES | TABLES | {word for text in said for word in re.findall(r"[^\W\d_]{3,}", text)}


def _addresses(world: World) -> Iterator[str]:
    """Every page that needs no record, and those of a record of each module."""
    for rule in world.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.arguments <= {"org"} and not any(part in rule.rule for part in SKIPPED):
            yield rule.rule.replace("<org>", world.slug)
    for key in ("hse.incident", "hse.corrective_action", "procurement.payment", "procurement.requisition"):
        resource = registry.resource(key)
        url = f"{world.url(resource)}{world.records(resource, 1)[0].reference}/"
        yield from (url, f"{url}edit", f"{url}history", *(f"{url}{action.name}" for action in resource.actions))


@pytest.mark.requirement("OF-099")
def test_no_page_has_an_untranslated_word(world: World, monkeypatch: pytest.MonkeyPatch, known: set[str]) -> None:
    addresses = list(_addresses(world))
    monkeypatch.setattr(Domain, "get_translations", lambda _self: Pseudo())
    left, seen = {}, 0
    for address in addresses:
        answer = world.client("owner").get(address, follow_redirects=False)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            seen += 1
            if words := _left(answer.text, known):
                left[address] = words
    assert left == {}, "\n".join(f"{address}: {words}" for address, words in left.items())
    assert seen >= 40
