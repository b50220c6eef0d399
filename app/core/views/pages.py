"""What the list asks of views: keeping one, having one open first, removing one, and choosing columns. Plain forms, each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, flash, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core import access
from app.core.views import choosing, reading
from app.core.views.columns import choosable, chosen
from app.kernel.current import current
from app.kernel.door import perform_one
from app.kernel.errors import Invalid, NotFound
from app.kernel.kinds import counted
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("list_views", __name__)
screens.needs = "member"  # type: ignore[attr-defined]


@screens.post("/<org>/views/keep")
def keep() -> Answer:
    """Keep what the list shows under a name, and show the list so."""
    resource, query = _meant()
    try:
        view = choosing.keep(resource, request.form.get("title", ""), query)
    except Invalid as error:
        return _naming(resource, query, request.form.get("title", ""), error.errors)
    flash(_("The view “%(name)s” is kept.", name=view.title), "good")
    return redirect(_list(resource, view.query or "", view.reference), 303)


@screens.post("/<org>/views/first")
def first() -> Answer:
    """Have a view open first from now on, or the list as it is."""
    resource, query = _meant()
    choosing.put_first(resource, request.form.get("view", ""))
    flash(_("From now on the list opens like this."), "good")
    return redirect(_list(resource, query, request.form.get("view", "") or choosing.PLAIN), 303)


@screens.post("/<org>/views/remove")
def remove() -> Answer:
    """Put a view away; whoever may change views can restore it."""
    resource, _query = _meant()
    perform_one(choosing.RESOURCE, "archive", request.form.get("view", ""), channel="page")
    flash(_("The view is removed."), "good")
    return redirect(_list(resource, "", choosing.PLAIN), 303)


@screens.get("/<org>/views/columns")
def columns() -> Answer:
    """Which columns a list shows, and in which order."""
    resource, query = _meant()
    said = dict(parse_qsl(query))
    if "done" in request.args:
        names = _in_order(request.args.getlist("show"))
        return redirect(_list(resource, urlencode({**said, "columns": ",".join(chosen(resource, ",".join(names)))}),
                              request.args.get("view", "")), 303)
    present = chosen(resource, said.get("columns", "")) or tuple(resource.columns)
    known = choosable(resource)
    rows = [(name, known[name].label, place) for place, name in enumerate(present, start=1)]
    rows += [(name, field.label, 0) for name, field in known.items() if name not in present]
    return screen("views/columns.html", resource=resource, rows=rows, query=query, view=request.args.get("view", ""),
                  list_url=_list(resource, query, request.args.get("view", "")), plain_url=_list(
                      resource, urlencode({k: v for k, v in said.items() if k != "columns"}), choosing.PLAIN))


def _in_order(names: Sequence[str]) -> list[str]:
    """The chosen names by the number beside each; those without one follow, as they stand."""
    places = {name: counted(request.args.get(f"place-{name}", "")) or 1_000 for name in names}
    return sorted(names, key=lambda name: places[name])


def _naming(resource: Resource, query: str, typed: str, errors: Mapping[str, Sequence[str]]) -> Response:
    """The form of a name that could not be taken, with what is wrong."""
    said = [(("field-title" if name == "title" else ""), _("Name") if name == "title" else "", sentences[0])
            for name, sentences in errors.items()]
    return screen("views/keep.html", status=422, resource=resource, query=query, typed=typed, errors=errors, summary=said,
                  list_url=_list(resource, query, choosing.PLAIN))


def _meant() -> tuple[Resource, str]:
    """The list that is meant, where the reader may look at it, and what its address says."""
    resource = registry.resources.get(request.values.get("of_list", ""))
    if resource is None:
        raise NotFound(_("There is no such list."))
    access.require(current.user, resource.permission("view"))
    return resource, reading.plain(request.values.get("query", ""))


def _list(resource: Resource, query: str, view: str) -> str:
    """The address of a list that is looked at in a way."""
    said = [(name, value) for name, value in parse_qsl(query) if name not in reading.LEFT_OUT]
    place = f"/{current.organisation.slug}/{resource.module}/{resource.slug}/"
    return f"{place}?{urlencode([*said, *([('view', view)] if view else [])])}".rstrip("?")
