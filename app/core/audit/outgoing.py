"""The entries that match as a file for outside auditors: CSV or JSON in a ZIP, with a signed manifest and the script that checks both."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

import orjson

from app.core.audit.asking import Filters, every, narrowed
from app.core.audit.canonical import ALL, canonical, entry_of, key, machine
from app.core.audit.history import Shown, shown
from app.core.audit.models import AuditEntry
from app.core.audit.sealing import chain_head, seal
from app.core.audit.writer import note
from app.kernel import clock, jobs
from app.kernel.config import PROJECT
from app.kernel.current import current
from app.kernel.db import session, unit_of_work

FORMATS, FORMAT = ("csv", "json"), "opsflux-audit-extract/1"
COLUMNS = ("at", "who", "email", "actor_id", "on_behalf_of", "action", "resource", "record", "record_id", "changes", "result", "reason",
           "channel", "ip", "place", "device", "agent", "request_id", "id", "digest")
SCRIPT = PROJECT / "docs" / "audit" / "verify_audit.py"
LARGE = 8 * 1024 * 1024


def machine_entry(entry: AuditEntry, said: Shown) -> dict[str, Any]:
    """An entry for machines: what its digest covers, the digest, and the words for people."""
    covered = orjson.loads(canonical(entry_of(getattr(entry, name) for name in ALL)))
    return {"entry": covered, "digest": bytes(entry.digest).hex(),
            "words": {"who": said.who, "email": said.email, "place": said.place, "device": said.device, "said": said.said}}


def run(form: str, typed: Mapping[str, str]) -> None:
    """The job: write the file with its manifest, keep it, announce it; the export is itself in the trail."""
    from app.core import access, files  # both stand on the trail
    from app.core.audit.views import EXPORTED, filters_of

    job = jobs.current_job()
    seal(current.organisation.id)
    with unit_of_work(), SpooledTemporaryFile(max_size=LARGE) as target:
        access.require(current.user, EXPORTED)
        filters = filters_of(typed)
        total = session().scalar(_count(filters)) or 0
        rows = write(form, filters, typed, cast("IO[bytes]", target), told=lambda steps: job.tell(steps, total))
        target.seek(0)
        name = f"audit-{form}-{clock.today(current.organisation.timezone).isoformat()}.zip"
        file = files.store(cast("IO[bytes]", target), name, "application/zip", purpose="export")  # type: ignore[arg-type]
        note(EXPORTED, resource="audit.entry", context={"format": form, "rows": rows, "filters": dict(typed), "sha256": file.sha256})
        job.finish(file_id=file.id, result={"rows": rows, "name": name, "bytes": file.size, "sha256": file.sha256})


def _count(filters: Filters) -> Any:
    from sqlalchemy import func

    return narrowed(filters, aggregate=(func.count(),))


def write(form: str, filters: Filters, typed: Mapping[str, str], target: IO[bytes], told: Any = None) -> int:
    """Write the ZIP; gives how many entries are in it."""
    inside = f"trail.{form}"
    seq, head = chain_head()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as packed:
        found, rows = hashlib.sha256(), 0
        with packed.open(inside, "w") as stream:
            for block, count in (_csv if form == "csv" else _json)(filters):
                stream.write(block)
                found.update(block)
                rows += count
                if told and count:
                    told(count)
        said = {"format": FORMAT, "organisation_id": str(current.organisation.id), "organisation": current.organisation.slug,
                "file": inside, "sha256": found.hexdigest(), "entries": rows, "filters": machine(dict(typed)),
                "exported_at": clock.now(), "exported_by": str(current.user.id), "chain_seq": seq, "chain_head": head}
        signature = hmac.new(key("checkpoint"), canonical(said), "sha256").hexdigest()
        packed.writestr("manifest.json", canonical({"manifest": said, "signature": signature}))
        packed.writestr("verify_audit.py", SCRIPT.read_bytes())
    return rows


def _portions(filters: Filters) -> Iterator[list[tuple[AuditEntry, Shown]]]:
    for portion in every(filters):
        yield list(zip(portion, shown(portion), strict=True))


def _json(filters: Filters) -> Iterator[tuple[bytes, int]]:
    before = b"["
    for portion in _portions(filters):
        yield before + b"\n" + b",\n".join(canonical(machine_entry(entry, said)) for entry, said in portion), len(portion)
        before = b","
    yield (b"\n]\n" if before == b"," else b"[\n]\n"), 0


def _csv(filters: Filters) -> Iterator[tuple[bytes, int]]:
    yield _lines([COLUMNS], bom=True), 0
    for portion in _portions(filters):
        yield _lines([_row(entry, said) for entry, said in portion]), len(portion)


def _row(entry: AuditEntry, said: Shown) -> list[Any]:
    return [entry.at.isoformat(), said.who, said.email, entry.actor_id, entry.on_behalf_of, entry.action, entry.resource,
            entry.record_reference, entry.record_id, orjson.dumps(entry.changes, option=orjson.OPT_SORT_KEYS).decode(), entry.result,
            said.reason, entry.channel, said.ip, said.place, said.device, entry.agent, entry.request_id, entry.id,
            bytes(entry.digest).hex()]


def _lines(rows: Sequence[Sequence[Any]], *, bom: bool = False) -> bytes:
    from app.core.exports import guarded  # exports stand on the trail

    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows([["" if cell is None else guarded(str(cell)) for cell in row] for row in rows])
    return (("\ufeff" if bom else "") + buffer.getvalue()).encode()


__all__ = ["COLUMNS", "FORMATS", "machine_entry", "run", "write"]
