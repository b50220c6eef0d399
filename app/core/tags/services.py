"""Putting tags on records and taking them off; which records wear which, and which tags somebody may be told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import IntegrityError

from app.core import access, search
from app.core.tags import models
from app.core.tags.models import LONGEST, Tagging
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import fold
from app.kernel.manifest import Resource
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from app.kernel.registry import registry

KEY = "tags.tag"
MOST, OFFERED = 20, 100
Tag: Any = models.Tag


class Worn(NamedTuple):
    """A tag as a record wears it: its name, and the tone of its badge."""

    title: str
    tone: str


def taggable(resource: Resource) -> bool:
    """Whether the records of a resource can wear tags: all that can be changed, but the tags themselves."""
    return bool(resource.form) and resource.editable and resource.key != KEY


def named_in(*said: str) -> list[str]:
    """The names in what was typed, where commas part them; each once, however it is written."""
    names = (" ".join(name.split()) for each in said for name in each.split(","))
    return [*{fold(name): name for name in reversed([*names]) if name}.values()][::-1]


def of_many(records: Sequence[Any]) -> dict[UUID, list[Worn]]:
    """The tags of many records by name, in one query."""
    found: dict[UUID, list[Worn]] = {}
    if not records:
        return found
    query = select(Tagging.record_id, Tag.title, Tag.colour).join(
        Tag, (Tag.organisation_id == Tagging.organisation_id) & (Tag.id == Tagging.tag_id)).where(
        Tagging.organisation_id == current.organisation.id, Tagging.record_id.in_([record.id for record in records]),
        Tag.archived_at.is_(None)).order_by(Tag.title_key)
    for record_id, title, colour in session().execute(query):
        found.setdefault(record_id, []).append(Worn(title, colour.tone))
    return found


def worn_by(record_id: Any) -> ColumnElement[Any]:
    """The tags of a record as a column of a page of records, which then needs no query of their own: `read_worn` understands it."""
    said = func.jsonb_agg(aggregate_order_by(func.jsonb_build_array(Tag.title, Tag.colour), Tag.title_key))
    return select(said).select_from(Tagging).join(Tag, (Tag.organisation_id == Tagging.organisation_id) & (Tag.id == Tagging.tag_id)).where(
        Tagging.organisation_id == current.organisation.id, Tagging.record_id == record_id, Tag.archived_at.is_(None)).scalar_subquery()


def read_worn(said: Sequence[Sequence[str]] | None) -> list[Worn]:
    """What `worn_by` gave for a record."""
    return [Worn(title, models.Colour(colour).tone) for title, colour in said or ()]


def known_to(resource: Resource) -> list[str]:
    """The tags that may be offered to who is acting: those on records of this kind that they see, and those they made themselves."""
    tag, model = Tag, cast("Any", resource.model)
    on = select(Tagging.id).join(model, model.id == Tagging.record_id).where(
        Tagging.organisation_id == tag.organisation_id, Tagging.tag_id == tag.id, Tagging.resource == resource.key,
        model.organisation_id == tag.organisation_id, model.archived_at.is_(None),
        access.visible(resource, current.user))
    query = select(tag.title).where(tag.organisation_id == current.organisation.id, tag.archived_at.is_(None),
                                    or_(tag.created_by == current.user.id, on.exists()))
    return list(session().scalars(query.order_by(tag.title_key).limit(OFFERED)))


def among(resource: Resource, names: Iterable[str], record_id: Any) -> Iterable[ColumnElement[bool]]:
    """The conditions of a list of what wears all of these tags; a name that was merged means the other."""
    organisation_id = current.organisation.id
    for name in names:
        meant = select(case((Tag.archived_at.is_(None), Tag.id), else_=Tag.merged_into_id)).where(
            Tag.organisation_id == organisation_id, Tag.title_key == fold(name))
        yield record_id.in_(select(Tagging.record_id).where(
            Tagging.organisation_id == organisation_id, Tagging.resource == resource.key, Tagging.tag_id == meant.scalar_subquery()))


def change(resource: Resource, record: Any, add: Sequence[str], remove: Sequence[str]) -> tuple[list[str], list[str]]:
    """Put tags on a record, making those that are new, and take others off; gives what it wore before and wears now.

    Raises `Invalid` where a name is too long, was put away, or the record would wear too many.
    """
    before = [worn.title for worn in of_many([record]).get(record.id, [])]
    wears = {fold(name) for name in before}
    going = {tag.id for tag in _meant(remove).values()}
    new = [name for name in named_in(*add) if fold(name) not in wears]
    if too_long := next((name for name in new if len(name) > LONGEST), None):
        raise Invalid({"add": [_("“%(name)s…” is too long: a tag has %(most)d characters at most.", name=too_long[:20], most=LONGEST)]})
    found = _meant(new)
    for name in new:
        tag = found.get(fold(name)) or _made(name)
        if tag.archived_at is not None:
            raise Invalid({"add": [_("The tag “%(name)s” was put away; an administrator can restore it.", name=tag.title)]})
        _put_on(resource, record, tag)
        going.discard(tag.id)
    for worn in session().scalars(select(Tagging).where(
            Tagging.organisation_id == current.organisation.id, Tagging.record_id == record.id, Tagging.tag_id.in_(going))):
        session().delete(worn)
    session().flush()
    after = [worn.title for worn in of_many([record]).get(record.id, [])]
    if len(after) > MOST:
        raise Invalid({"add": [_("A record wears %(most)d tags at most.", most=MOST)]})
    return before, after


def take_off_all(record_ids: Sequence[UUID]) -> None:
    """Take every tag off records that are removed for good."""
    for worn in session().scalars(select(Tagging).where(Tagging.organisation_id == current.organisation.id,
                                                        Tagging.record_id.in_(record_ids))):
        session().delete(worn)


def _meant(names: Iterable[str]) -> Mapping[str, Any]:
    """The tags of those names, by the folded name; what was merged is the one that it became."""
    keys = [fold(name) for name in named_in(*names)]
    here = Tag.organisation_id == current.organisation.id
    rows = list(session().scalars(select(Tag).where(here, Tag.title_key.in_(keys)))) if keys else []
    became = {tag.merged_into_id for tag in rows if tag.merged_into_id and tag.is_archived}
    others = {tag.id: tag for tag in session().scalars(select(Tag).where(here, Tag.id.in_(became)))} if became else {}
    return {tag.title_key: others.get(tag.merged_into_id, tag) for tag in rows}


def _made(name: str) -> Any:
    """A new tag; one that somebody else made at the same moment is that one."""
    tag = Tag(title=name)
    assign([tag])
    refresh_keys(tag)
    try:
        with session().begin_nested():
            session().add(tag)
    except IntegrityError:
        return _meant([name])[fold(name)]
    search.index(registry.resource(KEY), [tag])
    return tag


def _put_on(resource: Resource, record: Any, tag: Any) -> None:
    here = select(Tagging.id).where(Tagging.organisation_id == current.organisation.id, Tagging.record_id == record.id,
                                    Tagging.tag_id == tag.id)
    if session().scalar(here) is None:
        session().add(Tagging(tag_id=tag.id, resource=resource.key, record_id=record.id))
        session().flush()
