"""The log of mail, own templates as they will look, the door behind links in mails, and whether opening may be noted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from app.core import access, audit, settings
from app.core.mail import opening, queue, tickets, wordings
from app.core.mail.models import MailMessage, State, Wording
from app.core.people import Member
from app.core.templating import variables
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("letters", __name__)
screens.needs = "member"  # type: ignore[attr-defined]
VIEW, MANAGE, TEMPLATES = "mail.message.view", "mail.message.manage", "mail.template.view"
SIZE = 50


@screens.get("/<org>/mail/")
def log() -> Response:
    """What was sent and what waits, newest first."""
    access.require(current.user, VIEW)
    wanted = _state(request.args.get("state", ""))
    query = select(MailMessage).order_by(MailMessage.id.desc()).limit(SIZE + 1)
    if wanted:
        query = query.where(MailMessage.state == wanted)
    if before := request.args.get("before", ""):
        query = query.where(MailMessage.id < _id(before))
    if words := request.args.get("q", "").strip()[:200]:
        named = select(Member.id).where(Member.name.icontains(words, autoescape=True))
        query = query.where(or_(*(column.icontains(words, autoescape=True) for column in (MailMessage.to_address, MailMessage.subject)),
                                MailMessage.member_id.in_(named)))
    found = list(session().scalars(query))
    return screen("jobs/mail.html", block="results", mails=[_line(mail) for mail in found[:SIZE]], tabs=_tabs(wanted, words),
                  typed=words, state=wanted.value if wanted else "", pager=_pager(found, wanted, words))


@screens.get("/<org>/mail/<uuid:mail_id>/")
def detail(mail_id: UUID) -> Response:
    """One mail with everything that is known of it."""
    access.require(current.user, VIEW)
    mail = _found(mail_id)
    may = access.can(current.user, MANAGE).allowed
    shown = _line(mail) | {
        "text": mail.text, "html_url": "",
        "retry_url": url_for("letters.retry", mail_id=mail.id) if may and mail.can_be_retried else "",
        "cancel_url": url_for("letters.cancel", mail_id=mail.id) if may and mail.can_be_cancelled else ""}
    return screen("jobs/mail_detail.html", mail=shown, facts=_facts(mail), list_url=url_for("letters.log"))


@screens.post("/<org>/mail/<uuid:mail_id>/retry")
def retry(mail_id: UUID) -> Response:
    """Send a failed or cancelled mail after all."""
    access.require(current.user, MANAGE)
    if not queue.retry(_found(mail_id)):
        raise Conflict(_("This mail is not one that can be sent again."))
    audit.note("mail.message.retry", resource="mail.message", record_id=mail_id)
    flash(_("The mail is on its way."), "good")
    return redirect(url_for("letters.detail", mail_id=mail_id), 303)  # type: ignore[return-value]


@screens.post("/<org>/mail/<uuid:mail_id>/cancel")
def cancel(mail_id: UUID) -> Response:
    """Keep a waiting mail from leaving."""
    access.require(current.user, MANAGE)
    if not queue.cancel(_found(mail_id)):
        raise Conflict(_("It is too late: the mail left, or may have."))
    audit.note("mail.message.cancel", resource="mail.message", record_id=mail_id)
    flash(_("The mail is cancelled."), "good")
    return redirect(url_for("letters.detail", mail_id=mail_id), 303)  # type: ignore[return-value]


@screens.get("/<org>/mail/templates/<reference>/preview")
def preview(reference: str) -> Response:
    """An own template with example values."""
    access.require(current.user, TEMPLATES)
    wording = session().scalars(select(Wording).where(Wording.reference == reference)).first()
    if wording is None:
        raise NotFound
    back = f"/{current.organisation.slug}/mail/templates/{wording.reference}/"
    return screen("mail/preview.html", words=wordings.shown(wording), reference=wording.reference, back_url=back,
                  list_url=url_for("mail.template_list"), organisation=current.organisation.name, to=variables.PERSON)


@screens.get("/<org>/mail/open/<token>")
def follow(token: str) -> Response:
    """Where a link in a mail leads: to its page, for its reader only, and not for ever."""
    try:
        path = tickets.opened(token, current.organisation.id, current.user.id)
    except Forbidden:
        raise Forbidden(_("This link was sent to somebody else. Sign in as the person whom the mail was for.")) from None
    if path is None:
        flash(_("This link is too old to be used. The page may still be found from here."), "warning")
    return redirect(path or f"/{current.organisation.slug}/", 303)  # type: ignore[return-value]


@screens.route("/<org>/mail/opens", methods=["GET", "POST"])
def opens() -> Response:
    """Whether the reader agrees that the opening of their mails is noted; they do not until they say so."""
    member = session().get_one(Member, (current.organisation.id, current.user.id))
    if request.method == "POST":
        member.preferences = {**member.preferences, opening.AGREED: "on" if request.form.get("agreed") else "off"}
        flash(_("Your choice is saved."), "good")
        return redirect(url_for("letters.opens"), 303)  # type: ignore[return-value]
    return screen("mail/opens.html", agreed=member.preferences.get(opening.AGREED) == "on", asked=bool(settings.get(opening.SETTING)))


for _view in (log, detail):
    _view.needs = VIEW  # type: ignore[attr-defined]
for _view in (retry, cancel):
    _view.needs = MANAGE  # type: ignore[attr-defined]
preview.needs = TEMPLATES  # type: ignore[attr-defined]


def _found(mail_id: UUID) -> MailMessage:
    mail = queue.find(mail_id)
    if mail is None:
        raise NotFound
    return mail


def _line(mail: MailMessage) -> dict[str, Any]:
    return {"subject": mail.subject or _("To be written when it leaves"), "to": mail.to_address, "state": mail.state.label,
            "when": show_moment(mail.sent_at or mail.created_at), "tone": mail.state.tone,
            "attempts": mail.attempts, "error": "" if mail.state == State.SENT else mail.last_error,
            "url": url_for("letters.detail", mail_id=mail.id)}


def _facts(mail: MailMessage) -> list[tuple[str, str]]:
    facts = [(_("To"), mail.to_address), (_("Queued"), show_moment(mail.created_at)), (_("Attempts"), str(mail.attempts)),
             (_("Message-ID"), mail.message_id)]
    if mail.sent_at:
        facts.append((_("Sent"), show_moment(mail.sent_at)))
    if mail.next_try_at and mail.state == State.WAITING:
        facts.append((_("Next attempt"), show_moment(mail.next_try_at)))
    if mail.tracked:
        facts.append((_("Opened"), show_moment(mail.opened_at) if mail.opened_at else _("Not yet, as far as is known")))
    if mail.enclosed:
        facts.append((_("Attachments"), str(len(mail.enclosed))))
    if mail.uncertain:
        facts.append((_("Uncertain"), _("An attempt was cut off: it may have arrived twice, under the same Message-ID.")))
    if mail.last_error:
        facts.append((_("Last error"), mail.last_error))
    if mail.effect_id:
        facts.append((_("Effect"), mail.effect_id))
    if mail.thread:
        facts.append((_("Thread"), mail.thread))
    return facts


def _tabs(wanted: State | None, words: str) -> list[tuple[Any, str, bool, int | None]]:
    open_states = (State.WAITING, State.FAILED)
    counted = select(MailMessage.state, func.count()).where(MailMessage.state.in_(open_states)).group_by(MailMessage.state)
    counts = dict(session().execute(counted).tuples().all())
    shown = [state for state in State if state != State.SENDING]
    q = words or None
    return [(_("All"), url_for("letters.log", q=q), wanted is None, None),
            *((state.label, url_for("letters.log", state=state.value, q=q), wanted == state, counts.get(state)) for state in shown),
            (_("Answers"), url_for("letters.replies"), False, None)]


def _pager(found: list[MailMessage], wanted: State | None, words: str) -> dict[str, str]:
    kept = {"state": wanted.value if wanted else None, "q": words or None}
    older = url_for("letters.log", before=str(found[SIZE - 1].id), **kept) if len(found) > SIZE else ""
    return {"count_text": "", "previous_url": "", "next_url": older}


def _state(raw: str) -> State | None:
    try:
        return State(raw) if raw else None
    except ValueError:
        raise NotFound from None


def _id(raw: str) -> UUID:
    try:
        return UUID(raw)
    except ValueError:
        raise NotFound from None
