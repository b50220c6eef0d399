"""Handing mail to providers over HTTP: SendGrid (v3), Amazon SES (v2, signed by Signature Version 4), Mailgun (whole mails)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote, urlsplit

from app.core.mail.handing import Away, Parcel, Refused
from app.core.mail.models import Speech
from app.core.mail.providers import Out
from app.kernel import clock, outgoing

SECONDS = 20.0
SENDGRID, MAILGUN = "https://api.sendgrid.com", "https://api.mailgun.net"
KEPT_BY_SENDGRID = frozenset({"from", "to", "subject", "content-type", "content-transfer-encoding", "mime-version", "reply-to", "date"})


def hand_over(out: Out, parcel: Parcel) -> None:
    """Give the mail to the provider. Raises `Away` or `Refused`."""
    url, headers, body = _SPOKEN[out.kind](out, parcel)
    try:
        answer = outgoing.send("POST", url, headers=headers, body=body, seconds=SECONDS)
    except outgoing.OutgoingError as error:
        raise Away(f"{out.label} is away ({type(error).__name__}).") from error
    if answer.status < 300:
        return
    words = f"{out.label} answered {answer.status}: {' '.join(answer.body.decode(errors='replace').split())}"
    if answer.status >= 500 or answer.status in (401, 403, 404, 408, 429):
        raise Away(words[:500])
    raise Refused(words, for_good=True)


def _sendgrid(out: Out, parcel: Parcel) -> tuple[str, dict[str, str], bytes]:
    message: Any = message_from_bytes(parcel.content, policy=policy.default)
    parts = [{"type": f"text/{kind}", "value": message.get_body((kind,)).get_content()} for kind in ("plain", "html")]
    said: dict[str, Any] = {
        "personalizations": [{"to": [{"email": parcel.to}]}],
        "from": {"email": parcel.sender, "name": parcel.sender_name}, "subject": str(message["Subject"]), "content": parts,
        "headers": {name: str(value) for name, value in message.items() if name.lower() not in KEPT_BY_SENDGRID},
        "custom_args": {"mail": str(parcel.mail_id)},
        "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}}}
    if answers := message["Reply-To"]:
        said["reply_to"] = {"email": answers.addresses[0].addr_spec, "name": answers.addresses[0].display_name}
    if enclosed := [_enclosed(part) for part in message.walk() if part.get("Content-ID") or part.get_content_disposition() == "attachment"]:
        said["attachments"] = enclosed
    headers = {"Authorization": f"Bearer {out.secret}", "Content-Type": "application/json"}
    return f"{out.address or SENDGRID}/v3/mail/send", headers, json.dumps(said).encode()


def _enclosed(part: EmailMessage) -> dict[str, str]:
    found = {"content": base64.b64encode(part.get_payload(decode=True) or b"").decode(), "type": part.get_content_type(),  # type: ignore[arg-type]
             "filename": part.get_filename() or "file", "disposition": part.get_content_disposition() or "attachment"}
    return found | ({"content_id": part["Content-ID"].strip("<>")} if part["Content-ID"] else {})


def _mailgun(out: Out, parcel: Parcel) -> tuple[str, dict[str, str], bytes]:
    border = secrets.token_hex(16)
    fields = {"to": parcel.to, "o:tracking": "no", "v:mail": str(parcel.mail_id)}
    pieces = [f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    head = f'--{border}\r\nContent-Disposition: form-data; name="message"; filename="mail.eml"\r\nContent-Type: message/rfc822\r\n\r\n'
    body = b"".join(pieces) + head.encode() + parcel.content + f"\r\n--{border}--\r\n".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(f"api:{out.secret}".encode()).decode(),
               "Content-Type": f"multipart/form-data; boundary={border}"}
    return f"{out.address or MAILGUN}/v3/{quote(out.account)}/messages.mime", headers, body


def _ses(out: Out, parcel: Parcel) -> tuple[str, dict[str, str], bytes]:
    said = {"FromEmailAddress": parcel.sender, "Destination": {"ToAddresses": [parcel.to]},
            "Content": {"Raw": {"Data": base64.b64encode(parcel.content).decode()}},
            "EmailTags": [{"Name": "mail", "Value": str(parcel.mail_id)}]}
    url = f"{out.address or f'https://email.{out.region}.amazonaws.com'}/v2/email/outbound-emails"
    body = json.dumps(said).encode()
    return url, signed("POST", url, body, account=out.account, secret=out.secret, region=out.region, at=clock.now()), body


def signed(method: str, url: str, body: bytes, *, account: str, secret: str, region: str, at: datetime,
           service: str = "ses") -> dict[str, str]:
    """The headers of a request signed by AWS Signature Version 4."""
    parts, moment = urlsplit(url), at.strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": "application/json", "host": parts.netloc, "x-amz-date": moment}
    names, day = ";".join(headers), moment[:8]
    asked = "\n".join([method, parts.path, parts.query, *(f"{name}:{value}" for name, value in headers.items()), "", names,
                       hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(asked.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for each in (day, region, service, "aws4_request"):
        key = hmac.digest(key, each.encode(), "sha256")
    mark = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return {"Content-Type": headers["content-type"], "X-Amz-Date": moment, "Host": parts.netloc,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/{scope}, SignedHeaders={names}, Signature={mark}"}


_SPOKEN: Mapping[Speech, Any] = {Speech.SENDGRID: _sendgrid, Speech.SES: _ses, Speech.MAILGUN: _mailgun}
