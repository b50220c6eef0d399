"""Personal values: encrypted for their subject, read while the key is there, gone for good once it is erased."""

from __future__ import annotations

import json

from sqlalchemy import select

from app.core import audit, people
from app.core.audit.models import AuditEntry, AuditPerson
from app.kernel.db import session
from tests.core.stand import Stand

NAME, EMAIL = "Maren Köhler", "maren.koehler@stand.example"


def _enrol(stand: Stand) -> people.Member:
    with stand.work() as work:
        member = people.enrol(NAME, EMAIL, "member")
        work.flush()
        work.refresh(member)
        work.expunge(member)
    return member


def test_the_trail_never_holds_a_personal_value_in_the_clear(stand: Stand) -> None:
    member_id = _enrol(stand).id
    (entry,) = stand.entries(record_id=member_id)
    kept = json.dumps(entry.changes)
    assert "Maren" not in kept
    assert EMAIL not in kept
    assert entry.changes["email"][1]["of"] == str(member_id)


def test_its_history_shows_it_to_who_may_see_the_record(stand: Stand) -> None:
    member = _enrol(stand)
    with stand.work():
        (shown,) = [entry for entry in audit.history(member) if entry.action_name.endswith("create")]
        values = {change.label: change.after for change in shown.changes}
    assert (values["Name"], values["E-mail"]) == (NAME, EMAIL)


def test_erasing_a_person_keeps_the_chain_whole_and_forgets_the_rest(stand: Stand) -> None:
    member = _enrol(stand)
    with stand.work():
        audit.seal(stand.organisation.id)
        audit.erase_person(member.id)
        audit.erase_person(stand.actors["owner"].id)
    with stand.work() as work:
        shown = audit.history(member)
        values = {change.label: change.after for change in shown[-1].changes}
        assert (values["Name"], values["E-mail"], shown[-1].who) == ("erased", "erased", "erased person")
        assert work.scalars(select(AuditPerson.id).where(AuditPerson.id == stand.actors["owner"].id)).all() == []
        (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert chain.problem == ""


def test_what_is_written_of_an_erased_person_is_not_kept_at_all(stand: Stand) -> None:
    member = _enrol(stand)
    with stand.work():
        audit.erase_person(member.id)
    with stand.work() as work:
        work.get_one(people.Member, (stand.organisation.id, member.id)).email = "new@stand.example"
        work.flush()
        last = session().scalars(select(AuditEntry).where(AuditEntry.record_id == member.id).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert last.changes["email"][1] == {"of": str(member.id), "erased": "yes"}


def test_who_acted_is_a_pseudonym_with_a_snapshot_apart(stand: Stand) -> None:
    with stand.work("member"):
        stand.site("Base")
    with stand.work() as work:
        actor = stand.actors["member"]
        snapshot = work.scalars(select(AuditPerson).where(AuditPerson.id == actor.id)).one()
        assert (snapshot.name, snapshot.email) == (actor.name, actor.email)
    row = stand.entries(actor_id=stand.actors["member"].id)[0]
    assert actor.name not in json.dumps([row.changes, row.context])
