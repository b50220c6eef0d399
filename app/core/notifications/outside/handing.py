"""What the ways out share: what an answer means, and that there is nobody to tell."""

from __future__ import annotations

from app.kernel import outbox, outgoing

AGAIN = (408, 425, 429)


class Dropped(Exception):
    """There is nobody to tell any more; the reason is for the log."""


def post(address: str, headers: dict[str, str], body: bytes) -> outgoing.Answer:
    """Send it, and give the answer that takes it or refuses it. Raises `Retry` when it may be taken later, `GiveUp` for no address."""
    try:
        answer = outgoing.send("POST", address, headers=headers, body=body)
    except outgoing.NotAllowed as error:
        raise outbox.GiveUp(str(error)) from error
    except outgoing.OutgoingError as error:
        raise outbox.Retry(str(error)) from error
    if answer.status in AGAIN or answer.status >= 500:
        raise outbox.Retry(refusal(answer), after=_wait(answer.headers.get("retry-after", "")))
    return answer


def refusal(answer: outgoing.Answer) -> str:
    """What the log says of an answer that takes nothing."""
    return f"It answered {answer.status}: {' '.join(answer.body.decode(errors='replace').split())[:200]}".rstrip(": ")


def _wait(said: str) -> float | None:
    """The seconds that the other side asks for, within an hour."""
    return min(max(float(said), 1.0), 3600.0) if said.isascii() and said.isdigit() and len(said) < 7 else None
