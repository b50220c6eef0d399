"""What a saved view keeps, in the words of its list: filters, words that are searched for, order, columns."""

from __future__ import annotations

from urllib.parse import urlencode

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.core import views
from app.kernel.errors import Invalid
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.resources.features.listing import OPERATORS, said_value
from app.resources.querying import filter_fields, narrowed, read


def as_kept(resource: Resource, query: str) -> str:
    """What a view of this list keeps, in the order in which addresses have it. Raises `Invalid` where it means nothing."""
    wanted = read(resource, MultiDict(views.said_of(query)))
    narrowed(wanted)  # a value that cannot be understood is refused now, not when the list is opened
    return urlencode(list(wanted.parameters().items(multi=True)))


def kept_in_words(resource: Resource, query: str) -> list[tuple[str, str]]:
    """Label and words of each thing that is kept; one sentence when the list has changed since so that it means nothing any more."""
    try:
        wanted = read(resource, MultiDict(views.said_of(query)))
    except Invalid as error:
        return [(_("No longer understood"), " ".join(str(said) for each in error.errors.values() for said in each))]
    fields, known = filter_fields(resource), views.choosable(resource)
    found = [(f"{fields[each.name].label}{OPERATORS.get(each.operator, '')}", " · ".join(said_value(fields[each.name], raw)
              for raw in each.values)) for each in wanted.conditions]
    if wanted.tags:
        found.append((_("Tags"), " · ".join(wanted.tags)))
    if wanted.text:
        found.append((_("Words"), f"“{wanted.text}”"))
    if wanted.archived:
        found.append((_("Archived"), _("Yes")))
    if wanted.sort != resource.sort:
        name = wanted.sort.removeprefix("-")
        field = fields_of(resource.model).get(name)
        found.append((_("Sorted by"), f"{field.label if field else name}{' ↓' if wanted.sort.startswith('-') else ' ↑'}"))
    if wanted.columns:
        found.append((_("Columns"), ", ".join(str(known[name].label) for name in wanted.columns if name in known)))
    return found
