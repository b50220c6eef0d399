"""What a provider says of somebody, and the two ways in which that can go wrong: it is not to be believed, or it did not come."""

from __future__ import annotations

from dataclasses import dataclass

from app.kernel.outgoing import OutgoingError


@dataclass(frozen=True)
class Vouched:
    """Somebody as a provider knows them. `subject` is the provider's own lasting name; `verified` says whether it has proved the address,
    None when it does not say."""

    subject: str
    email: str = ""
    verified: bool | None = None
    name: str = ""
    groups: tuple[str, ...] = ()


class Doubtful(Exception):
    """What came is not to be believed; `reason` is a code for the trail and the log, never for the one who tries."""

    def __init__(self, reason: str, detail: object = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class Silent(OutgoingError):
    """The provider does not answer, or not as it should."""


def words(said: object) -> tuple[str, ...]:
    """One name or a list of names, as claims and attributes hold them."""
    several = said if isinstance(said, list | tuple) else [said]
    return tuple(str(each) for each in several if isinstance(each, str | int) and not isinstance(each, bool) and str(each))
