"""The page on which a rule is tried: what it would have told of what happened lately. Nothing is sent."""

from __future__ import annotations

from flask import Blueprint, Response
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access
from app.core.notifications import foretelling
from app.core.notifications.rules import Rule
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.happenings import happenings
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("notice_rules", __name__)
VIEW = "notifications.rule.view"


@screens.get("/<org>/notifications/rules/<reference>/foretold")
def foretold(reference: str) -> Response:
    """Of the last times that its event happened: who would have heard of it, by which ways, in which words, and why others not."""
    rule = session().scalars(select(Rule).where(Rule.reference == reference)).first()
    if rule is None:
        raise NotFound
    access.require(current.user, VIEW, rule)
    found = [(each, show_moment(each.at)) for each in foretelling.foretold(rule)]
    base = f"/{current.organisation.slug}/notifications/rules/"
    return screen("notifications/foretold.html", rule=rule, event=happenings().get(rule.event, rule.event), found=found,
                  matching=sum(each.matches for each, _when in found), list_url=base, rule_url=f"{base}{rule.reference}/",
                  last=foretelling.LAST, off=_("This rule is not in use, so nobody is told now.") if not rule.active else "")


foretold.needs = VIEW  # type: ignore[attr-defined]
