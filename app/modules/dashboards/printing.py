"""A dashboard as a file: the same figures, the same charts, the same rows as on the page, for the same reader."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter
from flask import Response, current_app, url_for
from flask_babel import gettext as _
from reportlab.pdfbase.pdfmetrics import stringWidth

from app.core import audit, charts, exports
from app.core.exports import Imprint, Paper, clipped
from app.kernel import clock
from app.kernel.current import current
from app.kernel.errors import NotFound
from app.kernel.fields import fields_of
from app.kernel.kinds import show_moment
from app.kernel.registry import registry
from app.modules.dashboards.boards import KEY, Board
from app.modules.dashboards.showing import Drawn, Filters, Picture, asked, draw
from app.resources.export_rows import rows_of

TYPES = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
WRITERS: dict[str, Callable[[Board, Sequence[Drawn], Filters, io.BytesIO], None]] = {}
ROWS = 1_000
QUIET = exports.QUIET
HEIGHT = 150.0


def written(board: Board, filters: Filters, ending: str) -> Response:
    """The file, which the trail knows of."""
    if ending not in WRITERS:
        raise NotFound
    stream = io.BytesIO()
    tiles = [draw(tile, filters) for tile in board.tiles]
    WRITERS[ending](board, tiles, filters, stream)
    audit.note(f"{KEY}.export", resource=KEY, record=board.record, context={"board": board.key, "format": ending, **filters.words()})
    name = exports.file_name(board.title, ending)
    return Response(stream.getvalue(), mimetype=TYPES[ending], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def pdf(board: Board, tiles: Sequence[Drawn], filters: Filters, stream: io.BytesIO) -> None:
    """Pages with the organisation's name: figures first, then each chart with its table, then the lists."""
    printed = _("Printed by %(who)s, %(when)s", who=current.user.name, when=show_moment(clock.now()))
    address = current_app.extensions["settings"].base_url + url_for("dashboards_pages.show", ref=board.key, **filters.words())
    reference = board.record.reference if board.record else ""
    paper = Paper(stream, Imprint(board.title, current.organisation.name, printed, address, reference))
    digest = hashlib.sha256()
    for drawn in tiles:
        _tile(paper, drawn)
        digest.update(repr((drawn.title, drawn.numbers, [picture.rows for picture in drawn.pictures], drawn.rows)).encode())
    paper.close(digest.hexdigest())


def _tile(paper: Paper, drawn: Drawn) -> None:
    if drawn.numbers:
        for number in drawn.numbers:
            _line(paper, drawn.title, " · ".join(filter(None, (number.said, number.moved, number.verdict))))
        return
    if not paper.room(HEIGHT + 40 if drawn.pictures else 60):
        paper.turn()
    paper.y -= 8
    paper.paragraph(drawn.title, size=11, bold=True)
    if drawn.absent or drawn.tile.kind == "text":
        paper.paragraph(drawn.absent or drawn.tile.text, tone=QUIET if drawn.absent else exports.INK)
    for picture in drawn.pictures:
        _picture(paper, picture)
    for row in drawn.rows:
        _line(paper, f"{row.title} · {row.below}", row.state)
    if drawn.tile.kind in ("list", "queue") and not drawn.rows and not drawn.absent:
        paper.paragraph(_("Nothing here."), tone=QUIET)


def _picture(paper: Paper, picture: Picture) -> None:
    if not paper.room(HEIGHT):
        paper.turn()
    width = paper.right - paper.left
    charts.drawing(picture.chart, width, HEIGHT).drawOn(paper.canvas, paper.left, paper.y - HEIGHT)
    paper.y -= HEIGHT + 8
    paper.paragraph(picture.summary, size=8, tone=QUIET)
    if len(picture.head) > 1 or len(picture.rows) <= 14:
        _line(paper, "", " · ".join(picture.head))
        for label, _url, values in picture.rows:
            _line(paper, label, " · ".join(values))


def _line(paper: Paper, left: str, right: str) -> None:
    if not paper.room(16):
        paper.turn()
    paper.y -= 14
    room = paper.right - paper.left - 12
    ends = clipped(right, room * (0.6 if left else 1), 9, bold=not left)
    paper.text(paper.left, paper.y, clipped(left, room - stringWidth(ends, exports.PLAIN, 9), 9), size=9)
    paper.text(paper.right, paper.y, ends, size=9, bold=not left, right=True)
    paper.rule(paper.y - 4)


def xlsx(board: Board, tiles: Sequence[Drawn], filters: Filters, stream: io.BytesIO) -> None:
    """One sheet of figures, one for each chart and list; numbers and days are numbers and days."""
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                        "default_date_format": "yyyy-mm-dd", "remove_timezone": True})
    book.set_properties({"title": board.title, "company": current.organisation.name})
    head = book.add_format({"bold": True, "bottom": 1})
    said = [[drawn.title, number.value, number.unit, number.moved, number.verdict] for drawn in tiles for number in drawn.numbers]
    _sheet(book, _("Figures"), [_("Figure"), _("Value"), _("Unit"), _("Trend"), _("Target")], said, head)
    for drawn in tiles:
        for picture in drawn.pictures:
            rows = [[label, *(each.values[place] for each in picture.chart.series)] for place, label in enumerate(picture.chart.labels)]
            _sheet(book, picture.chart.title, ["", *(each.label for each in picture.chart.series)], rows, head)
        if drawn.tile.kind == "list" and not drawn.absent:
            _listed(book, drawn, filters, head)
    book.close()


def _listed(book: Any, drawn: Drawn, filters: Filters, head: Any) -> None:
    wanted, _note = asked(drawn.tile, filters)
    known = fields_of(registry.resource(drawn.tile.resource).model)
    fields = [known[name] for name in dict.fromkeys(("reference", *wanted.resource.columns)) if name in known]
    rows = [row for row, _number in zip(rows_of(wanted, fields, "xlsx"), range(ROWS), strict=False)]
    _sheet(book, drawn.title, [str(each.label) for each in fields], rows, head)


def _sheet(book: Any, title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], head: Any) -> None:
    taken = {each.name.casefold() for each in book.worksheets()}
    plain = "".join(" " if each in "[]:*?/\\'" else each for each in title)[:26].strip() or "–"
    name = next(each for number in range(1, 99) if (each := plain if number == 1 else f"{plain} {number}").casefold() not in taken)
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for place, words in enumerate(heads):
        sheet.write_string(0, place, words, head)
        sheet.set_column(place, place, 32 if place == 0 else 18)
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(number, place, value, moment)
            elif isinstance(value, date):
                sheet.write_datetime(number, place, value)
            elif isinstance(value, str):
                sheet.write_string(number, place, value[:32_000])
            elif value is not None:
                sheet.write(number, place, value)


WRITERS.update(pdf=pdf, xlsx=xlsx)
