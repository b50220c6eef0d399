"""A condition before it is saved: what it means, where it is wrong, which fields there are, and records that it lets through or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select

from app.core.access.conditions import COMPARISONS, ORDERED, Wrong, concerned, misread, understood, usable_fields
from app.core.access.reasons import in_words
from app.core.access.rules import in_sql
from app.core.access.sight import visible
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource

EXAMPLES, CHOICES = 3, 8


@dataclass(frozen=True)
class Offered:
    """A field that a condition can look at, with the signs that go with it and some of its values."""

    name: str
    label: str
    signs: str
    values: str = ""


@dataclass(frozen=True)
class Trial:
    """What came of a condition that was tried."""

    text: str
    pattern: str
    meaning: str = ""
    wrong: Wrong | None = None
    through: Sequence[str] = ()
    refused: Sequence[str] = ()
    about: str = ""
    fields: Sequence[Offered] = field(default_factory=list)

    @property
    def parts(self) -> tuple[str, str, str]:
        """The text before, at and after what is wrong."""
        if self.wrong is None:
            return self.text, "", ""
        return self.text[:self.wrong.begin], self.text[self.wrong.begin:self.wrong.end], self.text[self.wrong.end:]


def tried(text: str, pattern: str) -> Trial:
    """Try a condition for the records of a permission, as the reader sees them."""
    resources = concerned(pattern)
    first = resources[0] if resources else None
    about = str(first.plural) if first else ""
    fields = offered(first)
    if not text.strip():
        return Trial(text, pattern, about=about, fields=fields)
    wrong = misread(text, pattern)
    if wrong is not None:
        return Trial(text, pattern, wrong=wrong, about=about, fields=fields)
    rule = understood(text, pattern)
    through, refused = _examples(first, rule) if first else ([], [])
    return Trial(text, pattern, in_words(json.loads(rule), first.model if first else None), None, through, refused, about, fields)


def offered(resource: Resource | None) -> list[Offered]:
    """The fields of a kind of record that conditions can look at."""
    if resource is None:
        return []
    return [Offered(name, str(said.label), _signs(said.kind), ", ".join(entry.value for entry in list(said.choices or ())[:CHOICES]))
            for name, said in usable_fields(resource).items()]


def _signs(kind: str) -> str:
    if kind == "boolean":
        return "= true, = false"
    return " ".join((*(COMPARISONS if kind in ORDERED else ("=", "!=")), "in (…)", "is empty"))


def _examples(resource: Resource, rule: str) -> tuple[list[str], list[str]]:
    """Some records that a rule lets through, and some that it does not; none of what may not be read without a trace."""
    if resource.confidential:
        return [], []
    model: Any = resource.model
    holds = in_sql(rule, model, current.user, {})
    seen = select(model).where(visible(resource, current.user), model.archived_at.is_(None))
    newest = seen.order_by(model.created_at.desc()).limit(EXAMPLES)
    through, refused = (session().scalars(newest.where(each)).all() for each in (holds, holds.is_not(True)))
    return [_named(resource, each) for each in through], [_named(resource, each) for each in refused]


def _named(resource: Resource, record: Any) -> str:
    title = fields_of(resource.model).get(resource.title)
    return f"{record.reference} · {title.display(record)}" if title is not None and title.kind != "reference" else str(record.reference)


def meant_by(condition: str, resource: Resource) -> ColumnElement[bool]:
    """A condition as people write it, as a criterion on the records of a resource. Raises `Invalid` naming what is wrong."""
    return in_sql(understood(condition, resource.key), resource.model, current.user, {})
