"""Words in every language: by person, cookie and browser, with variables and plurals, and nothing left over on any page."""

from __future__ import annotations

import html
import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from babel.dates import get_day_names, get_month_names
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.support import NullTranslations
from flask.testing import FlaskClient
from flask_babel import Domain, force_locale, gettext
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import select

from app.core import access
from app.core.translations import catalogues
from app.core.workflow.models import Workflow
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.registry import registry
from tests.contract import samples
from tests.contract.world import World

Change = Callable[[str, str], None]
LANGUAGES = ("fr", "es", "pt", "de", "it")
SAME = frozenset((Path(__file__).parents[1] / "house" / "same_in_translation.txt").read_text(encoding="utf-8").splitlines())
MAIN = ("inbox/", "hse/incidents/", "hse/incidents/new", "procurement/payments/", "procurement/requisitions/new", "audit/", "jobs/",
        "organisation/sites/", "notifications/", "settings/", "settings/password", "settings/tokens")  # of an organisation
LANGUAGE_NAMES = {"English", "Français", "Español", "Português", "Deutsch", "Italiano"}
FILES = {
    "en": ("0 files", "1 file", "5 files"), "fr": ("0 fichier", "1 fichier", "5 fichiers"),
    "es": ("0 archivos", "1 archivo", "5 archivos"), "pt": ("0 ficheiros", "1 ficheiro", "5 ficheiros"),
    "de": ("0 Dateien", "1 Datei", "5 Dateien"), "it": ("0 file", "1 file", "5 file"),
}


def choose(world: World, client: FlaskClient, language: str) -> None:
    """Choose a language as the menu does."""
    client.set_cookie(world.app.extensions["settings"].cookie("language"), language, domain="localhost")


def visible(page: str) -> list[str]:
    """Every piece of text that a page shows or a screen reader says, one string each."""
    page = re.sub(r"<(script|style|kbd|svg|template|code|option)\b.*?</\1>", " ", page, flags=re.DOTALL)
    found = re.findall(r'\s(?:title|aria-label|placeholder|alt)="([^"]*)"', page) + re.findall(r">([^<>]*)<", page)
    return [text for each in found if (text := " ".join(html.unescape(each).split()))]


def sources() -> dict[str, dict[str, str]]:
    """By language, each English source without variables and its translation."""
    return {language: {str(m.id): str(m.string) for part in catalogues.parts() for m in catalogues.words(catalogues.read(part, language))
                       if isinstance(m.id, str) and "%(" not in m.id} for language in LANGUAGES}


@pytest.fixture
def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Change:
    """Takes one string out of a language's catalogues, which stand in the place of the real ones."""

    def taken(language: str, source: str) -> None:
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        merged = Catalog(locale=language)
        for part in catalogues.parts():
            for message in catalogues.words(catalogues.read(part, language)):
                if message.id != source:
                    merged.add(message.id, message.string)
        with (folder / "messages.mo").open("wb") as file:
            write_mo(file, merged)
        monkeypatch.setattr(Domain, "translation_directories", property(lambda _self: [str(tmp_path)]))
        monkeypatch.setattr(Domain, "get_translations_cache", lambda _self, _ctx: {})

    return taken


@pytest.mark.requirement("OF-098", "OF-099")
def test_switching_changes_the_words_each_time_and_leaves_none_over(world: World) -> None:
    """No text of a main page is an English source where the language has a word of its own."""
    client, words = world.client("owner"), sources()
    world.records(registry.resource("hse.incident"), 2)
    with world.acting("owner"):
        roles = {text for role in session().scalars(select(access.Role)) for text in (role.label, role.description)}
    left: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for language in LANGUAGES:
        choose(world, client, language)
        own = {source for source, said in words[language].items() if said != source and source not in SAME} - set(words[language].values())
        own -= roles  # their names are the organisation's data
        for address in (f"/{world.slug}/{path}" for path in MAIN):
            answer = client.get(address)
            assert answer.status_code == 200, address
            assert f'<html lang="{language}"' in answer.text
            over = sorted({text for text in visible(answer.text) if text in own} - LANGUAGE_NAMES)
            if over:
                left[f"{language} {address}"] = over
        shown[language] = answer.text
    assert left == {}
    assert len(set(shown.values())) == len(LANGUAGES)


@pytest.mark.requirement("OF-104")
def test_a_variable_stands_in_every_language(world: World) -> None:
    said = {}
    for language in ("en", *LANGUAGES):
        with world.app.test_request_context("/"), force_locale(language):
            said[language] = gettext("Hello %(name)s,", name="Zoë")
    assert (said["en"], said["fr"]) == ("Hello Zoë,", "Bonjour Zoë,")
    assert all("Zoë" in words for words in said.values())
    assert len(set(said.values())) == len(said)


@pytest.mark.requirement("OF-105")
def test_a_list_of_none_one_and_five_files(world: World) -> None:
    resource, client = registry.resource("hse.incident"), world.client("owner")
    address = f"{world.url(resource)}{world.records(resource, 1)[0].reference}/"
    for place, number in enumerate((0, 1, 5)):
        while len(re.findall(r'/remove"', client.get(address).text)) < number:
            sent = {"file": (io.BytesIO(f"line {number} {time.perf_counter_ns()}".encode()), "note.txt")}
            assert client.post(f"{address}files", data=sent, headers=world.token(client)).status_code == 303
        for language, forms in FILES.items():
            choose(world, client, language)
            assert forms[place] in visible(client.get(address).text), (language, number)


@pytest.mark.requirement("OF-106")
def test_what_is_not_translated_is_english(world: World, without: Change) -> None:
    without("es", "Password")
    page = world.stranger().get("/sign-in", headers={"Accept-Language": "es"}).text
    assert "Password" in visible(page)
    assert {"Correo electrónico", "Iniciar sesión"} <= set(visible(page)), "the others stay Spanish"


@pytest.mark.requirement("OF-110")
@pytest.mark.parametrize(("wanted", "language"), [
    ("pt", "pt"), ("pt-BR,pt;q=0.9,en;q=0.8", "pt"), ("de-AT", "de"), ("nl, it;q=0.5", "it"), ("nl", "en"), ("", "en")])
def test_the_browser_says_the_language(world: World, wanted: str, language: str) -> None:
    page = world.stranger().get("/sign-in", headers={"Accept-Language": wanted}).text
    assert f'<html lang="{language}"' in page
    assert (sources()["pt"]["Sign in"] in visible(page)) is (language == "pt")


@pytest.mark.requirement("OF-101")
def test_a_report_is_in_the_chosen_language(world: World) -> None:
    resource, words = registry.resource("hse.incident"), sources()["pt"]
    world.records(resource, 2)
    client, said = world.client("owner"), {}
    for language in ("en", "pt"):
        choose(world, client, language)
        content = client.get(f"{world.url(resource)}export?format=pdf").data
        said[language] = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    for english in ("Title", "Kind", "Incidents", "Site"):
        assert english in said["en"]
        assert words[english] in said["pt"]
        assert english == words[english] or english not in said["pt"]


class Pseudo(NullTranslations):
    """A language in which every word is its source in brackets."""

    def gettext(self, message: str) -> str:  # type: ignore[override]
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:  # type: ignore[override]
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    ugettext, ungettext = gettext, ngettext


NAMES = {
    "ODS", "Lines",
    "OpsFlux", "OpenAPI", "CSV", "XLSX", "PDF", "JSON", "Excel", "Ctrl", "Enter", "Esc", "Shift", "Alt", "Gmail", "Linear", "Outlook",
    "English", "Français", "Español", "Português", "Deutsch", "Italiano", "EUR", "UTC", "Europe", "Paris", "North", "Field", "Nobody",
    "Active", "Directory", "GitHub", "GitLab", "Google", "LDAP", "Microsoft", "SAML", "Slack", "Teams",
}
SKIPPED = {
    "/static/", "/stream", "/badges", "/openapi", "/export", "/mail/", "/metrics", "/api/", "/.well-known", "/healthz", "/readyz",
    "/version",
    "/components",  # the kit shown to builders, with examples in it
}


MACHINE = re.compile(  # addresses, references, mail addresses, permissions, ids
    r"https?://[^\s⟧]+|\b[A-Z]{2,6}-(?:\d{4}-\d+|X)\b|\S+@\S+|(?<!\w)[a-z_*]+(?:\.[a-z_*]+){1,2}|\b[0-9a-f-]{8,36}\b"
)

def _left(page: str, known: set[str]) -> list[str]:
    """The words of a page that stand in no bracket and are nobody's data."""
    page = re.sub(r"<(script|style|kbd|svg|template|code|textarea)\b.*?</\1>", " ", page, flags=re.DOTALL)
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
        said += [f"{each.name} {each.action}" for each in session().scalars(select(Workflow))]
    said += [*available_timezones(), *(name for resource in registry for name in fields_of(resource.model))]
    said += [name for resource in registry if resource.lines for name in fields_of(resource.lines.model)]
    return NAMES | {word for text in said for word in re.findall(r"[^\W\d_]{3,}", text)}


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


class Bracketed(Pseudo):
    """The same with brackets that the font of the PDFs has."""

    def gettext(self, message: str) -> str:  # type: ignore[override]
        return f"[{message}]"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:  # type: ignore[override]
        return f"[{msgid1 if n == 1 else msgid2}]"

    ugettext, ungettext = gettext, ngettext


@pytest.mark.parametrize("key", ["hse.incident", "procurement.requisition"])
def test_no_export_has_an_untranslated_word(world: World, monkeypatch: pytest.MonkeyPatch, known: set[str], key: str) -> None:
    resource = registry.resource(key)
    world.records(resource, 2)
    client = world.client("owner")
    monkeypatch.setattr(Domain, "get_translations", lambda _self: Bracketed())
    book = load_workbook(io.BytesIO(client.get(f"{world.url(resource)}export?format=xlsx").data))
    rows, fields = book.worksheets
    said = [cell.value for cell in next(rows.iter_rows())]
    said += [cell.value for row in fields.iter_rows() for cell in row if cell.column != 2]  # the second column is for machines
    pages = PdfReader(io.BytesIO(client.get(f"{world.url(resource)}export?format=pdf").data)).pages
    printed = " ".join(page.extract_text() for page in pages).replace("\n", " ")
    printed = re.sub(r"SHA-256\s*[0-9a-f ]+", " ", printed)
    for text in ("\n".join(str(each) for each in said if each), printed):
        assert _left(f">{html.escape(text.replace('[', '⟦').replace(']', '⟧'))}<", known) == []
