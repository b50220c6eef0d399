"""The kinds of notices and mails whose words an organisation may write itself, and what each of them knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.templating import variables
from app.kernel.happenings import concerned, happenings
from app.kernel.manifest import Resource

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Offer:
    """`example` has every name that a template of this kind may use, beside `user` and `company`; `values(context)` gives them for a mail.

    `leads(context)` is the path of the page that the button opens, or empty.
    """

    label: Any
    example: Values
    values: Callable[[Values], Values]
    leads: Callable[[Values], str] = lambda _context: ""


def _notice(context: Values) -> Values:
    said = context["notice"]
    known = said if isinstance(said, Mapping) else {name: getattr(said, name) for name in ("title", "text", "path")}
    return {"notice": {"title": known["title"], "text": known["text"]}}


def _path(context: Values) -> str:
    said = context["notice"]
    return str(said["path"] if isinstance(said, Mapping) else said.path)


_OWN: dict[str, Offer] = {
    "notification": Offer(_l("Notification"), {"notice": {"title": "Ladder 7 is yours to mend", "text": "By Friday."}}, _notice, _path),
    "remittance": Offer(
        _l("Remittance advice"),
        {"advice": {"supplier": "Acorn Works", "reference": "PAY-2026-00042", "payer": "Rowan", "amount": "€7,000.00",
                    "paid_on": "1 Jun 2026", "transaction_number": "T-1042", "purpose": "Chairs"}},
        lambda context: {"advice": dict(context["advice"])}),
}


def kinds() -> Mapping[str, Any]:
    """Every kind with its words: the mails of the product, then what can happen to records."""
    return {**{key: offer.label for key, offer in _OWN.items()}, **happenings()}


def offer_of(kind: str) -> Offer | None:
    """What a template of a kind knows; None for a kind that nobody writes."""
    resource = None if kind in _OWN else concerned(kind)
    return _OWN.get(kind) if resource is None else Offer(happenings()[kind], _example(resource), _happened, _page)


def values_of(resource: Resource, record: Any) -> Values:
    """A record as templates know it: under its own name and as `record`, each field as pages show it."""
    return _both(resource, variables.records_as_values(resource, [record])[0])


def _example(resource: Resource) -> Values:
    """The same with the labels of the fields in the place of what they hold."""
    return {"by": {"name": "Grace Hopper"}, **_both(resource, variables.record_example(resource, alone=True))}


def _both(resource: Resource, said: Values) -> Values:
    return {"record": said, resource.name: said}


def _happened(context: Values) -> Values:
    return dict(context["happened"])


def _page(context: Values) -> str:
    return str(context["path"])
