"""One catalogue per language for the core and its templates, and one per module beside its code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[3]
LANGUAGES = ("fr", "es", "pt", "de", "it")
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2),
            "say_later": None, "nsay_later": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{\{?\s*[\w.]+\s*\}?\}")
OPTIONS = {"**.html": {"trimmed": "true", "silent": "false"}, "**.txt": {"trimmed": "true", "silent": "false"}}


@dataclass(frozen=True)
class Part:
    """What has a catalogue of its own: the core, or a module."""

    name: str
    sources: tuple[Path, ...]
    folder: Path

    def catalogue(self, language: str) -> Path:
        """The file of a language."""
        return self.folder / language / "LC_MESSAGES" / "messages.po"


def parts() -> list[Part]:
    """The core with the shared templates, then the modules with theirs."""
    modules = sorted(p for p in (ROOT / "app" / "modules").iterdir() if (p / "manifest.py").exists())
    names = {p.name for p in modules}
    shared = tuple(p for p in sorted((ROOT / "templates").iterdir()) if p.name not in names)
    code = tuple(ROOT / "app" / name for name in ("kernel", "core", "resources", "demo", "running"))
    core = Part("core", (*code, *shared), ROOT / "translations")
    return [core, *(Part(p.name, (p, ROOT / "templates" / p.name), p / "translations") for p in modules)]


def extracted(part: Part) -> Catalog:
    """Every word that the sources of a part mark for translation."""
    catalogue = Catalog(charset="utf-8")
    for source in part.sources:
        if not source.is_dir():
            continue
        for file, line, words, comments, context in extract_from_dir(source, METHODS, OPTIONS, KEYWORDS):
            catalogue.add(words, None, [(f"{source.name}/{file}", line)], auto_comments=comments, context=context)
    return catalogue


def read(part: Part, language: str) -> Catalog:
    """The catalogue as it is, or an empty one."""
    path = part.catalogue(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update_all() -> dict[str, int]:
    """Bring every catalogue in step with the sources; gives the number of words still missing by language."""
    missing = dict.fromkeys(LANGUAGES, 0)
    for part in parts():
        template = extracted(part)
        for language in LANGUAGES:
            catalogue = read(part, language)
            catalogue.update(template, no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            write(part, language, catalogue)
            missing[language] += sum(1 for m in words(catalogue) if not translated(m))
    return missing


def write(part: Part, language: str, catalogue: Catalog) -> None:
    """Write a catalogue without line numbers or dates, so that only words make a difference."""
    path = part.catalogue(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.header_comment = f"# OpsFlux, {part.name}: {language}"
    made = BytesIO()
    write_po(made, catalogue, no_location=True, omit_header=False, sort_output=True, ignore_obsolete=True, width=120)
    text = re.sub(
        r'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Report-Msgid-Bugs-To|Project-Id-Version).*\n',
        "",
        made.getvalue().decode(),
        flags=re.MULTILINE,
    )
    path.write_text(text, encoding="utf-8")


def compile_all() -> int:
    """Make the binary catalogues that are older than their words; gives how many were made."""
    made = 0
    for part in parts():
        for language in LANGUAGES:
            source = part.catalogue(language)
            target = source.with_suffix(".mo")
            if source.exists() and (not target.exists() or target.stat().st_mtime < source.stat().st_mtime):
                with target.open("wb") as file:
                    write_mo(file, read(part, language))
                made += 1
    return made


def words(catalogue: Catalog) -> Iterator[Message]:
    """The messages of a catalogue without its header."""
    return (m for m in catalogue if m.id)


def translated(message: Message) -> bool:
    """Whether every form of a message has words."""
    forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return bool(forms) and all(forms)


def problems(same: frozenset[str] = frozenset()) -> Iterator[str]:
    """What is wrong with the catalogues, one sentence each; `same` are the words that may equal their source."""
    for part in parts():
        template = extracted(part)
        for language in LANGUAGES:
            catalogue = read(part, language)
            where = f"{part.name}/{language}"
            for message in words(template):
                found = catalogue.get(message.id, message.context)
                yield from (f"{where}: {said}: {_first(message)!r}" for said in _faults(message, found, catalogue.num_plurals, same))


def _faults(source: Message, found: Message | None, plurals: int, same: frozenset[str]) -> Iterator[str]:
    if found is None or not translated(found):
        yield "no translation"
        return
    if found.fuzzy:
        yield "fuzzy"
    forms = list(found.string) if isinstance(found.string, (list, tuple)) else [found.string]
    if isinstance(source.id, (list, tuple)) and len(forms) != plurals:
        yield f"{len(forms)} plural forms instead of {plurals}"
    wanted = placeholders(source.id[-1] if isinstance(source.id, (list, tuple)) else source.id)
    for form in forms:
        if placeholders(form) != wanted and not (isinstance(source.id, (list, tuple)) and placeholders(form) | {"num"} == wanted | {"num"}):
            yield f"placeholders {sorted(placeholders(form))} instead of {sorted(wanted)}"
    if forms[0] == _first(source) and _first(source) not in same and re.search(r"[A-Za-z]{2}", _first(source)):
        yield "same as its source"


def _first(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, (list, tuple)) else message.id)


def placeholders(text: str) -> set[str]:
    """The variables in a message."""
    return {m.group(1) or m.group(0) for m in PLACEHOLDER.finditer(text)}
