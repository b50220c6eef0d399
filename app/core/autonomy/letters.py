"""A mail that arrives: its kind and what stands in it are kept at once (GREEN), and the answer that fits is drafted and waits (ORANGE)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

from flask_babel import gettext as _

from app.core import files, mail
from app.core.autonomy import proposing, triage
from app.core.autonomy.models import Proposal
from app.kernel.ai_actions import Source
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.registry import registry

LARGEST = 5 * 1024 * 1024
TRIAGE, METADATA, REPLY, REQUEST = "email_triage", "metadata_extraction", "standard_reply", "document_request"


@dataclass
class Read:
    """What came of a mail: the proposals, and why no answer was drafted, if none was."""

    made: list[Proposal] = field(default_factory=list)
    remark: str = ""


def receive(content: bytes, name: str = "") -> Read:
    """Read a mail that was handed in as a file. Raises `Invalid` for what is no mail."""
    if not content or len(content) > LARGEST:
        raise Invalid({"file": [_("A mail of at most %(size)d MB is needed.", size=LARGEST // 1024 // 1024)]})
    message = message_from_bytes(content, policy=policy.default)
    if not isinstance(message, EmailMessage) or not message.get("from"):
        raise Invalid({"file": [_("This is no mail: it says from nobody.")]})
    return arrived(message, content, name)


def arrived(message: EmailMessage, content: bytes, name: str = "") -> Read:
    """Classify a mail, extract what stands in it, and draft the answer. Needs no person for what is GREEN."""
    data, kind = triage.extract(message), triage.classify(message)
    title = data.subject or _("Mail without a subject")
    stored = files.store(content, name if name.lower().endswith(".eml") else "mail.eml", only=("eml",))
    source = Source(title[:200], f"/{current.organisation.slug}/files/{stored.id}/{quote(stored.name)}", stored.sha256)
    inputs = {"sender": data.sender, "subject": data.subject, "message_id": data.message_id}
    said: dict[str, Any] = {"provider": triage.PROVIDER, "model": triage.MODEL, "sources": [source]}
    read = Read()
    read.made.append(proposing.propose(TRIAGE, title, classified(kind), inputs={**inputs, "words": list(kind.found)},
                                       confidence=kind.confidence, **said))
    files.attach(registry.resource(proposing.RESOURCE), read.made[0], stored)
    read.made.append(proposing.propose(METADATA, title, extracted(data), inputs={**inputs, "data": asdict(data)}, **said))
    if mail.is_address(data.sender):
        _draft(read, data, kind, inputs, said)
    return read


def _draft(read: Read, data: triage.Metadata, kind: triage.Classified, inputs: dict[str, Any], said: dict[str, Any]) -> None:
    """Draft the answer; a mail is read all the same where nobody is there to decide it, or whoever hands it in may ask for none."""
    wanted = kind.category == "documents" and not data.attachments
    title = _("Document request: %(subject)s", subject=data.subject) if wanted else _("Reply: %(subject)s", subject=data.subject)
    try:
        with session().begin_nested():
            read.made.append(proposing.propose(REQUEST if wanted else REPLY, title, _letter(data, asks=wanted), inputs=inputs, **said))
    except (Conflict, Forbidden) as error:
        read.remark = str(error)


def send(proposal: Proposal) -> None:
    """Send an answer that was agreed to whoever wrote; one that answers no mail is only marked as used."""
    address = str(proposal.inputs.get("sender") or "")
    if not mail.is_address(address):
        return
    subject = str(proposal.inputs.get("subject") or proposal.title)
    letter = {"subject": subject if subject[:3].casefold() == "re:" else f"Re: {subject}",
              "paragraphs": [part.strip() for part in proposal.text.split("\n\n") if part.strip()]}
    mail.send(address, "letter", {"letter": letter}, key=f"ai_proposal:{proposal.id}", thread=proposal.reference)


def classified(kind: triage.Classified) -> str:
    """What a mail was taken for, in words."""
    lines = [(_("Kind"), categories()[kind.category]), (_("Urgent"), _("yes") if kind.urgent else _("no")),
             (_("Words found"), ", ".join(kind.found) or "–")]
    return "\n".join(f"{label}: {value}" for label, value in lines)


def extracted(data: triage.Metadata) -> str:
    """What stands in a mail, in words."""
    lines = [(_("From"), f"{data.name} <{data.sender}>" if data.name else data.sender), (_("To"), ", ".join(data.to)),
             (_("Sent"), data.sent_at), (_("Subject"), data.subject), (_("Attachments"), ", ".join(data.attachments)),
             (_("References"), ", ".join(data.references)), (_("Amounts"), ", ".join(data.amounts)), (_("Dates"), ", ".join(data.dates))]
    return "\n".join(f"{label}: {value or '–'}" for label, value in lines)


def categories() -> dict[str, str]:
    """The kinds of mail in words."""
    return {"invoice": _("Invoice"), "complaint": _("Complaint"), "documents": _("Documents"), "appointment": _("Appointment"),
            "question": _("Question"), "other": _("Other")}


def _letter(data: triage.Metadata, *, asks: bool) -> str:
    begins = _("Dear %(name)s,", name=data.name or data.sender)
    thanks = _("Thank you for your message “%(subject)s”. We have received it.", subject=data.subject or "–")
    rest = _("Your message speaks of documents, and none came with it. Please send them to us.") if asks \
        else _("We will look at it and come back to you.")
    return "\n\n".join((begins, thanks, rest, _("Kind regards") + f"\n{current.organisation.name}"))
