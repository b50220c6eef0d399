"""Sign-in has tables and screens, but no records."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.auth import answering, gate, leaving, mails, models  # noqa: F401 -- the tables and the functions are declared by being imported
from app.core.auth.factors import models as factor_models  # noqa: F401 -- the same
from app.core.auth.policy import SETTINGS
from app.core.auth.tokens import MANAGE
from app.core.people.events import LEFT, AddressMoved
from app.kernel.manifest import MenuItem, Module, daily

module = Module(
    "auth", label=_l("Sign-in"), icon="key-round", section="system", settings=SETTINGS,
    on={**dict.fromkeys(LEFT, leaving.shut_out), AddressMoved: mails.tell_former},
    schedule=(daily("07:00", answering.remind),),
    menu=(MenuItem("service_tokens", _l("Service tokens"), "key-round", "tokens.services", section="system", permission=MANAGE),),
    says={
        "auth.sign_in": _l("%(name)s signed in"),
        "auth.sign_in.refused": _l("%(name)s was not let in: the sign-in was refused"),
        "auth.sign_out": _l("%(name)s signed out"),
        "auth.password.set": _l("%(name)s set a first password"),
        "auth.password.reset": _l("%(name)s set a new password by a link"),
        "auth.reset.asked": _l("%(name)s asked to reset the password"),
        "auth.link.asked": _l("%(name)s asked for a link to sign in"),
        "auth.denied": _l("%(name)s said “this was not me”: the account is locked"),
        "auth.device.new": _l("%(name)s signed in on a new device"),
        "auth.address.asked": _l("%(name)s asked for another e-mail address"),
        "auth.address.disputed": _l("The former address of %(record)s did not agree to another"),
        "auth.address.changed": _l("%(name)s changed the e-mail address"),
        "auth.session.ended": _l("%(name)s ended other sessions"),
        "auth.password.changed": _l("%(name)s set a new password"),
        "auth.factor.proved": _l("%(name)s proved a second factor"),
        "auth.factor.refused": _l("%(name)s did not prove a second factor"),
        "auth.factor.added": _l("%(name)s set up a factor"),
        "auth.factor.removed": _l("%(name)s removed a factor"),
        "auth.factor.recovered": _l("%(name)s used a recovery code"),
        "auth.factor.codes": _l("%(name)s made new recovery codes"),
        "auth.lost_factor.asked": _l("%(name)s asked to begin anew after losing a factor"),
        "auth.lost_factor.agreed": _l("%(name)s agreed that a lost factor is given up"),
        "auth.lost_factor.refused": _l("%(name)s refused to give up a lost factor"),
        "auth.lost_factor.stopped": _l("%(name)s stopped giving up a factor"),
        "auth.lost_factor.done": _l("%(name)s gave up a lost factor"),
        "auth.token.made": _l("%(name)s made a token"),
        "auth.token.revoked": _l("%(name)s revoked a token"),
        "auth.token.rotated": _l("%(name)s rotated a token"),
        "auth.token.handed_over": _l("%(name)s answers for a service token"),
        "auth.token.asked": _l("%(name)s asked somebody to answer for a service token"),
        "auth.token.accepted": _l("%(name)s accepted to answer for a service token"),
        "auth.token.declined": _l("%(name)s declined to answer for a service token"),
        "auth.token.refused": _l("A token of %(name)s was refused"),
        "auth.tokens.revoked": _l("All tokens of %(name)s were revoked"),
        "auth.app.opened": _l("%(name)s signed in with an app"),
        "auth.app.refused": _l("An app of %(name)s was refused"),
        "auth.app.ended": _l("%(name)s signed an app out"),
    },
)
