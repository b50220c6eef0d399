"""Systems outside: the notice as signed JSON (Standard Webhooks), or as Slack or Teams reads it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.notifications.models import Priority
from app.core.notifications.outside.handing import Dropped, post, refusal
from app.core.notifications.outside.models import Delivery, Hook, Speech
from app.kernel import clock, outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Form
from app.kernel.fields import text as line
from app.kernel.sealing import seal, unseal

PURPOSE, MARK = "notifications/hook", "whsec_"
COLOURS = {Priority.CRITICAL: "attention", Priority.HIGH: "warning"}


class Secret(Form):
    """Asked when the secret of the signature is set."""

    secret = line(_l("Secret"), max_length=200, widget="password",
                  help=_l("Whoever receives a notice checks with it that we sent it. As Standard Webhooks write it (whsec_…), "
                          "or any words."))


@dataclass(frozen=True)
class Letter:
    """A notice for a system outside; `number` is the same at each attempt."""

    number: UUID
    address: str
    kind: Speech
    content: Mapping[str, Any]
    secret: str = field(default="", repr=False)


def before_save(hook: Hook) -> None:
    """Refuse what is no address."""
    try:
        parts = urlsplit((hook.address or "").strip())
        known = parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise Invalid({"address": [_("Write the whole address, without a user in it, like %(example)s.", example="https://api.example")]})
    hook.address = hook.address.strip()


def set_secret(hook: Hook, *, secret: str) -> Hook:
    """Keep the secret, encrypted; it is never shown again. Raises `Invalid` for one that cannot be read."""
    _bytes(secret.strip())
    hook.sealed = seal(PURPOSE, hook.id, secret.strip())
    return hook


def parcel(delivery: Delivery) -> Letter:
    """The notice with all that the call needs. Raises `Dropped` when the webhook is used no more."""
    hook = session().get(Hook, (current.organisation.id, delivery.target_id))
    if hook is None or hook.is_archived or not hook.active:
        raise Dropped("The webhook is not in use.")
    return Letter(delivery.id, hook.address, hook.kind, delivery.content, unseal(PURPOSE, hook.id, hook.sealed) if hook.sealed else "")


def hand_over(letter: Letter) -> str:
    """Send it. Raises `Retry` or `GiveUp`."""
    body = json.dumps(spoken(letter.kind, letter.content), ensure_ascii=False).encode()
    answer = post(letter.address, _headers(letter, body), body)
    if answer.status >= 300:
        raise outbox.GiveUp(refusal(answer))
    return ""


def spoken(kind: Speech, content: Mapping[str, Any]) -> dict[str, Any]:
    """The notice as the other side reads it."""
    if kind == Speech.SLACK:
        words = "\n".join(filter(None, (f"*<{content['url']}|{_slack(content['title'])}>*", _slack(content["text"]))))
        return {"text": _slack(content["title"]), "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": words[:3000]}}]}
    if kind == Speech.TEAMS:
        return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": _card(content)}]}
    return dict(content)


def _card(content: Mapping[str, Any]) -> dict[str, Any]:
    colour = COLOURS.get(Priority(content["priority"]), "default")
    body = [{"type": "TextBlock", "text": content["title"], "weight": "bolder", "size": "medium", "wrap": True, "color": colour},
            {"type": "TextBlock", "text": content["text"], "wrap": True}]
    return {"type": "AdaptiveCard", "version": "1.4", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "body": [part for part in body if part["text"]],
            "actions": [{"type": "Action.OpenUrl", "title": content["organisation"], "url": content["url"]}]}


def _headers(letter: Letter, body: bytes) -> dict[str, str]:
    """Those of Standard Webhooks, with the same id at each attempt."""
    number, at = f"msg_{letter.number}", str(int(clock.now().timestamp()))
    headers = {"Content-Type": "application/json", "webhook-id": number, "webhook-timestamp": at}
    if letter.secret:
        signature = hmac.digest(_bytes(letter.secret), f"{number}.{at}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = "v1," + base64.b64encode(signature).decode()
    return headers


def _bytes(secret: str) -> bytes:
    """The key that a secret stands for: in the notation of Standard Webhooks it is base64."""
    try:
        return base64.b64decode(secret.removeprefix(MARK), validate=True) if secret.startswith(MARK) else secret.encode()
    except binascii.Error:
        raise Invalid({"secret": [_("What follows whsec_ is not base64.")]}) from None


def _slack(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
