"""What is new in an answer: its text without what it quotes, and without the signature."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from email.message import EmailMessage, Message
from html.parser import HTMLParser

MOST = 100_000
"""So many letters of a body are looked at: whoever wants can send a mail that takes long to read."""

_ENDS = tuple(re.compile(pattern) for pattern in (
    r"\W*—\s*↑", r"-{2,}\s*(Original|Message|Mensaje|Mensagem|Messaggio|Urspr|Weitergeleitet|Forwarded)", r"_{20,}\s*$"))
_HEAD = re.compile(r"\*?(From|De|Von|Da|Sent|Envoyé|Gesendet|Enviad[oa]|Inviato|Date|Datum|Data|Fecha)\s?:\*?\s")
_WROTE = re.compile(r"(On|Le|El|Em|Il|Am)\b(?=.{0,200}\d).{5,250}?((wrote|écrit|escribió|escreveu|scritto)\s*|schrieb\b.*):$")
_LONGEST_WROTE = 600
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SENT_FROM = re.compile(r"(Sent from my|Get Outlook|Envoyé (de mon|à partir)|Enviado (desde mi|do meu)|Inviato da|Von meinem .* gesendet)",
                        re.IGNORECASE)
_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "blockquote", "table"})
_EMPTY = frozenset({"br", "img", "hr", "meta", "link", "input", "wbr", "col", "area", "base"})
_UNSAID = frozenset({"style", "script", "title", "head", "blockquote"})
_QUOTES = re.compile(r"gmail_quote|gmail_signature|moz-cite-prefix|moz-signature|yahoo_quoted|divRplyFwdMsg|appendonsend|protonmail_quote")


def new_text(message: EmailMessage) -> str:
    """What whoever answers has written; empty when there is nothing."""
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    said = _cut(_content(plain)) if plain is not None else ""
    return said or (_cut(_Read.text_of(_content(html))) if html is not None else "")


def enclosed_names(message: EmailMessage) -> list[str]:
    """The names of the files that came with it; pictures within the text are none."""
    parts = [part for part in message.walk() if not part.is_multipart() and part.get_content_disposition() != "inline"]
    return [one_line(str(part.get_filename()))[:120] for part in parts if part.get_filename()]


def one_line(text: str) -> str:
    """The words in one line; for each letter that no one can see and no table holds stands a mark, so that it equals nothing else."""
    return " ".join(_UNSEEN.sub("\ufffd", text).split())


def _content(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    content = content[:4 * MOST]
    try:
        return content.decode(_charset(part), errors="replace")[:MOST]
    except (LookupError, UnicodeError):
        return content.decode("utf-8", errors="replace")[:MOST]


def _charset(part: Message) -> str:
    """In which letters it is written. Punycode is for domains, and takes long with many letters."""
    charset = codecs.lookup(part.get_content_charset() or "utf-8").name
    return charset if charset != "punycode" else "utf-8"


def _cut(text: str) -> str:
    """The lines before a signature, or a quotation that does not say of each of its lines that it is one."""
    lines = [line.rstrip() for line in text.replace("\x00", "").replace("\xa0", " ").splitlines()]
    kept: list[str] = []
    number = 0
    while number < len(lines):
        bare = lines[number].strip()
        if bare == "--" or _SENT_FROM.match(bare) or _ends(bare, lines[number + 1:number + 2]):
            break
        introduced = _introduces(lines[number:number + 3])
        if introduced and not _is_quoted(lines, number + introduced):
            break
        if not introduced and not bare.startswith(">"):
            kept.append(lines[number])
        number += introduced or 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _ends(line: str, following: list[str]) -> bool:
    """Whether nothing that is new comes any more."""
    heads = bool(_HEAD.match(line) and following and _HEAD.match(following[0].strip()))
    return heads or any(pattern.match(line) for pattern in _ENDS)


def _introduces(lines: list[str]) -> int:
    """Over how many lines somebody “wrote at that time:”; 0 when this begins nothing of the kind."""
    spoken = [" ".join(line.strip() for line in lines[:count]) for count in range(1, len(lines) + 1)]
    return next((count for count, said in enumerate(spoken, 1) if len(said) <= _LONGEST_WROTE and _WROTE.match(said)), 0)


def _is_quoted(lines: list[str], start: int) -> bool:
    """Whether what follows says of each line that it is quoted."""
    return next((lines[number] for number in range(start, len(lines)) if lines[number].strip()), "").lstrip().startswith(">")


class _Read(HTMLParser):
    """The words of a page, line by line, without what quotes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._left_out: list[str] = []
        self._open: Counter[str] = Counter()
        self._over = False

    @classmethod
    def text_of(cls, html: str) -> str:
        """Its words. It is not closed: that would look through the rest anew for each tag that does not end."""
        reader = cls()
        reader.feed(html + "\n")
        return "".join(reader.said)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Leave out a quotation with all that is inside it; what Outlook quotes follows its mark to the end."""
        marks = " ".join(value or "" for name, value in attrs if name in ("class", "id"))
        self._over = self._over or "divRplyFwdMsg" in marks or "appendonsend" in marks
        if self._left_out or (tag in _UNSAID and tag not in _EMPTY) or (_QUOTES.search(marks) and tag not in _EMPTY):
            if tag not in _EMPTY:
                self._left_out.append(tag)
                self._open[tag] += 1
        elif tag in _BLOCKS:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Come out of a quotation again."""
        if self._open[tag]:
            last = ""
            while last != tag:
                last = self._left_out.pop()
                self._open[last] -= 1
        elif tag in _BLOCKS and tag != "br":
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        """Words; lines are broken by blocks alone."""
        if not self._left_out and not self._over:
            self.said.append(re.sub(r"\s+", " ", data))
