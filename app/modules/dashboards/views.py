"""The pages of dashboards: all of them, one of them, its builder, and one as a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import access
from app.kernel import clock
from app.kernel.current import current
from app.kernel.door import perform_one
from app.kernel.errors import Invalid
from app.kernel.kinds import show_moment
from app.kernel.limits import EXPORT, limited
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.kernel.tiles import Tile
from app.modules.dashboards import boards, building, layout, printing, services
from app.modules.dashboards.boards import KEY, VIEW, Board
from app.modules.dashboards.showing import PERIODS, Filters, draw
from app.resources.urls import form_url, list_url

screens = Blueprint("dashboards_pages", __name__)
STEPS = {"earlier": -1, "later": 1}
SIZES = {"narrower": -1, "wider": 1}


@screens.get("/<org>/dashboards/")
def home() -> Response:
    """The homes of roles, one's own dashboards and those that are shared."""
    access.require(current.user, VIEW)
    made = boards.made()
    own = [each for each in made if each.record is not None and each.record.created_by == current.user.id]
    return screen("dashboards/home.html", homes=boards.homes(), own=own, shared=[each for each in made if each not in own],
                  new_url=form_url(registry.resource(KEY)), may_make=access.can(current.user, f"{KEY}.create"),
                  all_url=list_url(registry.resource(KEY)))


@screens.get("/<org>/dashboards/<ref>/")
def show(ref: str) -> Response:
    """One dashboard, its tiles alone for htmx."""
    board = boards.find(ref)
    filters = _filters()
    builds = request.args.get("build") == "1"
    tiles = [draw(tile, filters) for tile in board.tiles]
    return screen("dashboards/board.html", block="tiles", board=board, tiles=tiles, filters=filters, builds=builds,
                  periods=[(period, _period(period)) for period in PERIODS], sites=building.sites(), when=show_moment(clock.now()),
                  url=url_for(".show", ref=ref, **filters.words(), **({"build": "1"} if builds else {})),
                  arrange_url=url_for(".arrange", ref=ref), add_url=url_for(".edit_tile", ref=ref) if board.editable else "",
                  pdf_url=url_for(".file", ref=ref, ending="pdf", **filters.words()),
                  xlsx_url=url_for(".file", ref=ref, ending="xlsx", **filters.words()),
                  settings_url=form_url(registry.resource(KEY), board.record) if board.editable else "")


@screens.post("/<org>/dashboards/<ref>/arrange")
def arrange(ref: str) -> Response:
    """Move, resize or leave out a tile, put all of them in an order, or go back to how it was."""
    board = boards.find(ref)
    asked, tile = request.form.get("do", ""), request.form.get("tile", "")
    if asked == "original":
        services.forget(board.key)
    elif asked == "copy":
        return redirect(_copy(board), 303)
    else:
        board.keep(_changed(board.tiles, asked, tile))
    return redirect(url_for(".show", ref=ref, build="1", _anchor=f"tile-{tile}" if tile else None), 303)


def _changed(tiles: list[Tile], asked: str, key: str) -> list[Tile]:
    if asked in STEPS:
        return layout.moved(tiles, key, STEPS[asked])
    if asked in SIZES:
        return layout.resized(tiles, key, SIZES[asked])
    if asked == "remove":
        return [tile for tile in tiles if tile.key != key]
    if asked == "order":
        return layout.ordered(tiles, request.form.getlist("order")[:layout.MOST])
    raise Invalid({"do": [_("This is not known here.")]})


def _copy(board: Board) -> str:
    """A dashboard of one's own with the same tiles; gives its address."""
    made = perform_one(KEY, "create", data={"name": _("%(name)s (my own)", name=board.title)[:120], "shared": "private",
                                            "tiles": layout.stored(board.tiles)}).record
    flash(_("This dashboard is yours: change it as you like."), "good")
    return url_for(".show", ref=made.reference, build="1")


@screens.get("/<org>/dashboards/<ref>/tile")
def edit_tile(ref: str) -> Response:
    """The form of a tile: first what it shows, then the rest of it."""
    board = _owned(ref)
    tile = next((each for each in board.all_tiles if each.key == request.args.get("tile")), None)
    return _tile_form(board, building.typed(request.args, tile), {}, tile)


@screens.post("/<org>/dashboards/<ref>/tile")
def save_tile(ref: str) -> Response:
    """Add a tile, or change one."""
    board = _owned(ref)
    tile = next((each for each in board.all_tiles if each.key == request.form.get("tile")), None)
    typed = building.typed(request.form, tile)
    try:
        made = replace(building.made(typed), key=tile.key if tile else layout.fresh_key(board.all_tiles))
        layout.check(made)
    except Invalid as wrong:
        return _tile_form(board, typed, wrong.errors, tile, status=422)
    tiles = [made if each.key == made.key else each for each in board.all_tiles]
    board.keep(tiles if tile else [*tiles, made])
    return redirect(url_for(".show", ref=ref, build="1", _anchor=f"tile-{made.key}"), 303)


@screens.get("/<org>/dashboards/<ref>/file.<ending>")
@limited(EXPORT)
def file(ref: str, ending: str) -> Response:
    """The dashboard as PDF or XLSX: the same figures, the same charts."""
    board = boards.find(ref)
    return printing.written(board, _filters(), ending)


def _owned(ref: str) -> Board:
    board = boards.find(ref)
    access.require(current.user, f"{KEY}.edit", board.record)
    return board


def _tile_form(board: Board, typed: dict[str, str], errors: Any, tile: Tile | None, status: int = 200) -> Response:
    fields = building.fields(typed, errors)
    return screen("dashboards/tile.html", status=status, board=board, fields=fields, typed=typed, tile=tile,
                  errors=[(f"tile-{each['name']}", each["label"], sentence) for each in fields for sentence in each["errors"]],
                  ready=building.ready(typed), board_url=url_for(".show", ref=board.key, build="1"))


def _filters() -> Filters:
    period = request.args.get("period", "90")
    site = request.args.get("site", "")
    return Filters(period if period in PERIODS else "90", site if any(site == value for value, _label in building.sites()) else "")


def _period(period: str) -> str:
    return {"30": _("30 days"), "90": _("90 days"), "365": _("12 months"), "all": _("Everything")}[period]


for _view in (home, show, arrange, edit_tile, save_tile, file):
    _view.needs = VIEW  # type: ignore[attr-defined]
