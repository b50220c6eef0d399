"""What the organisations of a person ask of sign-in; where they differ, the strictest counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.kernel.db import session
from app.kernel.kinds import Choices
from app.kernel.manifest import Setting
from app.kernel.registry import known, registry


class SecondFactor(Choices):
    """Whether people prove who they are by something besides the password."""

    OPTIONAL = "optional", _l("Everybody decides for themselves")
    REQUIRED = "required", _l("Required of everybody")


SETTINGS = (
    Setting("auth.second_factor", _l("Second factor"), "choice", "required", choices=SecondFactor,
            help=_l("An authenticator app, a passkey or a code by SMS, asked besides the password.")),
    Setting("auth.second_factor_grace_days", _l("Days to set up a second factor"), "integer", 14, minimum=0, maximum=90,
            help=_l("Counted from the first sign-in at which it is required; 0 asks for it at once.")),
    Setting("auth.lost_factor_hours", _l("Hours until a lost factor is given up"), "integer", 24, minimum=1, maximum=168,
            help=_l("After two administrators agreed; until then the person can still stop it.")),
    Setting("auth.password_expiry_days", _l("Days until a password expires"), "integer", 90, minimum=0, maximum=3650,
            help=_l("0 switches it off. NIST SP 800-63B-4 advises against changes by the calendar: people then choose weaker passwords "
                    "and vary the old one. It asks for a change only when a password may be known to others.")),
    Setting("auth.password_history", _l("Former passwords that may not come back"), "integer", 5, minimum=0, maximum=24,
            help=_l("0 switches it off, and the hashes of former passwords are deleted. It matters only where passwords expire: without "
                    "forced changes nobody has a reason to go back, so NIST SP 800-63B-4 does not ask for it.")),
    Setting("auth.idle_minutes", _l("Minutes without use until a session ends"), "integer", 720, minimum=5, maximum=10_080,
            help=_l("People are warned before, and what they typed is kept.")),
    Setting("auth.absolute_hours", _l("Hours until a session ends at the latest"), "integer", 168, minimum=1, maximum=720,
            help=_l("Counted from signing in, however much it is used.")),
    Setting("auth.magic_link", _l("Sign in by a link sent by mail"), "boolean", False,
            help=_l("In place of the password. A person of several organisations needs it switched on in all of them.")),
)


@dataclass(frozen=True)
class Policy:
    """What each organisation of a person set about sign-in; nobody's organisation means the declared defaults."""

    organisations: tuple[Mapping[str, Any], ...]

    def values(self, key: str) -> list[Any]:
        """The value of one setting in each organisation. A wrong key is an error that names the nearest right one."""
        default = registry.settings[known(key, registry.settings, "setting")].default
        return [each.get(key, default) for each in self.organisations]

    @property
    def password_expiry_days(self) -> int:
        """After how many days a password expires: the soonest; 0 for never."""
        return min((days for days in self.values("auth.password_expiry_days") if days), default=0)

    @property
    def password_history(self) -> int:
        """How many former passwords may not come back."""
        return max(self.values("auth.password_history"))

    @property
    def idle(self) -> timedelta:
        """How long a session lives without being used."""
        return timedelta(minutes=min(self.values("auth.idle_minutes")))

    @property
    def absolute(self) -> timedelta:
        """How long a session lives at most."""
        return timedelta(hours=min(self.values("auth.absolute_hours")))

    @property
    def magic_link(self) -> bool:
        """Whether one may sign in by a link: all of them must allow it."""
        return all(self.values("auth.magic_link"))

    @property
    def factor_required(self) -> bool:
        """Whether any of them requires a second factor."""
        return "required" in self.values("auth.second_factor")

    @property
    def factor_grace(self) -> timedelta:
        """How long one may do without, after being asked first: the shortest of those that require it."""
        asked = zip(self.values("auth.second_factor"), self.values("auth.second_factor_grace_days"), strict=True)
        return timedelta(days=min((days for wanted, days in asked if wanted == "required"), default=0))


def policy_of(identity_id: UUID) -> Policy:
    """The policy for a person, over all organisations that they belong to."""
    found = session().execute(text("SELECT auth_policy(:who)"), {"who": identity_id}).scalar()
    return Policy(tuple(found) if found else ({},))
