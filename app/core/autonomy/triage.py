"""Reading a mail by rules: which kind it is, how urgent, and what stands in its head. Words are looked for; no model is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr, parsedate_to_datetime

from app.kernel.kinds import fold

PROVIDER, MODEL = "OpsFlux", "keyword rules, version 1"
OTHER = "other"
CATEGORIES: Mapping[str, tuple[str, ...]] = {  # folded: lower case, no accents
    "invoice": ("invoice", "payment due", "facture", "rechnung", "factura", "fatura", "fattura"),
    "complaint": ("complaint", "complain", "unacceptable", "reclamation", "beschwerde", "queja", "reclamacao", "reclamo"),
    "documents": ("please find", "attached", "enclosed", "ci-joint", "piece jointe", "im anhang", "anbei", "adjunto", "em anexo",
                  "in allegato"),
    "appointment": ("appointment", "meeting", "rendez-vous", "termin", "cita", "reuniao", "appuntamento"),
    "question": ("question", "could you", "can you", "how do i", "pourriez-vous", "konnten sie", "podria", "poderia", "potreste"),
}
URGENT = ("urgent", "immediately", "as soon as possible", "deadline", "dringend", "sofort", "frist", "delai", "urgente", "prazo",
          "scadenza")
REFERENCE = re.compile(r"\b[A-Z]{2,5}-\d{4}-\d{3,6}\b")
AMOUNT = re.compile(  # bounded, so that a long row of digits is read once
    r"[€$£]\s?\d[\d.,]{0,20}\d(?!\d)|(?<!\w)(?<!\d[.,])\d[\d.,]{0,20}\s?(?:€|(?:EUR|USD|GBP|CHF)\b)")
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b")
MOST, READ = 10, 50_000


@dataclass(frozen=True)
class Classified:
    """What a mail is taken for, the words that said so, and how sure the rules are: more of the words found, and no other kind beside."""

    category: str
    urgent: bool
    found: tuple[str, ...]
    confidence: float


@dataclass(frozen=True)
class Metadata:
    """What stands in a mail: from whom, to whom, when, about what, and what its text names."""

    sender: str
    name: str
    to: tuple[str, ...]
    subject: str
    sent_at: str
    message_id: str
    attachments: tuple[str, ...]
    references: tuple[str, ...]
    amounts: tuple[str, ...]
    dates: tuple[str, ...]


def classify(message: EmailMessage) -> Classified:
    """The kind of a mail, by the words of its subject and text."""
    words = fold(f"{_header(message, 'subject')}\n{body(message)}")
    hits = {category: tuple(each for each in looked if _has(words, each)) for category, looked in CATEGORIES.items()}
    best = max(hits, key=lambda each: len(hits[each]))
    urgent = any(_has(words, each) for each in URGENT)
    if not hits[best]:
        return Classified(OTHER, urgent, (), 0.2)
    every = sum(map(len, hits.values()))
    return Classified(best, urgent, hits[best], round(min(0.95, 0.5 + 0.15 * len(hits[best])) * len(hits[best]) / every, 2))


def extract(message: EmailMessage) -> Metadata:
    """What stands in the head of a mail and in its text."""
    name, sender = parseaddr(_header(message, "from"))
    text = f"{_header(message, 'subject')}\n{body(message)}"
    return Metadata(
        sender=sender[:254], name=name[:200],
        to=tuple(address for _name, address in getaddresses([_header(message, "to")]) if address)[:MOST],
        subject=_header(message, "subject")[:200], sent_at=_sent(message), message_id=_header(message, "message-id")[:200],
        attachments=tuple((part.get_filename() or "")[:120] for part in message.iter_attachments() if part.get_filename())[:MOST],
        references=_named(REFERENCE, text), amounts=_named(AMOUNT, text), dates=_named(DATE, text))


def body(message: EmailMessage) -> str:
    """The text of a mail; that of its HTML without the marks when it has no other."""
    try:
        part = message.get_body(preferencelist=("plain", "html"))
        content = str(part.get_content()) if part is not None else ""
    except (LookupError, ValueError, UnicodeError, AttributeError):  # what no decoder knows
        return ""
    if part is not None and part.get_content_subtype() == "html":
        content = re.sub(r"<[^<>]{0,2000}>", " ", content[:READ])
    return content[:READ]


def _named(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pattern.findall(text[:READ])))[:MOST]


def _has(words: str, looked: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(looked)}", words) is not None


def _header(message: EmailMessage, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _sent(message: EmailMessage) -> str:
    try:
        sent: datetime = parsedate_to_datetime(_header(message, "date"))
    except (ValueError, TypeError):
        return ""
    return (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).isoformat()
