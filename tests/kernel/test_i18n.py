"""Words inside sentences, by language."""

from __future__ import annotations

import pytest
from flask_babel import force_locale

from app.kernel.i18n import file_size, in_sentence
from tests.kernel.browser_side import application


@pytest.mark.parametrize(
    ("language", "label", "said"),
    [
        ("en", "Corrective actions", "corrective actions"),
        ("en", "KPI targets", "KPI targets"),
        ("en", "Audits of HSE", "audits of HSE"),
        ("fr", "Écritures comptables", "écritures comptables"),
        ("es", "Acciones correctivas", "acciones correctivas"),
        ("pt", "Ações corretivas", "ações corretivas"),
        ("it", "Azioni correttive", "azioni correttive"),
        ("de", "Korrekturmaßnahmen", "Korrekturmaßnahmen"),
        ("fr", "", ""),
    ],
)
def test_a_label_inside_a_sentence(language: str, label: str, said: str) -> None:
    with application().test_request_context("/"), force_locale(language):
        assert in_sentence(label) == said


@pytest.mark.parametrize(
    ("language", "size", "said"),
    [
        ("en", 0, "0 bytes"), ("en", 1, "1 byte"), ("en", 2_412_000, "2.4 MB"), ("fr", 13, "13 octets"), ("fr", 2_412_000, "2,4 Mo"),
        ("de", 999, "999 Byte"), ("pt", 1, "1 byte"), ("es", 1_500, "1,5 kB"), ("pt", 5_000_000_000, "5 GB"), ("it", 13, "13 byte"),
    ],
)
def test_the_size_of_a_file(language: str, size: int, said: str) -> None:
    with application().test_request_context("/"), force_locale(language):
        assert file_size(size).replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ") == said
