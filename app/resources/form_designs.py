"""The page on which a form is made: its fields one at a time by plain forms, and beside them the form as whoever fills it in sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access
from app.core.forms import building, designing, keeping
from app.core.forms.models import Form, Stage
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.kinds import counted
from app.kernel.registry import registry
from app.kernel.screens import screen, wants_fragment
from app.resources.design_drawing import Box, described, outline
from app.resources.design_preview import Preview
from app.resources.urls import list_url, url_of

screens = Blueprint("form_designs", __name__)
FORM = "forms.form"
VIEW, MAKE, EDIT = (f"{FORM}.{verb}" for verb in ("view", "create", "edit"))
RESHAPING = ("_redraw", "_add_line", "_remove_line")


@screens.get("/<org>/forms/build")
def make() -> Response:
    """A new form: what it is called, and what it begins with."""
    access.require(current.user, MAKE)
    return _begin({"title": "", "code": "", "begin": request.args.get("begin", "")}, {})


@screens.post("/<org>/forms/build")
def save_new() -> Response:
    """Make it, and go on to its fields."""
    access.require(current.user, MAKE)
    said = {name: request.form.get(name, "").strip() for name in ("title", "code", "begin")}
    begun = _beginnings().get(said["begin"])
    if begun is None:
        raise NotFound
    try:
        made = perform_one(FORM, "create", None, {"title": said["title"], "code": said["code"] or designing.named(said["title"]),
                                                  "definition": begun[1]}, channel="page").record
    except Invalid as error:
        session().rollback()
        return _begin(said, error.errors, 422)
    return redirect(url_for("form_designs.show", ref=made.reference), 303)


@screens.get("/<org>/forms/forms/<ref>/build")
def show(ref: str) -> Response:
    """A form and its fields; `?field=` opens one of them, `?add=` a new one in a section, `?section=` a heading."""
    form = _found(ref)
    access.require(current.user, VIEW, form)
    return _page(form, json.loads(form.definition), *_opened(form))


@screens.post("/<org>/forms/forms/<ref>/build")
def change(ref: str) -> Response:
    """One change of a draft: `do` is set, up, down, copy, remove, whole, or section-add, -set, -up, -down, -remove."""
    form = _found(ref)
    access.require(current.user, EDIT, form)
    said, do = json.loads(form.definition), request.form.get("do", "")
    if do == "title":
        return _kept(form, said, None, "", title=request.form.get("title", ""))
    box = Box.typed(said, request.form) if do == "set" else None
    if box and any(name in request.form for name in RESHAPING):
        answer = _box(form, said, box)
        answer.headers["HX-Reswap"] = "outerHTML"
        return answer
    try:
        wanted, anchor = _changed(said, do, request.form, box)
    except KeyError:
        raise NotFound from None
    flaw = keeping.flaw(wanted)
    if box and flaw:
        box.blame(flaw)
    wrong = [str(flaw)] if flaw else [_("A box is not filled in yet.")] if box and box.errors else []
    if request.form.get("_preview") and wants_fragment():
        drawn = Preview.refused(form, wrong) if wrong else Preview.of(form, wanted)
        return screen("forms/build.html", block="preview", preview=drawn)
    if wrong:
        return _page(form, said, box, trouble=[] if box else [_("Not possible like this."), *wrong], status=422)
    return _kept(form, wanted, box, anchor)


@screens.post("/<org>/forms/forms/<ref>/preview")
def preview(ref: str) -> Response:
    """The form as it looks with what was typed into it; nothing is kept."""
    form = _found(ref)
    access.require(current.user, VIEW, form)
    said = json.loads(form.definition)
    drawn = Preview.of(form, said, request.form)
    if "_impact" in request.form:
        return screen("resource/impact.html", impact=drawn.impact, action=drawn.action)
    answer = _page(form, said, drawn=drawn, block="preview")
    answer.headers["HX-Reswap"] = "outerHTML"
    return answer


for _new in (make, save_new):
    _new.needs = MAKE  # type: ignore[attr-defined]
for _view, _needs in ((show, VIEW), (change, EDIT), (preview, VIEW)):
    _view.needs = _needs  # type: ignore[attr-defined]


def _box(form: Form, said: building.Said, box: Box) -> Response:
    """The boxes of a field as they are now asked for: alone for htmx, or in their page."""
    if not wants_fragment():
        return _page(form, said, box)
    address = url_for("form_designs.show", ref=form.reference)
    return screen("forms/_box.html", box=described(box, said, address), address=address, version=form.version)


def _kept(form: Form, wanted: building.Said, box: Box | None, anchor: str, **more: str) -> Response:
    sent = {"definition": keeping.text_of(wanted), **more} | ({"version": request.form["version"]} if request.form.get("version") else {})
    reference = form.reference
    try:
        perform_one(FORM, "edit", form.id, sent, channel="page")
    except (Invalid, Conflict) as error:
        session().rollback()
        form = _found(reference)
        return _page(form, json.loads(form.definition), box, trouble=[str(error)], status=error.status)
    return redirect(url_for("form_designs.show", ref=reference, _anchor=anchor), 303)


def _changed(said: building.Said, do: str, typed: Mapping[str, str], box: Box | None) -> tuple[building.Said, str]:
    """After one change, and where the page goes on. Raises KeyError for what there is not."""
    name, number = typed.get("field", ""), counted(typed.get("section", "")) or 0
    if box is not None:
        made = building.put(said, name, box.made, number)
        return building.without_empty({**made, "impact": box.impacts(made)}), f"field-{box.made['name']}"
    if do in ("up", "down"):
        return building.moved(said, name, -1 if do == "up" else 1), f"field-{name}"
    if do == "copy":
        made, fresh = building.copied(said, name, _("%(name)s (copy)", name=building.field_of(said, name).get("label", name)))
        return made, f"field-{fresh}"
    if do == "remove":
        return building.removed(said, name), "fields"
    if do == "whole":
        return designing.summed(said, typed), "whole"
    return _section_changed(said, do, number, typed.get("title", "").strip()[:200])


def _section_changed(said: building.Said, do: str, number: int, title: str) -> tuple[building.Said, str]:
    if do == "section-add":
        return building.section_added(said, title or _("New section")), f"section-{len(said['sections'])}"
    if do == "section-set":
        return building.section_titled(said, number, title), f"section-{number}"
    if do == "section-remove":
        return building.section_removed(said, number), "fields"
    step = {"section-up": -1, "section-down": 1}[do]
    return building.section_moved(said, number, step), f"section-{number + step}"


def _opened(form: Form) -> tuple[Box | None]:
    """What the address asks to be opened for changing."""
    said = json.loads(form.definition)
    if not _may(form):
        return (None,)
    if name := request.args.get("field"):
        return (Box.of(said, name),) if name in building.names_of(said) else (None,)
    section = counted(request.args.get("add", ""))
    return (Box.fresh_in(section),) if section is not None and section < len(said["sections"]) else (None,)


def _page(form: Form, said: building.Said, box: Box | None = None, *, drawn: Preview | None = None, trouble: Sequence[str] = (),
          block: str | None = None, status: int = 200) -> Response:
    may, address = _may(form), url_for("form_designs.show", ref=form.reference)
    section = counted(request.args.get("section", "")) if may else None
    return screen(
        "forms/build.html", block=block, status=status, form=form, may=may, sections=outline(said),
        box=described(box, said, address) if box else None, titled=section, trouble=trouble,
        whole=designing.shown_of_all(said) if may else None, address=address, version=form.version,
        preview=drawn or Preview.of(form, said), record_url=url_of(form), list_url=list_url(registry.resource(FORM)),
        activate_url=f"{url_of(form)}activate" if may and access.can(current.user, f"{FORM}.activate", form) else "",
        revise_url=f"{url_of(form)}revise" if form.stage != Stage.DRAFT and access.can(current.user, f"{FORM}.revise", form) else "")


def _may(form: Form) -> bool:
    return keeping.changeable(form) is True and not form.is_archived and bool(access.can(current.user, EDIT, form))


def _found(ref: str) -> Form:
    form = session().scalars(select(Form).where(Form.reference == ref)).first()
    if form is None:
        raise NotFound
    return form


def _begin(said: Mapping[str, str], errors: Mapping[str, Sequence[Any]], status: int = 200) -> Response:
    return screen("forms/new.html", status=status, values=said, errors=errors, list_url=list_url(registry.resource(FORM)),
                  beginnings=[(key, label) for key, (label, _definition) in _beginnings().items()],
                  summary=[(f"field-{name}" if name in ("title", "code") else "", "", each[0]) for name, each in errors.items()])


def _beginnings() -> dict[str, tuple[Any, str]]:
    """What a new form can begin as: nothing but one field, an example, or one that there is."""
    first = {"sections": [{"title": _("Request"), "fields": [{"name": "subject", "label": _("What it is about"), "kind": "text"}]}]}
    found: dict[str, tuple[Any, str]] = {"": (_("One field"), keeping.text_of(first)),
                                         "example": (_("An example: a visit"), str(keeping.example()["definition"]))}
    found |= {f"brought:{code}": (label, keeping.text_of(definition)) for code, (label, definition) in registry.forms.items()}
    rows = session().scalars(select(Form).where(Form.stage == Stage.ACTIVE, Form.archived_at.is_(None)).order_by(Form.code))
    return found | {each.reference: (each.title, each.definition) for each in rows if each.code not in registry.forms}


