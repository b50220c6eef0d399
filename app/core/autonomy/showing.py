"""What the pages and the paper show of proposals and levels; templates ask nothing more."""

from __future__ import annotations

from typing import Any

from flask_babel import format_percent, get_locale
from flask_babel import gettext as _

from app.core.autonomy import evidence, kinds
from app.core.autonomy.models import Proposal
from app.kernel import currencies
from app.kernel.ai_actions import Evidence, Source
from app.kernel.current import current
from app.kernel.registry import registry


def told(proposal: Proposal) -> dict[str, Any]:
    """Its evidence, what it concerns, and both texts with what differs."""
    found = evidence_of(proposal)
    return {"evidence": found, "about": about(proposal), "pieces": found.words, "is_known": proposal.kind in kinds.known()}


def evidence_of(proposal: Proposal) -> Evidence:
    """What stands behind it."""
    facts = [(_("Provider"), proposal.provider), (_("Model"), proposal.model),
             (_("Confidence"), "" if proposal.confidence is None else format_percent(proposal.confidence)),
             (_("Cost"), currencies.shown(proposal.cost, proposal.currency, get_locale()) if proposal.cost else ""),
             *((_named(name), _plain(value)) for name, value in proposal.inputs.items())]
    return Evidence([(label, value) for label, value in facts if value],
                    [Source(each["label"], each["url"], each["hash"]) for each in proposal.sources],
                    evidence.words(proposal.produced, proposal.text), proposal.evidence_hash)


def about(proposal: Proposal) -> tuple[str, str] | None:
    """The reference of the record that it concerns, and its page."""
    resource = registry.resources.get(proposal.about_kind or "")
    if resource is None or not proposal.about_reference:
        return None
    return proposal.about_reference, f"/{current.organisation.slug}/{resource.module}/{resource.slug}/{proposal.about_reference}/"


def page_of(proposal: Proposal) -> str:
    """Its page."""
    return f"/{current.organisation.slug}/autonomy/proposals/{proposal.reference}/"


def _named(name: str) -> str:
    """What an input is called: those that we make ourselves by their words, all others as the machine called them."""
    return {"sender": _("From"), "subject": _("Subject"), "words": _("Words found"), "message_id": "Message-ID"}.get(name, name)


def _plain(value: Any) -> str:
    """A value in a line; what has parts of its own stands in the text already."""
    if value is None or isinstance(value, dict):
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
