"""Every word that people read is translated, in every language, with the same placeholders and the right number of plurals."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from app.core.translations import catalogues

SAME = frozenset((Path(__file__).parent / "same_in_translation.txt").read_text(encoding="utf-8").splitlines())


@pytest.mark.requirement("OF-098")
def test_catalogues_are_complete() -> None:
    """No empty or fuzzy entry, same placeholders, right number of plurals, none equal to its source outside the reviewed list."""
    found = list(catalogues.problems(SAME))
    assert not found, f"{len(found)} problems; first: {found[:15]}"


def test_the_reviewed_list_holds_only_words_that_exist() -> None:
    words = {
        str(m.id[0] if isinstance(m.id, list | tuple) else m.id)
        for part in catalogues.parts()
        for m in catalogues.words(catalogues.extracted(part))
    }
    assert not SAME - words - {""}, "taken out of the sources: remove them from same_in_translation.txt"


def _problems_of(
    monkeypatch: pytest.MonkeyPatch, source: str | tuple[str, str], string: str | tuple[str, ...], fuzzy: bool = False
) -> list[str]:
    template, catalogue = Catalog(), Catalog(locale="fr")
    template.add(source)
    catalogue.add(source, string, flags=["fuzzy"] if fuzzy else [])
    monkeypatch.setattr(catalogues, "parts", lambda: [catalogues.Part("core", (), Path())])
    monkeypatch.setattr(catalogues, "extracted", lambda part: template)
    monkeypatch.setattr(catalogues, "read", lambda part, language: catalogue)
    return list(catalogues.problems())


@pytest.mark.parametrize(
    ("source", "string", "fuzzy", "said"),
    [
        ("Save", "", False, "no translation"),
        ("Save", "Enregistrer", True, "fuzzy"),
        ("Save it", "Save it", False, "same as its source"),
        ("%(n)s left", "reste", False, "placeholders"),
        (("%(num)d file", "%(num)d files"), ("%(num)d fichier",), False, "plural forms"),
    ],
)
def test_each_fault_is_found(monkeypatch: pytest.MonkeyPatch, source: str, string: str, fuzzy: bool, said: str) -> None:
    assert any(said in problem for problem in _problems_of(monkeypatch, source, string, fuzzy))


def test_a_good_entry_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _problems_of(monkeypatch, "%(n)s left", "reste %(n)s")
