"""The tables of the trail. Its format is fixed: entries, links and checkpoints are only ever added."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, PrimaryKeyConstraint, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock, fields
from app.kernel.records import Record, Tenanted
from app.kernel.schema import define


class AuditEntry(Tenanted):
    """Something that was done: who, what, when, with which values before and after. The nil organisation is the platform."""

    __tablename__ = "audit_entry"
    __append_only__: ClassVar[bool] = True
    __table_args__: Any = (PrimaryKeyConstraint("organisation_id", "id", name="pk_audit_entry"), {"info": {"platform": True}})

    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    on_behalf_of: Mapped[UUID | None] = mapped_column(Uuid)
    channel: Mapped[str] = mapped_column(Text, default="")
    action: Mapped[str] = mapped_column(Text)
    resource: Mapped[str] = mapped_column(Text, default="")
    record_id: Mapped[UUID | None] = mapped_column(Uuid)
    record_reference: Mapped[str] = mapped_column(Text, default="")
    changes: Mapped[dict[str, list[Any]]] = mapped_column(JSONB, default=dict)
    context: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    request_id: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[str] = mapped_column(Text, default="ok")
    change_set_id: Mapped[UUID | None] = mapped_column(Uuid)
    ip: Mapped[str | None] = mapped_column(Text)
    agent: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    tx: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))


class AuditLink(Tenanted):
    """The place of an entry in its organisation's chain; `id` is the entry's. `horizon` bounds what the next sealing must look at."""

    __tablename__ = "audit_link"
    __append_only__: ClassVar[bool] = True

    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    horizon: Mapped[int] = mapped_column(BigInteger)


class AuditCheckpoint(Tenanted):
    """The head of a chain at a moment, signed, and written outside the database as well."""

    __tablename__ = "audit_checkpoint"
    __append_only__: ClassVar[bool] = True

    seq: Mapped[int] = mapped_column(BigInteger)
    head: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class AuditPurged(Tenanted):
    """What stays of an entry whose time was over: its digest, so that the chain still verifies. `purge_id` is the entry that says so."""

    __tablename__ = "audit_purged"
    __append_only__: ClassVar[bool] = True

    digest: Mapped[bytes] = mapped_column(LargeBinary)
    purge_id: Mapped[UUID] = mapped_column(Uuid)


class AuditHold(Record):
    """Entries that no purge may take while this stands: those of a record, of a person, of a period, or of what is all of these."""

    __tablename__ = "audit_hold"
    __prefix__ = "HOLD"
    __record_name__: ClassVar[str] = "hold"
    __label__, __plural__, __slug__ = _l("Legal hold"), _l("Legal holds"), "holds"

    reason: Mapped[str | None] = fields.long_text(_l("Reason"), max_length=2_000, required=True)
    record: Mapped[str | None] = fields.text(_l("Record"), max_length=40, required=False, help=_l("Its reference, such as PAY-2026-00042."))
    member_id: Mapped[UUID | None] = fields.reference("member", _l("Person"), groups=False, required=False)
    since: Mapped[date | None] = fields.day(_l("From"), required=False)
    until: Mapped[date | None] = fields.day(_l("Until"), required=False, help=_l("This day is included."))
    lifted_at: Mapped[datetime | None] = fields.moment(_l("Lifted"), required=False)
    lift_reason: Mapped[str | None] = fields.long_text(_l("Why it was lifted"), max_length=2_000)


class AuditPerson(Tenanted):
    """Who a pseudonymous id is: name and e-mail as last seen. Erasing this leaves the chain whole."""

    __tablename__ = "audit_person"

    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text, default="")
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class AuditKey(Tenanted):
    """The key under which one subject's personal values are encrypted, itself wrapped; empty once erased."""

    __tablename__ = "audit_key"

    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


_entry, _link, _checkpoint = AuditEntry.__table__.c, AuditLink.__table__.c, AuditCheckpoint.__table__.c
Index("ix_audit_entry_at", _entry.organisation_id, _entry.at, _entry.id)
Index("ix_audit_entry_record", _entry.organisation_id, _entry.record_id, _entry.at)
Index("ix_audit_entry_actor", _entry.organisation_id, _entry.actor_id, _entry.at)
Index("ix_audit_entry_tx", _entry.organisation_id, _entry.tx, _entry.id)
Index("uq_audit_link_seq", _link.organisation_id, _link.seq, unique=True)
Index("uq_audit_checkpoint_seq", _checkpoint.organisation_id, _checkpoint.seq, unique=True)
Index("ix_audit_entry_action", _entry.organisation_id, _entry.action, _entry.at)
Index("ix_audit_entry_resource", _entry.organisation_id, _entry.resource, _entry.at)
Index("ix_audit_entry_channel", _entry.organisation_id, _entry.channel, _entry.at)
Index("ix_audit_entry_request", _entry.organisation_id, _entry.request_id)
Index("ix_audit_entry_reference", _entry.organisation_id, _entry.record_reference, _entry.at,
      postgresql_where=text("record_reference <> ''"))
Index("ix_audit_entry_ip", _entry.organisation_id, _entry.ip, _entry.at, postgresql_where=text("ip <> ''"))
Index("ix_audit_entry_result", _entry.organisation_id, _entry.result, _entry.at, postgresql_where=text("result <> 'ok'"))
WORDS = ("(to_tsvector('simple'::regconfig, (action || ' '::text) || record_reference) || "
         "jsonb_to_tsvector('simple'::regconfig, changes, '[\"string\", \"numeric\"]'::jsonb)) || "
         "jsonb_to_tsvector('simple'::regconfig, context, '[\"string\", \"numeric\"]'::jsonb)")
Index("ix_audit_entry_words", text(f"({WORDS})"), postgresql_using="gin", _table=AuditEntry.__table__)

# What the gate needs to look for words above row security, and to take away what the law no longer asks to be kept. It alone removes
# entries, never younger than a year by the clock of the database, never under a hold, and leaves the digest of each.
AuditEntry.__table__.info.update(gate_removes=True, gate=(
    "organisation_id", "id", "at", "actor_id", "on_behalf_of", "action", "record_id", "record_reference", "changes", "context", "digest"))
AuditLink.__table__.info["gate"] = ("organisation_id", "id", "seq")
AuditPurged.__table__.info.update(gate_adds=True, gate=("organisation_id", "id"))
AuditHold.__table__.info["gate"] = ("organisation_id", "record", "member_id", "since", "until", "lifted_at")
_HEAD = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
define("audit_find(text, integer)", f"""
CREATE OR REPLACE FUNCTION audit_find(wanted text, most integer) RETURNS SETOF uuid STABLE {_HEAD}
SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  RETURN QUERY SELECT e.id FROM audit_entry e
    WHERE ({WORDS}) @@ wanted::tsquery AND e.organisation_id = nullif(current_setting('app.organisation', true), '')::uuid
    ORDER BY e.at DESC, e.id DESC LIMIT most;
END $$""")
define("audit_purge(timestamptz, uuid, integer)", f"""
CREATE OR REPLACE FUNCTION audit_purge(before timestamptz, event uuid, most integer)
  RETURNS TABLE (place bigint, entry uuid, said bytea) {_HEAD} AS $$
DECLARE here uuid := nullif(current_setting('app.organisation', true), '')::uuid;
  latest timestamptz := least(before, now() - interval '1 year');
BEGIN
  RETURN QUERY WITH gone AS (
    DELETE FROM audit_entry e USING audit_link l
    WHERE l.organisation_id = here AND l.id = e.id AND e.organisation_id = here AND e.id IN (
      SELECT o.id FROM audit_entry o WHERE o.organisation_id = here AND o.at < latest AND o.action <> 'audit.entry.purge'
        AND NOT EXISTS (SELECT FROM audit_hold h WHERE h.organisation_id = here AND h.lifted_at IS NULL
          AND (h.member_id IS NULL OR h.member_id IN (o.actor_id, o.on_behalf_of, o.record_id))
          AND (coalesce(h.record, '') = '' OR h.record = o.record_reference)
          AND (h.since IS NULL OR o.at >= h.since) AND (h.until IS NULL OR o.at < h.until + 1))
      ORDER BY o.at, o.id LIMIT most)
    RETURNING l.seq, e.id, e.digest
  ), kept AS (INSERT INTO audit_purged (organisation_id, id, digest, purge_id) SELECT here, g.id, g.digest, event FROM gone g)
  SELECT g.seq, g.id, g.digest FROM gone g ORDER BY g.seq;
END $$""")
