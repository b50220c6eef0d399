"""The page of what one wishes to be told: by which way, from which priority on, when not, and in which digest."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.core import sms
from app.core.notifications import digest, wishes
from app.core.notifications.models import Category, Priority
from app.core.notifications.outside import devices, push
from app.core.notifications.quiet import FROM, NIGHT, TO
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import counted
from app.kernel.screens import screen

MAILS = ("important", "all", "off")


def preferences() -> Response:
    """What reaches the reader, and when."""
    member = session().get_one(Member, (current.organisation.id, current.user.id))
    if request.method == "POST":
        _save(member)
        flash(_("Your preferences are saved."), "good")
        return redirect(url_for("bell.preferences"), 303)  # type: ignore[return-value]
    begin, end = member.preferences.get(FROM, ""), member.preferences.get(TO, "")
    return screen("notifications/preferences.html", block="form", member=member, chosen=member.preferences.get(wishes.MAIL, "important"),
                  digest=_digest(member), quiet=bool(begin and end), quiet_from=begin or NIGHT[0], quiet_to=end or NIGHT[1],
                  hours=range(24), kinds=_kinds(member), least=wishes.least(member).value,
                  levels=[(level.value, level.label) for level in wishes.LEVELS], devices=devices.of(member.id), sender=push.sender_key(),
                  phone=(member.phone or _("none")) if sms.is_on() else "")


def send_digest() -> Response:
    """Send the reader a digest of this moment; pressed twice within a minute it is the same one."""
    digest.send_now(current.user.id, key=clock.now().strftime("%Y%m%d%H%M"))
    flash(_("The digest is on its way to %(address)s.", address=current.user.email), "good")
    return redirect(url_for("bell.preferences"), 303)  # type: ignore[return-value]


def _kinds(member: Member) -> list[tuple[Any, list[tuple[str, str, bool]]]]:
    """Each kind of notice with its ways: name of the box, what it says, whether it is ticked."""
    said = {wishes.BELL: _("In the bell"), wishes.BY_MAIL: _("By mail"), wishes.BY_PUSH: _("On my devices"), wishes.BY_SMS: _("By SMS")}
    shown = [way for way in wishes.WAYS if way != wishes.BY_SMS or sms.is_on()]
    return [(category.label, [(f"{category.value}:{way}", said[way], wishes.takes(member, category, way))
                              for way in shown if way in wishes.possible(category)]) for category in Category]


def _digest(member: Member) -> str:
    if member.preferences.get(digest.WANTED) == "off":
        return "off"
    return str(member.preferences.get(digest.RHYTHM, digest.DAILY))


def _save(member: Member) -> None:
    form = request.form
    chosen, hour, rhythm = form.get("mail", "important"), counted(form.get("digest_hour", "7")), form.get("digest", digest.DAILY)
    least = form.get("least", Priority.LOW.value)
    wrong = {name: [_("Choose one of the list.")] for name, value, known in (
        ("mail", chosen, MAILS), ("digest", rhythm, ("off", *digest.RHYTHMS)), ("least", least, [level.value for level in wishes.LEVELS]))
        if value not in known}
    if hour is None or hour > 23:
        wrong["digest_hour"] = [_("Choose one of the list.")]
    if wrong:
        raise Invalid(wrong)
    quiet = {FROM: _time("quiet_from", NIGHT[0]), TO: _time("quiet_to", NIGHT[1])} if form.get("quiet") else {FROM: "", TO: ""}
    ticked = set(form.getlist("ways"))
    known = [name for _label, ways in _kinds(member) for name, _said, _ticked in ways]
    member.digest_hour = hour
    member.preferences = {**member.preferences, wishes.MAIL: chosen, wishes.LEAST: least, **quiet,
                          wishes.OFF: [name for name in known if name not in ticked],
                          digest.WANTED: "off" if rhythm == "off" else "on",
                          digest.RHYTHM: rhythm if rhythm in digest.RHYTHMS else digest.DAILY}


def _time(name: str, usual: str) -> str:
    raw = request.form.get(name, "").strip() or usual
    hours, _colon, minutes = raw.partition(":")
    at = counted(hours), counted(minutes)
    if at[0] is None or at[1] is None or at[0] > 23 or at[1] > 59:
        raise Invalid({name: [_("“%(raw)s” is no time of day; write it like 21:30.", raw=raw[:20])]})
    return f"{at[0]:02}:{at[1]:02}"
