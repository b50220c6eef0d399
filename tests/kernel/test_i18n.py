"""Words inside sentences, by language."""

from __future__ import annotations

import pytest
from flask_babel import force_locale

from app.kernel.i18n import in_sentence
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
