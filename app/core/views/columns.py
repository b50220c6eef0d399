"""The columns of a list: those that its readers may choose, and those that an address names."""

from __future__ import annotations

from difflib import get_close_matches

from flask_babel import gettext as _

from app.kernel.errors import Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource

TOO_LARGE = ("file", "answers", "long_text")
STAMPS = ("reference", "created_at", "updated_at")
MOST = 20


def choosable(resource: Resource) -> dict[str, Field]:
    """The fields that may stand as columns: those of its pages that fit into a cell, the list's own first."""
    fields = fields_of(resource.model)
    written = (name for names in resource.form.values() for name in names)
    names = dict.fromkeys((*resource.columns, *written, *resource.facts, *STAMPS))
    return {name: fields[name] for name in names if name in fields and (fields[name].kind not in TOO_LARGE or name in resource.columns)}


def chosen(resource: Resource, raw: str) -> tuple[str, ...]:
    """The columns that `a,b,c` names, in that order; none where nothing is said, or just the list's own.

    Raises `Invalid`, naming the nearest right one.
    """
    names = tuple(dict.fromkeys(name.strip() for name in raw.split(",") if name.strip()))
    known = choosable(resource)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = _("Did you mean “%(near)s”?", near=near[0]) if near else _("Known fields: %(names)s.", names=", ".join(known))
            raise Invalid({"columns": [_("There is no such field here.") + " " + hint]})
    if len(names) > MOST:
        raise Invalid({"columns": [_("A list shows at most %(max)d columns.", max=MOST)]})
    return () if names == tuple(resource.columns) else names
