"""Sentences that are kept and read later, each time in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from app.kernel.sentences import decimal, labels, money, nsay_later, read, say_later
from tests.kernel.browser_side import application


@pytest.fixture
def app() -> Iterator[Flask]:
    app = application()
    with app.test_request_context("/"):
        yield app


def said(language: str, kept: str) -> str:
    with force_locale(language):
        return str(read(json.loads(kept)))


def test_it_is_kept_without_words_and_read_in_each_language(app: Flask) -> None:
    with force_locale("de"):  # whoever caused it reads German
        kept = json.dumps(say_later("Hello %(name)s,", name="Zoë").kept)
    assert said("en", kept) == "Hello Zoë,"
    assert said("fr", kept) == "Bonjour Zoë,"
    assert said("es", kept) == "Hola, Zoë:"


@pytest.mark.parametrize(("language", "one", "two"), [("en", "1 file", "2 files"), ("de", "1 Datei", "2 Dateien")])
def test_its_number_chooses_its_form(app: Flask, language: str, one: str, two: str) -> None:
    for number, words in ((1, one), (2, two)):
        assert words in said(language, json.dumps(nsay_later("%(num)d file", "%(num)d files", number).kept))


def test_labels_amounts_and_numbers_are_written_for_the_reader(app: Flask) -> None:
    with force_locale("fr"):
        kept = json.dumps(say_later("%(name)s %(amount)s %(times)s", name=labels(_l("Name"), _l("Date")), amount=money(123456, "EUR"),
                                    times=decimal(3.25)).kept)
    assert said("en", kept) == "Name, Date €1,234.56 3.2"
    assert said("de", kept) == "Name, Datum 1.234,56\N{NO-BREAK SPACE}€ 3,2"
