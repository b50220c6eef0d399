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
