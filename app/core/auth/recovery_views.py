"""The pages behind links in mails about one's account. Opening one uses nothing up: mail scanners open them too."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.auth import addresses, disagreeing, links, mails, passwords, recovery, sessions, signing, stages, trail
from app.core.auth.edge import come_in, sign_in_url
from app.core.auth.entry import Entry
from app.core.auth.policy import policy_of
from app.core.auth.seats import email_of
from app.core.auth.source import source_address
from app.kernel.errors import Invalid, NotFound, TooMany
from app.kernel.preferences import within
from app.kernel.screens import screen

screens = Blueprint("recovery", __name__)


@screens.get("/account/forgotten")
def forgotten() -> Response:
    """The form that asks for a mail to reset the password."""
    return _asking("reset")


@screens.post("/account/forgotten")
def send_reset() -> Response:
    """Send it; the answer is the same for everybody."""
    return _asked("reset")


@screens.get("/account/link")
def link_page() -> Response:
    """The form that asks for a link to sign in, where any organisation allows it."""
    return _asking("link")


@screens.post("/account/link")
def send_link() -> Response:
    """Send it; the answer is the same for everybody."""
    return _asked("link")


@screens.get("/account/sent")
def sent() -> Response:
    """What to do now."""
    return screen("account/sent.html", kind="link" if request.args.get("kind") == "link" else "reset")


def _asking(kind: str, errors: dict[str, list[Any]] | None = None, status: int = 200) -> Response:
    if kind == "link" and not recovery.offers_links():
        raise NotFound
    return screen("account/ask_mail.html", status=status, kind=kind, action=request.path, errors=errors or {},
                  email=request.form.get("email", "")[:254])


def _asked(kind: str) -> Response:
    if kind == "link" and not recovery.offers_links():
        raise NotFound
    if not request.form.get("email", "").strip():
        return _asking(kind, {"email": [_("This is needed.")]}, 422)
    try:
        recovery.ask(request.form["email"][:254], kind, source=source_address())
    except TooMany as error:
        response = _asking(kind, {"": [str(error)]}, 429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    return redirect(url_for("recovery.sent", kind=kind), 303)


@screens.get("/account/reset/<secret>")
def reset_page(secret: str) -> Response:
    """The form for another password."""
    return _choosing(recovery.find(secret, links.RESET).email, _("Choose a new password"))


@screens.post("/account/reset/<secret>")
def reset(secret: str) -> Response:
    """Set it, and sign in with it."""
    link = recovery.find(secret, links.RESET)
    try:
        recovery.reset(link, _twice(), source=source_address())
    except Invalid as error:
        return _choosing(link.email, _("Choose a new password"), error.errors)
    return redirect(url_for("auth.sign_in_page", set=1), 303)


@screens.get("/sign-in/password")
def expired_page() -> Response:
    """The form for whoever signed in with a password that is too old."""
    entry = _entry()
    return _expired(entry) if entry else redirect(sign_in_url(_wanted()), 303)


@screens.post("/sign-in/password")
def renew() -> Response:
    """Set another, end every other session, and go on."""
    entry = _entry()
    if entry is None or entry.session_id is None:
        return redirect(sign_in_url(_wanted()), 303)
    try:
        passwords.set_password(entry.identity_id, _twice())
    except Invalid as error:
        return _expired(entry, error.errors)
    sessions.end_sessions(entry.identity_id, but=entry.session_id)
    trail.note("auth.password.changed", entry.identity_id)
    mails.tell(entry.identity_id, mails.PASSWORD)
    found = stages.reach(entry.identity_id, entry.method, entry.factor)
    secret = sessions.renew(entry.session_id, entry.identity_id, stage=found.stage, enrol_by=found.enrol_by)
    return come_in(secret, _wanted() if found.stage == stages.FULL else stages.address(found.stage, _wanted()))


def _entry() -> Entry | None:
    return cast("Entry | None", g.get("entry"))


def _wanted() -> str:
    return within(request.args.get("next"))


def _expired(entry: Entry, errors: dict[str, list[Any]] | None = None) -> Response:
    days = policy_of(entry.identity_id).password_expiry_days
    why = _("Your organisation asks for another password every %(days)d days. Everything else is as you left it.", days=days)
    return _choosing(email_of(entry.identity_id), _("Your password has expired"), errors, why=why)


def _twice() -> str:
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        raise Invalid({"again": [_("The two are not the same.")]})
    return password


def _choosing(email: str, heading: str, errors: dict[str, list[Any]] | None = None, *, why: str = "") -> Response:
    return screen("account/set_password.html", status=422 if errors else 200, action=request.full_path.rstrip("?"), email=email,
                  heading=heading, errors=errors or {}, why=why)


@screens.get("/account/enter/<secret>")
def enter_page(secret: str) -> Response:
    """The button that signs in."""
    link = recovery.find(secret, links.ENTER)
    return _confirming(_("Sign in"), _("You sign in as %(email)s.", email=link.email), _("Sign in"), "log-in")


@screens.post("/account/enter/<secret>")
def enter(secret: str) -> Response:
    """Sign in, once."""
    link = recovery.find(secret, links.ENTER)
    if not policy_of(link.identity_id).magic_link or not links.use(link):
        raise recovery.used_up()
    opened = signing.opened(link.identity_id, source=source_address(), agent=request.user_agent.string, method="link")
    return come_in(opened, "/")


@screens.get("/account/not-me/<secret>")
def not_me_page(secret: str) -> Response:
    """What “this was not me” will do."""
    link = recovery.find(secret, links.DENY)
    if place := disagreeing.place_of(link):
        words = _("Your former place in %(organisation)s is kept out until an administrator has looked at it; all of them are told. "
                  "Your own account stays as it is.", organisation=place.name)
        return _confirming(_("I did not agree"), words, _("Tell the administrators"), "shield-check", variant="destructive")
    words = _("Everybody who is signed in as %(email)s is signed out, on every device, and tokens for the API end. The password is barred "
              "until you choose a new one by mail. What was added lately goes: factors, passkeys, links to sign-in providers. A change of "
              "the e-mail address is undone.", email=link.email)
    return _confirming(_("This was not me"), words, _("Lock the account"), "shield-check", variant="destructive")


@screens.post("/account/not-me/<secret>")
def not_me(secret: str) -> Response:
    """Shut everybody out."""
    link = recovery.find(secret, links.DENY)
    if place := disagreeing.place_of(link):
        if not disagreeing.hold(link, place, source=source_address()):
            raise recovery.used_up()
        return screen("account/confirmed.html", heading=_("The administrators are told"),
                      words=_("They look into who wrote another address for you in %(organisation)s.", organisation=place.name),
                      url=url_for("auth.sign_in_page"), label=_("Sign in"))
    ended = recovery.deny(link, source=source_address())
    return screen("account/confirmed.html", heading=_("The account is locked"),
                  words=_("Everybody is signed out and the password opens nothing any more. Ended: %(ended)s. Choose a new password now; "
                          "if you reuse the old one elsewhere, change it there too.", ended=ended),
                  url=url_for("recovery.forgotten"), label=_("Choose a new password"))


@screens.get("/account/address/<secret>")
def address_page(secret: str) -> Response:
    """Which address becomes which."""
    change = _change(recovery.find(secret, links.ADDRESS))
    words = _("You will sign in as %(new)s in place of %(old)s, once both addresses have confirmed it.", new=change.new_email,
              old=change.old_email)
    return _confirming(_("Another e-mail address"), words, _("Confirm the change"), "check")


@screens.post("/account/address/<secret>")
def confirm_address(secret: str) -> Response:
    """One of the two says yes."""
    link = recovery.find(secret, links.ADDRESS)
    change = _change(link)
    new = change.new_email
    if not links.use(link):
        raise recovery.used_up()
    if addresses.confirm(link, change):
        return screen("account/confirmed.html", heading=_("The address is changed"),
                      words=_("Sign in as %(new)s from now on. You were signed out everywhere.", new=new),
                      url=url_for("auth.sign_in_page"), label=_("Sign in"))
    return screen("account/confirmed.html", heading=_("Thank you: one is done"),
                  words=_("The other address has a mail too. The change counts as soon as that one is confirmed."), url="/",
                  label=_("To the start page"))


def _change(link: links.Opened) -> Any:
    change = addresses.of_link(link)
    if change is None:
        raise recovery.used_up()
    return change


def _confirming(heading: str, words: str, label: str, image: str, variant: str = "primary") -> Response:
    return screen("account/confirm.html", heading=heading, words=words, label=label, image=image, variant=variant, action=request.path)


for _view in (forgotten, send_reset, link_page, send_link, sent, reset_page, reset, expired_page, renew, enter_page, enter, not_me_page,
              not_me, address_page, confirm_address):
    _view.needs = "public"  # type: ignore[attr-defined]
for _view in (expired_page, renew):
    _view.stage = "password"  # type: ignore[attr-defined]
