"""Colours are said in one file: no template and no other stylesheet has one of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKENS = ROOT / "static" / "src" / "theme.css"
STYLES = sorted(p for p in (ROOT / "static" / "src").glob("*.css") if p != TOKENS)
SCRIPTS = sorted((ROOT / "static" / "js" / "behaviours").glob("*.js"))
PAGES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = ("white|black|red|green|blue|gr[ae]y|orange|yellow|purple|pink|brown|silver|navy|teal|amber|slate|zinc|neutral|stone|emerald|sky|"
         "indigo|violet|rose")
UTILITIES = "bg|text|border|ring|outline|fill|stroke|from|via|to|divide|decoration|accent|caret|shadow"
PROPERTIES = "color|background|border|fill|stroke|outline|shadow"
FUNCTION = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})(?![\w-])|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(", re.IGNORECASE)
PAINTED = re.compile(
    rf"(?:{PROPERTIES})[\w-]*\s*[:=]\s*[\"']?[^;}}\"']*(?<![\w-])(?:{NAMES})(?![\w-])", re.IGNORECASE
)
PALETTE = re.compile(rf"\b(?:{UTILITIES})-(?:{NAMES})(?:-\d+)?(?![\w-])")


def colours(text: str) -> list[str]:
    """The literal colours of a stylesheet or template; comments and addresses within the page are none."""
    text = re.sub(r"/\*.*?\*/|{#.*?#}|href=\"#[^\"]*\"|id=\"[^\"]*\"", "", text, flags=re.DOTALL)
    return [found.group(0) for pattern in (FUNCTION, PAINTED, PALETTE) for found in pattern.finditer(text)]


@pytest.mark.requirement("OF-488")
@pytest.mark.parametrize("path", [*STYLES, *SCRIPTS, *PAGES], ids=lambda p: str(p.relative_to(ROOT)))
def test_no_colour_is_said_outside_the_tokens(path: Path) -> None:
    assert colours(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("text", [".a { color: #fff; }", ".a { background: rgb(0 0 0 / 4%); }", ".a { border: 1px solid white; }",
                                  '<p class="text-red-500">', '<p class="bg-black/30">', '<path fill="red">'])
def test_a_colour_is_seen(text: str) -> None:
    assert colours(text)


@pytest.mark.parametrize("text", [".a { color: color-mix(in oklch, var(--good) 8%, transparent); }", '<a href="#facts">',
                                  "whitespace-normal", '.risk[data-risk="RED"] { background: var(--risk-red); }'])
def test_a_token_is_none(text: str) -> None:
    assert colours(text) == []
