"""The ways in which a request can be refused, each with its HTTP status and a sentence for the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from app.kernel import clock


class Refusal(Exception):
    """Something was asked that cannot be done; `message` is shown to whoever asked."""

    status = 500
    code = "error"

    def __init__(self, message: Any = "", **details: Any) -> None:
        super().__init__(str(message))
        self.message = message
        self.details = details

    def __str__(self) -> str:
        return str(self.message)


class NotFound(Refusal):
    """It does not exist, or may not be seen: the two are not told apart."""

    status, code = 404, "not-found"


class Forbidden(Refusal):
    """Known, but not allowed; the message says which permission is missing and who has it."""

    status, code = 403, "forbidden"


class Conflict(Refusal):
    """The state of the record does not allow it (any more)."""

    status, code = 409, "conflict"


class Overtaken(Refusal):
    """A machine named the version that it changes, and another one is there by now."""

    status, code = 412, "precondition-failed"


class VersionNeeded(Refusal):
    """A machine has to name the version that it changes."""

    status, code = 428, "precondition-required"


class TooLarge(Refusal):
    """More bytes or rows than the limit, which the message names."""

    status, code = 413, "too-large"


class TooMany(Refusal):
    """Asked too often; `retry_after` seconds say when to come back."""

    status, code = 429, "too-many-requests"

    def __init__(self, message: Any = "", *, retry_after: int = 60) -> None:
        super().__init__(message, retry_after=retry_after, resets_at=(clock.now() + timedelta(seconds=retry_after)).isoformat())
        self.retry_after = retry_after


class Unavailable(Refusal):
    """A part that is needed is away; nothing was changed."""

    status, code = 503, "unavailable"

    def __init__(self, message: Any = "", *, retry_after: int = 30) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after


class Invalid(Refusal):
    """Input that cannot be taken: `errors` maps a field's name to the sentences about it."""

    status, code = 422, "invalid"

    def __init__(self, errors: Mapping[str, Sequence[Any] | Any], message: Any = "") -> None:
        self.errors = {name: [said] if isinstance(said, str) or not isinstance(said, Sequence) else list(said)
                       for name, said in errors.items()}
        first = next((f"{name}: {said[0]}" for name, said in self.errors.items() if said), "")
        super().__init__(message or first)


class DeclarationError(Exception):
    """A module's declaration cannot be understood; raised at start, never in a request."""
