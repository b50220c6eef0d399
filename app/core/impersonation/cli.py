"""`flask impersonation`: what goes on now, and ending it at once, for whoever looks after the installation."""

from __future__ import annotations

import click
from sqlalchemy import select

from app.core import organisations
from app.core.impersonation import services
from app.core.impersonation.models import Impersonation
from app.core.people import Member
from app.kernel import clock
from app.kernel.commands import json_option, show
from app.kernel.current import SYSTEM, SYSTEM_ID, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import NotFound


@click.group()
def impersonation() -> None:
    """Members who see what another member sees."""


@impersonation.command("list")
@click.argument("slug")
@json_option
def list_running(slug: str, as_json: bool) -> None:
    """What goes on now in the organisation at SLUG, with what each has done so far."""
    with acting(_place(slug), SYSTEM, channel="command"), unit_of_work():
        rows = [_said(each) for each in _running()]
    lines = [f"{row['reference']}: {row['who']} as {row['as_whom']}, {row['reach']}, until {row['until']}: {row['reason']}" for row in rows]
    show({"running": rows}, as_json=as_json, lines=lines or ["Nobody sees what somebody else sees."])


@impersonation.command("end")
@click.argument("slug")
@click.argument("references", nargs=-1)
@json_option
def end(slug: str, references: tuple[str, ...], as_json: bool) -> None:
    """End those named by their references, or all that go on in the organisation at SLUG: they are refused with their next request."""
    with acting(_place(slug), SYSTEM, channel="command"), unit_of_work():
        wanted = [each for each in _running() if not references or each.reference in references]
        for each in wanted:
            services.end(each, by=SYSTEM_ID)
        rows = [_said(each) for each in wanted]
    show({"ended": rows}, as_json=as_json, lines=[f"{row['reference']} ended: {row['who']} as {row['as_whom']}" for row in rows]
         or ["There was nothing to end."])


def _place(slug: str) -> Organisation:
    found = organisations.place_of(slug)
    place = organisations.load_organisation(found) if found else None
    if place is None:
        raise NotFound(f"There is no organisation at “{slug}”.")
    return place


def _running() -> list[Impersonation]:
    query = select(Impersonation).where(Impersonation.started_at.is_not(None), Impersonation.ended_at.is_(None),
                                        Impersonation.until > clock.now())
    return list(session().scalars(query.order_by(Impersonation.id)))


def _said(each: Impersonation) -> dict[str, object]:
    names = {row.id: row.name for row in session().execute(
        select(Member.id, Member.name).where(Member.id.in_([each.actor_id, each.target_id])))}
    opened = [{"at": step.at.isoformat(), "method": step.method, "path": step.path, "status": step.status, "trace": step.request_id}
              for step in services.steps(each)]
    return {"reference": each.reference, "who": names.get(each.actor_id, ""), "as_whom": names.get(each.target_id, ""),
            "reach": each.reach.value, "until": each.until.isoformat() if each.until else "", "reason": each.reason, "opened": opened}
