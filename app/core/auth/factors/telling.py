"""What a person is told by mail when their factors change, and the trail of it."""

from __future__ import annotations

from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.core.auth import mails, trail

WORDS = {
    "added": mails.Kind(_l("A factor was set up"),
                        _l("A second factor was set up for %(email)s. It is asked at sign-in.")),
    "removed": mails.Kind(_l("A factor was removed"), _l("A second factor of %(email)s was removed.")),
    "codes": mails.Kind(_l("New recovery codes"), _l("New recovery codes were made for %(email)s. Those before no longer work.")),
    "recovered": mails.Kind(_l("A recovery code was used"),
                            _l("A recovery code was used to sign in as %(email)s. It does not work again.")),
}


def tell(identity_id: UUID, what: str, kind: str) -> None:
    """Put a change of factors into the trail and tell the person, with a way to say that it was not them."""
    trail.note(f"auth.factor.{what}", identity_id, kind=kind)
    mails.tell(identity_id, WORDS[what])
