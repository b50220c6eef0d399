"""The page for whoever sets a directory up: the address, the token, what comes over."""

from __future__ import annotations

from flask import Blueprint, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from app.core import access
from app.core.people import Group, Member
from app.core.scim.models import ScimGroup, ScimUser
from app.core.scim.views import base
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.screens import screen

screens = Blueprint("provisioning", __name__)
MANAGE = "settings.setting.manage"


@screens.get("/<org>/settings/provisioning")
def shown() -> Response:
    """The base address, how to make the token, and how many come from a directory now."""
    access.require(current.user, MANAGE)
    people = select(func.count(ScimUser.id)).join(Member, (Member.organisation_id == ScimUser.organisation_id) & (
        Member.id == ScimUser.member_id)).where(Member.archived_at.is_(None))
    groups = select(func.count(ScimGroup.id)).join(Group, (Group.organisation_id == ScimGroup.organisation_id) & (
        Group.id == ScimGroup.group_id)).where(Group.archived_at.is_(None))
    return screen("settings/provisioning.html", base=base(), people=session().scalar(people), groups=session().scalar(groups),
                  tokens_url=url_for("tokens.services"), settings_url=url_for("settings.organisation"))


shown.needs = MANAGE  # type: ignore[attr-defined]
