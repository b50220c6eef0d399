"""A member's photo and activity."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access, files
from app.core.people import Member
from app.core.profiles import activity
from app.kernel import limits
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Forbidden, Invalid, NotFound
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("profiles", __name__)
PICTURES = ("png", "jpg", "jpeg", "webp")
LARGEST = 2 * 1024 * 1024


@screens.get("/<org>/people/members/<ref>/activity")
def history(ref: str) -> Response:
    """What one member did, newest first."""
    member = _found(ref)
    if not activity.may_see(member):
        raise Forbidden(_("Only the member, those who keep the members and those who read the trail see this."))
    before = request.args.get("before", "")
    try:
        page = activity.of(member, UUID(before) if before else None)
    except ValueError:
        raise Invalid({"before": [_("This page of the list does not exist.")]}) from None
    older = url_for("profiles.history", ref=ref, before=str(page.older)) if page.older else ""
    return screen("people/member/activity.html", member=member, activity=page, older=older,
                  page_url=address_of(member) if _opens(member) else "",
                  newest=url_for("profiles.history", ref=ref) if before else "")


@screens.post("/<org>/people/members/<ref>/photo")
@limits.limited(limits.UPLOAD)
def photo(ref: str) -> Response:
    """Give a member a photo, or take it away: one's own, or that of somebody whom one may edit."""
    member = _found(ref)
    if not may_change(member):
        access.require(current.user, "people.member.edit", member)
    sent: Any = request.files.get("photo")
    if request.form.get("remove"):
        member.photo_id = None
    elif sent is None or not sent.filename:
        raise Invalid({"photo": [_("Choose a file.")]})
    else:
        member.photo_id = files.store(sent.stream, sent.filename, purpose="photo", only=PICTURES, limit=LARGEST).id
    session().flush()
    flash(_("The photo is changed."), "good")
    return redirect(address_of(member) if _opens(member) else url_for("profiles.history", ref=ref), 303)


history.needs = photo.needs = "member"  # type: ignore[attr-defined]


def may_change(member: Member) -> bool:
    """Whether the reader may change this member's photo."""
    return bool(member.id == current.user.id or access.can(current.user, "people.member.edit", member))


def address_of(member: Member) -> str:
    """The member's page."""
    return f"/{current.organisation.slug}/people/members/{member.reference}/"


def _opens(member: Member) -> bool:
    """Whether the reader may open the member's page; who may not finds what is their own beside their activity."""
    return bool(access.can(current.user, "people.member.view", member))


def _found(reference: str) -> Member:
    """The member, when the reader may see them; oneself always."""
    sight = access.visible(registry.resource("people.member"), current.user) | (Member.id == current.user.id)
    query = select(Member).where(Member.organisation_id == current.organisation.id, Member.reference == reference, sight)
    found = session().scalar(query)
    if found is None:
        raise NotFound
    return found


def profile(member: Member) -> dict[str, Any]:
    """What the page of a member shows beside the record."""
    seen = activity.may_see(member)
    base = address_of(member)
    return {"photo_url": picture_of(member), "photo_action": f"{base}photo" if may_change(member) and not member.is_archived else "",
            "activity": activity.of(member, per_page=8) if seen else None, "activity_url": f"{base}activity"}


def picture_of(member: Member) -> str:
    """The address of a member's photo; empty when there is none."""
    return url_for("files.download", file_id=member.photo_id, name="photo") if member.photo_id else ""
