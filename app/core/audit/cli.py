"""`flask audit`: verify the chains, seal them now, take one out of the house."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from app.core.audit.chains import chains
from app.core.audit.exporting import export as lines_of
from app.core.audit.sealing import seal as seal_chain
from app.core.audit.verifying import verify as verify_chains
from app.kernel.commands import json_option, show

BROKEN = 1


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@json_option
@click.option("--org", "only", default="", help="Slug of one organisation, or “platform”; all of them otherwise.")
def verify(as_json: bool, only: str) -> None:
    """Check every entry, link and checkpoint. Exit codes: 0 whole, 1 broken or not checkable, 2 wrong usage."""
    began = time.monotonic()
    named = chains(only)
    found = verify_chains(list(named))
    whole = not any(chain.problem for chain in found)
    rows = [{"organisation": named[chain.organisation_id], **chain.shown()} for chain in found]
    entries = sum(chain.sealed + chain.unsealed for chain in found)
    data = {"ok": whole, "entries": entries, "seconds": round(time.monotonic() - began, 2), "chains": rows}
    lines = [f"{named[c.organisation_id]}: {c.sealed} entries sealed, {c.unsealed} not yet, {c.checkpoints} checkpoints"
             + (f"; BROKEN at entry {c.seq or '?'} ({c.entry_id or '-'}): {c.problem}" if c.problem else "") for c in found]
    show(data, as_json=as_json, lines=[*lines, "The trail is whole." if whole else "The trail is broken."])
    if not whole:
        sys.exit(BROKEN)


@audit.command()
@click.option("--org", "only", default="")
def seal(only: str) -> None:
    """Link what is committed, now; the scheduler does it every two seconds."""
    for organisation_id, name in chains(only).items():
        click.echo(f"{name}: {seal_chain(organisation_id)} entries sealed")


@audit.command()
@click.option("--org", "only", required=True, help="Slug of the organisation, or “platform”.")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def export(only: str, target: Path) -> None:
    """Write one chain as JSON lines to TARGET, for docs/audit/verify_audit.py."""
    (organisation_id, _name), *_rest = chains(only).items()
    with target.open("wb") as file:
        file.writelines(lines_of(organisation_id))
    click.echo(str(target))
