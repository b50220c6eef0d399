"""What a proposal rests on: sources with address and hash, what was put in, what came out; sealed by the hash of its exact bytes."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from app.kernel.ai_actions import Source
from app.kernel.errors import Invalid

HASH = re.compile(r"[0-9a-f]{64}")
MOST_WORDS, MOST_PAIRS = 1_000, 250_000  # what is compared piece by piece, once the same beginning and end are set aside


def digest(content: Any) -> str:
    """SHA-256 of canonical JSON: sorted keys, no spaces, UTF-8."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def kept(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Sources as they are stored. Raises `Invalid` for one without a name or without the hash of its bytes."""
    if any(not each.label or not HASH.fullmatch(each.hash) for each in sources):
        raise Invalid({"sources": [_("Each source has a name and the SHA-256 of its bytes.")]})
    return [{"label": each.label, "url": each.url, "hash": each.hash} for each in sources]


def address(url: str) -> str:
    """An address that a page may link to: within the application, or by https. Raises `Invalid`."""
    if url and not re.fullmatch(r"(https://[^\s<>\"]+|/(?!/)[^\s<>\"\\]*)", url[:2_000]):
        raise Invalid({"sources": [_("“%(url)s” is no address that can be opened.", url=url[:80])]})
    return url[:2_000]


def seal(kind: str, produced: str, inputs: Mapping[str, Any], sources: Sequence[Mapping[str, Any]], **said: str) -> str:
    """The hash of all that stands behind a proposal."""
    return digest({"kind": kind, "produced": produced, "inputs": dict(inputs), "sources": [dict(each) for each in sources], **said})


def words(before: str, after: str) -> list[tuple[str, str]]:
    """Two texts as pieces, in their order: kept (""), taken out ("-"), put in ("+"). Empty when they are the same."""
    if before == after:
        return []
    for divided in (_pieces, _lines):
        old, new = divided(before), divided(after)
        start = _alike(old, new)
        end = _alike(old[start:][::-1], new[start:][::-1])
        kept = "".join(old[:start]), "".join(old[len(old) - end:])
        old, new = old[start:len(old) - end], new[start:len(new) - end]
        if max(len(old), len(new)) <= MOST_WORDS and len(old) * len(new) <= MOST_PAIRS:
            between = list(_compared(old, new))
            break
    else:
        between = [("-", "".join(old)), ("+", "".join(new))]
    return [(sign, piece) for sign, piece in (("", kept[0]), *between, ("", kept[1])) if piece]


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many pieces two texts have in common from their beginning."""
    return next((place for place, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new)))


def _compared(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """What differs in runs that can be read: a gap between two changes that is only a blank belongs to both."""
    before = after = ""
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (tag, i1, i2, j1, j2) in enumerate(steps, start=1):
        out, put = "".join(old[i1:i2]), "".join(new[j1:j2])
        if tag != "equal" or (out == " " and (before or after) and number < len(steps)):
            before, after = before + out, after + put
            continue
        yield from ((sign, piece) for sign, piece in (("-", before), ("+", after)) if piece)
        yield "", out
        before = after = ""
    yield from ((sign, piece) for sign, piece in (("-", before), ("+", after)) if piece)


def _pieces(text: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", text)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
