"""Templates keep the rules that the content policy and fragments rest on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p for p in (ROOT / "templates").rglob("*.html") if "mail" not in p.parts and "print" not in p.parts)
TAG = re.compile(r"<[a-zA-Z](?:[^<>{}]|\{\{.*?\}\}|\{%.*?%\})*>", re.DOTALL)
REQUESTS = re.compile(r"\bhx-(get|post|put|patch|delete)=")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", text), "scripts are files"
    assert not re.search(r"\sstyle=|<style", text), "styles are classes"
    assert not re.search(r"\son[a-z]+=\"|hx-on|\bjs:", text), "behaviour is in static/js/behaviours"


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_templates_import_nothing(path: Path) -> None:
    assert not re.search(r"{%-?\s*(from|import)\s", path.read_text(encoding="utf-8")), "the kit is the global `ui`"


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_htmx_elements_carry_their_nonce_and_work_without_script(path: Path) -> None:
    for tag in TAG.findall(path.read_text(encoding="utf-8")):
        if not REQUESTS.search(tag):
            continue
        assert "hx()" in tag or "attributes(" in tag, f"no hx() in {tag[:120]}"
        if tag.startswith("<a"):
            assert "href=" in tag, f"a link without address: {tag[:120]}"
        if tag.startswith("<form"):
            assert "action=" in tag, f"a form without action: {tag[:120]}"


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_labels_are_not_lowered(path: Path) -> None:
    """German nouns and abbreviations keep their capitals: `in_sentence` knows."""
    assert not re.search(r"\|\s*(lower|capitalize|title|upper)\b", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_visible_words_are_translatable(path: Path) -> None:
    """Text between tags is either punctuation, an expression, or inside _()."""
    text = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"<kbd.*?</kbd>", "", text, flags=re.DOTALL)
    text = re.sub(r"{%.*?%}|{{.*?}}", "\x00", text, flags=re.DOTALL)
    words = [w for piece in re.findall(r">([^<>]*)<", text) for w in re.findall(r"[A-Za-z]{3,}", piece)]
    assert not [w for w in words if w not in {"OpsFlux", "CSV", "XLSX", "PDF", "JSON", "nbsp", "middot"}], words
