"""A4 pages with the frame that every PDF of ours has: heading, reference, version, hash, page x/y, who printed it and when, QR code."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from flask_babel import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from app.core import branding

PLAIN, BOLD = "Inter", "Inter-SemiBold"
INK, QUIET, RULE, SHADE = HexColor("#18181b"), HexColor("#63636b"), HexColor("#d4d4d8"), HexColor("#f4f4f5")
MARGIN, HEAD, FOOT, CODE = 40.0, 58.0, 44.0, 40.0


@lru_cache(maxsize=1)
def fonts() -> None:
    """Make the bundled font known, once."""
    folder = Path(__file__).parent / "fonts"
    pdfmetrics.registerFont(TTFont(PLAIN, str(folder / "Inter-Regular.ttf")))
    pdfmetrics.registerFont(TTFont(BOLD, str(folder / "Inter-SemiBold.ttf")))


@dataclass(frozen=True)
class Imprint:
    """What stands at the head and the foot of every page. `url` is what the QR code leads to."""

    title: str
    organisation: str
    printed: str
    url: str = ""
    reference: str = ""
    version: str = ""
    watermark: str = ""


class Paper:
    """Pages that are written from top to bottom; the totals of the foot are known once `close` is called."""

    def __init__(self, stream: BinaryIO, imprint: Imprint, *, wide: bool = False) -> None:
        fonts()
        self.width, self.height = landscape(A4) if wide else A4
        self.imprint, self.pages, self.y = imprint, 0, 0.0
        self.known: dict[str, str] = {}
        self.canvas = Canvas(stream, pagesize=(self.width, self.height), pageCompression=1, invariant=0)
        self.canvas.setTitle(imprint.title)
        self.canvas.setAuthor(imprint.organisation)
        self.canvas.setCreator("OpsFlux")
        self._look = branding.look()
        self._logo = ImageReader(io.BytesIO(branding.picture(self._look.logo_id)[0])) if self._look.logo_id else None
        self._code = _qr(imprint.url) if imprint.url else None
        self.turn()

    @property
    def left(self) -> float:
        """Where text begins."""
        return MARGIN

    @property
    def right(self) -> float:
        """Where text ends."""
        return self.width - MARGIN

    @property
    def floor(self) -> float:
        """The lowest place that text may take."""
        return MARGIN + FOOT

    def room(self, height: float) -> bool:
        """Whether so much still fits on this page."""
        return self.y - height >= self.floor

    def turn(self) -> None:
        """Begin the next page."""
        if self.pages:
            self.canvas.showPage()
        self.pages += 1
        self._head()
        self._foot()
        self.y = self.height - MARGIN - HEAD

    def text(self, x: float, y: float, words: str, *, size: float = 9, bold: bool = False, tone: Any = INK, right: bool = False) -> None:
        """One line of text, from x on or up to x."""
        self.canvas.setFont(BOLD if bold else PLAIN, size)
        self.canvas.setFillColor(tone)
        (self.canvas.drawRightString if right else self.canvas.drawString)(x, y, words)

    def rule(self, y: float) -> None:
        """A thin line across."""
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(0.5)
        self.canvas.line(self.left, y, self.right, y)

    def paragraph(self, words: str, *, size: float = 9, bold: bool = False, tone: Any = INK, after: float = 4.0) -> None:
        """Text that is broken into lines and pages."""
        for line in wrapped(words, self.right - self.left, size, bold=bold):
            if not self.room(size * 1.45):
                self.turn()
            self.y -= size * 1.45
            self.text(self.left, self.y, line, size=size, bold=bold, tone=tone)
        self.y -= after

    def close(self, digest: str) -> int:
        """Write what was not known before, and end the file; gives the number of pages."""
        self.canvas.showPage()
        for name, words in (("total", str(self.pages)), ("digest", digest), *self.known.items()):
            self.canvas.beginForm(name, 0, -4, 500, 12)
            self.canvas.setFont(PLAIN, 7)
            self.canvas.setFillColor(QUIET)
            self.canvas.drawString(0, 0, words)
            self.canvas.endForm()
        self.canvas.save()
        return self.pages

    def _head(self) -> None:
        if self.imprint.watermark:
            self._watermark()
        top = self.height - MARGIN
        self.text(self.left, top - 14, clipped(self.imprint.title, self.width - 3 * MARGIN - CODE, 14, bold=True), size=14, bold=True)
        said = " · ".join(filter(None, (self.imprint.organisation, self.imprint.reference, self.imprint.version)))
        self.text(self.left, top - 29, clipped(said, self.width - 3 * MARGIN - CODE, 8.5), size=8.5, tone=QUIET)
        if self._look.colour:
            self.canvas.setFillColor(HexColor(self._look.colour))
            self.canvas.rect(0, self.height - 5, self.width, 5, stroke=0, fill=1)
        if self._logo:
            place = self.right - (CODE if self._code else 0) - 58
            self.canvas.drawImage(self._logo, place, top - 36, 48, 36, preserveAspectRatio=True, anchor="ne", mask="auto")
        if self._code:
            self.canvas.drawImage(self._code, self.right - CODE, top - CODE, CODE, CODE)
        self.rule(top - HEAD + 12)

    def _watermark(self) -> None:
        """Beneath all else, across the page: what it is and for whom it was made."""
        self.canvas.saveState()
        self.canvas.translate(self.width / 2, self.height / 2)
        self.canvas.rotate(34)
        self.canvas.setFillColor(SHADE)
        self.canvas.setFont(BOLD, 26)
        for line in (-90, 0, 90):
            self.canvas.drawCentredString(0, line, clipped(self.imprint.watermark, self.width * 0.9, 26, bold=True))
        self.canvas.restoreState()

    def _foot(self) -> None:
        y = MARGIN + 14
        self.rule(y + 12)
        self.text(self.left, y, self.imprint.printed, size=7, tone=QUIET)
        page = _("Page %(page)d", page=self.pages) + " / "
        room = pdfmetrics.stringWidth("00000", PLAIN, 7)
        self.text(self.right - room, y, page, size=7, tone=QUIET, right=True)
        self._form("total", self.right - room, y)
        self.text(self.left, y - 10, "SHA-256 ", size=7, tone=QUIET)
        self._form("digest", self.left + pdfmetrics.stringWidth("SHA-256 ", PLAIN, 7), y - 10)

    def later(self, name: str, x: float, y: float) -> None:
        """Leave a place for words that are not known yet: `known[name]`, until `close`."""
        self.known.setdefault(name, "")
        self._form(name, x, y)

    def _form(self, name: str, x: float, y: float) -> None:
        self.canvas.saveState()
        self.canvas.translate(x, y)
        self.canvas.doForm(name)
        self.canvas.restoreState()


def _qr(url: str) -> Any:
    import segno
    from reportlab.lib.utils import ImageReader

    picture = io.BytesIO()
    segno.make(url, error="m").save(picture, kind="png", scale=6, border=1)
    picture.seek(0)
    return ImageReader(picture)


def clipped(words: str, width: float, size: float, *, bold: bool = False) -> str:
    """Text cut to a width, with an ellipsis."""
    font = BOLD if bold else PLAIN
    if pdfmetrics.stringWidth(words, font, size) <= width:
        return words
    while words and pdfmetrics.stringWidth(words + "…", font, size) > width:
        words = words[:-1]
    return words.rstrip() + "…"


def wrapped(words: str, width: float, size: float, *, bold: bool = False, most: int = 0) -> list[str]:
    """Text in lines of a width; a word that is too long is broken. At most `most` lines, the last one clipped."""
    font = BOLD if bold else PLAIN
    lines: list[str] = []
    for paragraph in words.split("\n") or [""]:
        line = ""
        for word in _pieces(paragraph, width, font, size):
            joined = f"{line} {word}" if line else word
            if line and pdfmetrics.stringWidth(joined, font, size) > width:
                lines.append(line)
                line = word
            else:
                line = joined
        lines.append(line)
    if most and len(lines) > most:
        lines = [*lines[:most - 1], clipped(" ".join(lines[most - 1:]), width, size, bold=bold)]
    return lines


def _pieces(paragraph: str, width: float, font: str, size: float) -> Sequence[str]:
    pieces = []
    for word in paragraph.split():
        while pdfmetrics.stringWidth(word, font, size) > width and len(word) > 1:
            cut = len(word)
            while cut > 1 and pdfmetrics.stringWidth(word[:cut], font, size) > width:
                cut = cut * 3 // 4 if cut > 8 else cut - 1
            pieces.append(word[:cut])
            word = word[cut:]
        pieces.append(word)
    return pieces
