"""The audit trail: every change with who, what, before and after, when and why; append-only, chained and signed."""

from app.core.audit.canonical import machine
from app.core.audit.connecting import within_platform
from app.core.audit.crossing import across_organisations
from app.core.audit.described import PATHS
from app.core.audit.doing import doing
from app.core.audit.feeds import BULK, making, record_created
from app.core.audit.history import APPROVED_BY, Shown, history, shown
from app.core.audit.holds import held
from app.core.audit.people import names_of
from app.core.audit.personal import erase_person
from app.core.audit.places import country_of, device_of, place_of
from app.core.audit.reading import is_confidential, note_list, note_read
from app.core.audit.sealing import chain_head, seal, seal_all
from app.core.audit.verifying import verify
from app.core.audit.words import ACCOUNT, channel_label
from app.core.audit.writer import Entry, Seat, note, write

__all__ = ["ACCOUNT", "APPROVED_BY", "BULK", "PATHS", "Entry", "Seat", "Shown", "across_organisations", "chain_head", "channel_label",
           "country_of", "device_of", "doing", "erase_person", "held", "history", "is_confidential", "machine", "making", "names_of",
           "note", "note_list", "note_read", "place_of", "record_created", "seal", "seal_all", "shown", "verify", "within_platform",
           "write"]
