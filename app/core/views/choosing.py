"""The views over a list: which there are for a member, which opens first, keeping one, and setting one first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.core import access
from app.core.views import reading
from app.core.views.models import LONGEST, FirstView, SavedView, Sharing
from app.core.views.policy import SHARE, meant_for
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Invalid, NotFound
from app.kernel.kinds import fold
from app.kernel.manifest import Resource
from app.kernel.records import new_id
from app.kernel.registry import registry

RESOURCE, MOST = "views.saved_view", 50
PLAIN = "all"  # what an address says when the list is wanted as it is, whatever opens first


@dataclass(frozen=True)
class Tab:
    """A view as the list offers it: what it keeps, and what the reader may do with it."""

    reference: str
    title: str
    query: str
    mine: bool
    shared: bool
    first: bool


def of_list(resource: Resource) -> Sequence[SavedView]:
    """The views of a list that stand over it for whoever is acting: their own first, then by name."""
    mine = SavedView.created_by == current.user.id
    return session().scalars(select(SavedView).where(
        SavedView.organisation_id == current.organisation.id, SavedView.of_list == resource.key, SavedView.archived_at.is_(None),
        or_(mine, meant_for(current.user))).order_by(mine.desc(), SavedView.title_key, SavedView.id).limit(MOST)).all()


def shown_tabs(resource: Resource) -> list[Tab]:
    """The same, as the list draws them; none for whom views are not there."""
    if not _keeps():
        return []
    views, first = of_list(resource), first_of(resource)
    return [Tab(view.reference, view.title, view.query or "", view.created_by == current.user.id, view.sharing != Sharing.PRIVATE,
                first is not None and view.id == first.id) for view in views]


def first_of(resource: Resource) -> SavedView | None:
    """The view that opens first: the one that the member chose, or else what is set for them; None for the list as it is."""
    if not _keeps():
        return None
    views = of_list(resource)
    if not views:
        return None
    chosen = session().execute(select(FirstView.view_id).where(
        FirstView.member_id == current.user.id, FirstView.of_list == resource.key)).first()
    if chosen is not None:
        return next((view for view in views if view.id == chosen[0]), None)
    return next((view for view in views if view.opens_first and _is_meant(view)), None)


def _is_meant(view: SavedView) -> bool:
    """Whether a view is shared with whoever is acting."""
    user = current.user
    return (view.sharing == Sharing.EVERYBODY or (view.sharing == Sharing.ROLE and view.role in user.roles)
            or (view.sharing == Sharing.GROUP and view.group_id in user.group_ids))


def put_first(resource: Resource, reference: str) -> None:
    """Have a view of this list open first for whoever is acting; with no reference, the list as it is. Raises `NotFound`."""
    found = next((view for view in of_list(resource) if view.reference == reference), None)
    if reference and found is None:
        raise NotFound(_("This view is no longer there."))
    here = {"organisation_id": current.organisation.id, "member_id": current.user.id, "of_list": resource.key}
    session().execute(delete(FirstView).filter_by(**here))
    session().execute(insert(FirstView).values(id=new_id(), view_id=found.id if found else None, **here))


def keep(resource: Resource, title: str, query: str) -> SavedView:
    """Keep how a list is looked at under a name, through the door; one's own view of that name then keeps this. Raises `Invalid`."""
    access.require(current.user, resource.permission("view"))
    mine = session().scalars(select(SavedView).where(
        SavedView.created_by == current.user.id, SavedView.of_list == resource.key, SavedView.archived_at.is_(None),
        SavedView.title_key == fold(" ".join(title.split())))).first()
    if mine is not None:
        done: SavedView = perform_one(RESOURCE, "edit", mine, {"query": query}, channel="page").record
        return done
    made: SavedView = perform_one(RESOURCE, "create", None, {"title": title, "of_list": resource.key, "query": query,
                                                             "sharing": Sharing.PRIVATE.value}, channel="page").record
    return made


def complete(view: SavedView) -> None:
    """Before a view is saved: the list must be there for its maker, what it keeps must mean something, and sharing is a right."""
    view.title = " ".join(view.title.split())[:LONGEST]
    resource = registry.resources.get(view.of_list)
    if resource is None:
        raise Invalid({"of_list": [_("There is no such list.")]})
    access.require(current.user, resource.permission("view"))
    try:
        view.query = reading.understood(resource, view.query or "") or None
    except Invalid as error:
        raise Invalid({"query": [str(said) for each in error.errors.values() for said in each]}) from None
    if (view.sharing or Sharing.PRIVATE) != Sharing.PRIVATE:
        access.require(current.user, SHARE)
    _refuse_twin(view)


def _refuse_twin(view: SavedView) -> None:
    owner = view.created_by or current.user.id
    with session().no_autoflush:
        twin = session().scalar(select(SavedView.id).where(
            SavedView.of_list == view.of_list, SavedView.created_by == owner, SavedView.title_key == fold(view.title),
            SavedView.archived_at.is_(None), SavedView.id != view.id).limit(1))
        kept = session().scalar(select(func.count()).where(SavedView.created_by == owner, SavedView.of_list == view.of_list,
                                                           SavedView.archived_at.is_(None), SavedView.id != view.id)) or 0
    if twin is not None:
        raise Invalid({"title": [_("You have a view of this name.")]})
    if kept >= MOST:
        raise Invalid({"title": [_("You keep %(max)d views; remove one first.", max=MOST)]})


def _keeps() -> bool:
    return current.is_signed_in and bool(access.can(current.user, f"{RESOURCE}.view"))
