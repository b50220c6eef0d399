"""A copy of all one's data, and erasure: asked for, approved, done; the trail stays whole and names nobody."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.core import audit, auth, files, organisations, people
from app.core.audit.models import AuditHold, AuditPerson
from app.core.mail import send
from app.core.organisations import Organisation
from app.core.people import Member
from app.core.privacy import copying, erasing, requests
from app.core.privacy.models import Kind, PersonRequest, Status
from app.kernel import clock, jobs, outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import Base, session, unit_of_work
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.registry import registry
from tests.core.stand import Stand
from tests.infra.databases import Database

NAME, EMAIL = "Maren Köhler", "maren.koehler@gone.example"


def _enrol(stand: Stand) -> Any:
    with stand.work() as work:
        member = people.enrol(NAME, EMAIL, "member", phone="+49 170 5551234")
        member_id = member.id
        work.flush()
        send(member, "notification", {"notice": {"title": f"Hello {NAME}", "text": "", "path": "/"}})
        site = stand.site(f"Office of {NAME}")
        assert site
    return member_id


def _ask(stand: Stand, member_id: Any, kind: Kind) -> Any:
    with stand.work() as work:
        request = PersonRequest(kind=kind, member_id=member_id, reason="Letter of 3 March")
        assign([request])
        work.add(request)
        work.flush()
        requests.fulfil(request)
        return request.id


def _anonymise(stand: Stand, days: int) -> int:
    with clock.at(clock.now() + timedelta(days=days)), acting(stand.organisation, SYSTEM, channel="schedule"):
        return erasing.anonymise_due()["people"]


def _where(stand: Stand, word: str) -> list[str]:
    """The tables, of all, in which a word still stands."""
    found = []
    with stand.work() as work:
        for table in Base.metadata.sorted_tables:
            home = table.info.get("column", "organisation_id")
            if home in table.c:
                asked = text(f'SELECT count(*) FROM "{table.name}" t WHERE t.{home} = :here AND position(:word in t::text) > 0')
                if work.connection().execute(asked, {"here": stand.organisation.id, "word": word}).scalar():
                    found.append(table.name)
    return found


@pytest.mark.requirement("OF-513")
@pytest.mark.parametrize("way", ["asked", "deleted"])
def test_ninety_days_later_name_and_address_stand_nowhere(own: tuple[Database, Stand], way: str) -> None:
    _database, stand = own
    member_id = _enrol(stand)
    if way == "asked":
        request_id = _ask(stand, member_id, Kind.ERASURE)
    else:
        with stand.work() as work:
            work.get_one(Member, (stand.organisation.id, member_id)).archived_at = clock.now()
    assert _anonymise(stand, 89) == 0
    assert "member" in _where(stand, EMAIL)
    assert _anonymise(stand, 91) == 1
    assert _anonymise(stand, 92) == 0
    assert _where(stand, EMAIL) == []
    assert set(_where(stand, NAME)) <= {"audit_entry"}  # the name of a site, in the lawful trail
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, member_id))
        assert (member.name.split()[0], member.email.endswith("@erased.invalid"), member.phone) == ("Erased", True, None)
        if way == "asked":
            request = work.get_one(PersonRequest, (stand.organisation.id, request_id))
            assert request.status == Status.DONE
            assert "audit trail" in (request.kept or "")
    with stand.work() as work:
        assert work.scalars(select(AuditPerson).where(AuditPerson.id == member_id)).all() == []
    audit.seal(stand.organisation.id)
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert chain.problem == ""


def test_only_the_whole_name_and_the_whole_address_are_replaced(own: tuple[Database, Stand]) -> None:
    """Longer names, longer addresses, whoever has the same name, and what machines read stay as they are."""
    _database, stand = own
    with stand.work() as work:
        others = [people.enrol(name, address) for name, address in (
            (f"{NAME}-Schulz", "maren.koehler@gone.example.org"), (f"Anna-{NAME}", f"xmaren.{EMAIL}"), (f"{NAME}s", f"a{EMAIL}"))]
        work.flush()
        ids = {other.id: (other.name, other.email) for other in others}
    member_id = _enrol(stand)
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, member_id))
        send(member, "notification", {"notice": {"title": "Line one", "text": f"Line one\n{NAME}, {EMAIL}.", "path": "/"}})
        outbox.put("mail", "x", {"to": f"first\n{NAME.upper()}\n<{EMAIL}>", "other": f"{NAME}-Schulz"}, key=f"about {NAME}")
        work.get_one(Organisation, stand.organisation.id).erase_asked_by = NAME
        erasing.anonymise(member)
    with stand.work() as work:
        assert work.get_one(Organisation, stand.organisation.id).erase_asked_by != NAME
        assert {other: tuple(work.execute(select(Member.name, Member.email).where(Member.id == other)).one()) for other in ids} == ids
        row = work.scalars(select(outbox.OutboxRow).where(outbox.OutboxRow.name == "x")).one()
        assert "KÖHLER" not in row.payload["to"]
        assert EMAIL not in row.payload["to"]
        assert (row.payload["other"], row.key) == (f"{NAME}-Schulz", f"about {NAME}")
    assert set(_where(stand, f" {EMAIL}")) == set()


def test_whoever_has_the_same_name_keeps_it(own: tuple[Database, Stand]) -> None:
    _database, stand = own
    with stand.work() as work:
        twin = people.enrol(NAME, "twin@gone.example")
        work.flush()
        twin_id = twin.id
        send(twin, "notification", {"notice": {"title": f"Hello {NAME}", "text": "", "path": "/"}})
    member_id = _enrol(stand)
    with stand.work() as work:
        erasing.anonymise(work.get_one(Member, (stand.organisation.id, member_id)))
    with stand.work() as work:
        assert work.get_one(Member, (stand.organisation.id, twin_id)).name == NAME
        told = dict(work.execute(text("SELECT member_id, text FROM mail_message")).tuples().all())
        assert NAME in told[twin_id]
        assert NAME not in told[member_id]
        assert EMAIL not in told[member_id]


def test_a_copy_holds_all_that_is_known_as_json_and_to_read(app: Flask, stand: Stand) -> None:
    member_id = _enrol(stand)
    request_id = _ask(stand, member_id, Kind.ACCESS)
    with stand.work():
        job_id = session().scalars(select(jobs.Job.id).where(jobs.Job.function.like("%hand_over"))).one()
    assert jobs.run(job_id, stand.organisation.id)
    with stand.work() as work:
        request = work.get_one(PersonRequest, (stand.organisation.id, request_id))
        assert request.status == Status.DONE
        assert request.file_id is not None
        with files.open_file(files.find(request.file_id)) as stream, zipfile.ZipFile(io.BytesIO(stream.read())) as packed:
            told, page = json.loads(packed.read("data.json")), packed.read("data.html").decode()
    (member,) = told["data"]["member"]
    assert (member["name"], member["email"], member["phone"]) == (NAME, EMAIL, "+49 170 5551234")
    assert told["data"]["mail_message"][0]["to_address"] == EMAIL
    assert told["data"]["sign_in"][0]["email"] == EMAIL
    assert {"person_request", "mail_message", "member"} <= set(told["data"])
    assert NAME in page
    assert EMAIL in page
    assert "secret" not in json.dumps(told)
    assert copying.MOST


def test_an_erasure_names_what_is_kept_and_why(app: Flask, stand: Stand) -> None:
    member_id = _enrol(stand)
    with stand.work():
        request = PersonRequest(kind=Kind.ERASURE, member_id=member_id, asked_on=clock.today("UTC"))
        said = requests.consequences(request)
    assert [line.startswith("Kept:") for line in said] == [False, True, True, True]


def test_nothing_happens_before_somebody_approves() -> None:
    resource = registry.resource("privacy.person_request")
    (action,) = resource.actions
    assert (action.approval, action.on_create, resource.confidential) == ("privacy.request", True, True)


def test_whom_a_legal_hold_names_waits_until_it_is_lifted(own: tuple[Database, Stand]) -> None:
    _database, stand = own
    member_id = _enrol(stand)
    with stand.work() as work:
        work.get_one(Member, (stand.organisation.id, member_id)).archived_at = clock.now()
        hold = AuditHold(reason="A case before the court", member_id=member_id, archived_at=clock.now())
        assign([hold])
        work.add(hold)
        work.flush()
        hold_id = hold.id
    assert _anonymise(stand, 91) == 0
    assert "member" in _where(stand, EMAIL)
    with stand.work() as work:
        work.get_one(AuditHold, (stand.organisation.id, hold_id)).lifted_at = clock.now()
    assert _anonymise(stand, 92) == 1


@pytest.mark.parametrize("state", ["inactive", "suspended organisation"])
def test_what_one_signs_in_with_stays_while_another_organisation_knows_the_person(own: tuple[Database, Stand], state: str) -> None:
    _database, stand = own
    member_id, other = _enrol(stand), organisations.found(new_id(), "other", "Other")
    with acting(other, SYSTEM), unit_of_work() as work:
        there = people.enrol(NAME, EMAIL)
        if state == "inactive":
            there.status = people.Status.INACTIVE
        else:
            work.execute(text("UPDATE organisation SET suspended_at = now() WHERE id = :id"), {"id": other.id})
        there_id = there.id
    with stand.work() as work:
        work.get_one(Member, (stand.organisation.id, member_id)).archived_at = clock.now()
    assert _anonymise(stand, 91) == 1
    with unit_of_work() as work:
        assert auth.identity_of(EMAIL) is not None, "the other organisation's member signs in with it"
        assert not work.execute(text("SELECT disabled FROM auth_lookup(:email)"), {"email": EMAIL}).scalar()
    with acting(other, SYSTEM), unit_of_work() as work:
        erasing.anonymise(work.get_one(Member, (other.id, there_id)))
    with unit_of_work():
        assert auth.identity_of(EMAIL) is None, "the last one who knew them has let them go"
