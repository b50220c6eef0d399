"""What a password must be: of some length, hard to guess, not one of the last few, and, where an organisation wants it, not too old."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.auth.models import Credential, FormerPassword
from app.core.auth.policy import policy_of
from app.core.auth.seats import seat_of
from app.core.auth.secrets import hash_password, is_password
from app.core.auth.sessions import organisations_of
from app.kernel import clock
from app.kernel.db import as_identity, session
from app.kernel.errors import Invalid

SHORTEST, LONGEST = 8, 128
READ, WORDS = 24, 24  # how many characters, and how many words about the person, are judged: zxcvbn's time grows with the square
STRONG = 10**8  # guesses: where zxcvbn's score 3 begins, without the handful that it adds, so that eight random characters will do


def set_password(identity_id: UUID, password: str) -> None:
    """Give an identity a password, and lift the bar from it. Raises `Invalid` with one sentence for each rule that is not met."""
    if missing := unmet(identity_id, password):
        raise Invalid({"password": missing})
    _remember(identity_id)
    keep(identity_id, password, changed_at=clock.now(), barred_at=None)


def keep(identity_id: UUID, password: str, **values: Any) -> None:
    """Keep the hash of a password without judging it."""
    kept = {"secret": hash_password(password), **values}
    statement = insert(Credential).values(identity_id=identity_id, kind="password", **kept)
    with as_identity(identity_id):
        session().execute(statement.on_conflict_do_update(index_elements=["identity_id", "kind"], set_=kept))


def unmet(identity_id: UUID, password: str) -> list[str]:
    """The rules that a password does not meet, one sentence each; none when it will do."""
    if not SHORTEST <= len(password) <= LONGEST:
        too_long = len(password) > LONGEST
        return [_length(), *([] if too_long else guessable(password, _about(identity_id)))]
    return [*guessable(password, _about(identity_id)), *_used_before(identity_id, password)]


def guessable(password: str, about: Sequence[str] = ()) -> list[str]:
    """Why a password is guessed soon; `about` are words that stand for the person. Nothing beyond the first 24 characters is read."""
    from zxcvbn import zxcvbn  # its lists of words cost memory that most processes need not pay

    read, found = password[:READ], []
    if password.casefold() in _common():
        found.append(_("It is one of the passwords that are used most; attackers try those first."))
    judged = zxcvbn(read, user_inputs=list(about[:WORDS]))
    if judged["guesses"] >= STRONG:
        return found
    if any(part.get("dictionary_name") == "user_inputs" for part in judged["sequence"]):
        found.append(_("It is made of your name, your e-mail address or your organisation; leave those out."))
    return [*found, _("It is too easy to guess: add another word or two, uncommon ones.")]


def is_expired(identity_id: UUID) -> bool:
    """Whether the password is older than the organisations of the person allow."""
    days = policy_of(identity_id).password_expiry_days
    with as_identity(identity_id):
        changed = session().scalar(_present(identity_id, Credential.changed_at))
    return bool(days and changed and changed <= clock.now() - timedelta(days=days))


def bar(identity_id: UUID) -> None:
    """Let the password open nothing until another is set."""
    with as_identity(identity_id):
        session().execute(update(Credential).where(Credential.identity_id == identity_id).values(barred_at=clock.now()))


def _length() -> str:
    return _("A password has %(least)d to %(most)d characters.", least=SHORTEST, most=LONGEST)


@cache
def _common() -> frozenset[str]:
    """The 30,000 passwords that were found most often in leaks; the list comes with zxcvbn."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


def _about(identity_id: UUID) -> list[str]:
    """Words that somebody who knows the person tries first: their names, their address, their organisations."""
    seat = seat_of(identity_id)
    said = [place.name for place in organisations_of(identity_id)] + ["OpsFlux"]
    if seat is not None:
        said = [seat[1].name, seat[1].email, *said]
    parts = [part for each in said for part in (each, *re.split(r"[\W_]+", each))]
    return list(dict.fromkeys(part.casefold()[:40] for part in parts if len(part) > 2))


def _used_before(identity_id: UUID, password: str) -> list[str]:
    """Whether it is the present password, or one of the last few before it."""
    most = policy_of(identity_id).password_history
    if not most:
        return []
    with as_identity(identity_id):
        secrets = [*session().scalars(_present(identity_id, Credential.secret)), *session().scalars(_former(identity_id).limit(most))]
    if not any(is_password(secret, password) for secret in secrets):
        return []
    return [ngettext("It is your last password; choose one that you have not had.",
                     "It is one of your last %(num)d passwords; choose one that you have not had.", most)]


def _remember(identity_id: UUID) -> None:
    """Keep the hash of the password that goes, and no more of them than may not come back."""
    most = policy_of(identity_id).password_history
    with as_identity(identity_id):
        secret = session().scalar(_present(identity_id, Credential.secret))
        if secret is not None and most:
            session().add(FormerPassword(identity_id=identity_id, secret=secret, replaced_at=clock.now()))
            session().flush()
        kept = _former(identity_id).with_only_columns(FormerPassword.id).limit(most)
        session().execute(delete(FormerPassword).where(FormerPassword.identity_id == identity_id, FormerPassword.id.not_in(kept))
                          .execution_options(synchronize_session=False))


def _present(identity_id: UUID, column: Any) -> Any:
    return select(column).where(Credential.identity_id == identity_id, Credential.kind == "password")


def _former(identity_id: UUID) -> Any:
    return (select(FormerPassword.secret).where(FormerPassword.identity_id == identity_id)
            .order_by(FormerPassword.replaced_at.desc(), FormerPassword.id.desc()))
