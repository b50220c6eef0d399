"""Rules: if this happens and that holds, these people are told by these ways, in the organisation's own words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import people
from app.core.mail import MailMessage
from app.core.mail.models import Wording
from app.core.notifications import Notification, foretelling, quiet, rules, wishes
from app.core.people import Group, GroupMember, Member
from app.kernel import door, outbox
from app.kernel.errors import Forbidden, Invalid
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from tests.core.mail.test_mail import Server
from tests.core.mail.test_mail import server as server  # noqa: PLC0414 -- a fixture
from tests.core.stand import Stand

WORDS = {"kind": "hse.incident.created", "language": "en", "active": True, "button": "Open it",
         "subject": "{{ user.name }}, {{ incident.severity }}: {{ incident.title }}",
         "body": "Dear {{ user.name }},\n\n{{ by.name }} reports an incident of severity {{ incident.severity }}."}


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


@pytest.fixture
def group_id(stand: Stand) -> UUID:
    """The group HSE: only the auditor, who reads everything, is in it."""
    with stand.work() as work:
        group = Group(name="HSE")
        assign([group])
        refresh_keys(group)
        work.add(group)
        work.flush()
        work.add(GroupMember(group_id=group.id, member_id=stand.actors["auditor"].id))
        return group.id


def rule(stand: Stand, **said: Any) -> UUID:
    """A rule, by the door, as its form makes it."""
    with stand.work():
        made = door.perform_one("notifications.rule", "create", None, {
            "name": "Incidents", "event": "hse.incident.created", "in_bell": True, **said}).record_id
        assert made is not None
        return made


def report(stand: Stand, role: str = "owner", **said: Any) -> UUID:
    """Report an incident; the rules are then heard."""
    with stand.work():
        site = stand.site(f"Site {said.get('title', '')}")
        site_id = site.id
    with stand.work(role):
        made = door.perform_one("hse.incident", "create", None, {
            "title": "Fell from ladder 7", "kind": "near_miss", "site": str(site_id), "occurred_at": "2026-01-05T08:00",
            "actual_severity": "4", "potential_severity": "5", "narrative": "It slipped.", **said}).record_id
    outbox.drain(stand.organisation.id)
    assert made is not None
    return made


def template(stand: Stand, **said: Any) -> UUID:
    """A template of the organisation, by the door."""
    with stand.work():
        made = door.perform_one("mail.template", "create", None, {**WORDS, **said}).record_id
        assert made is not None
        return made


def bell(stand: Stand) -> list[tuple[UUID, str, str]]:
    with stand.work() as work:
        return list(work.execute(select(Notification.member_id, Notification.title, Notification.text).where(
            Notification.kind.startswith("rule:")).order_by(Notification.id)).tuples())


def mailed(stand: Stand) -> list[str]:
    with stand.work() as work:
        return list(work.scalars(select(MailMessage.to_address).order_by(MailMessage.id)))


@pytest.mark.requirement("OF-089")
def test_creating_an_incident_mails_the_group_of_the_rule_only(stand: Stand, group_id: UUID) -> None:
    rule(stand, whom=str(group_id), in_bell=False, by_mail=True)
    report(stand)
    assert mailed(stand) == ["auditor@stand.example"]
    assert bell(stand) == []


@pytest.mark.requirement("OF-087")
def test_the_real_name_and_severity_stand_where_the_template_has_variables(stand: Stand, group_id: UUID) -> None:
    template(stand)
    rule(stand, whom=str(group_id))
    report(stand)
    ((who, title, text),) = bell(stand)
    assert who == stand.actors["auditor"].id
    assert title == "Auditor Prüfer, 4 · Major: Fell from ladder 7"
    assert text == "Dear Auditor Prüfer,\n\nOwner Prüfer reports an incident of severity 4 · Major."


@pytest.mark.requirement("OF-078")
def test_the_mail_is_html_with_the_edited_wording(stand: Stand, group_id: UUID, server: Server) -> None:
    made = template(stand)
    rule(stand, whom=str(group_id), by_mail=True)
    report(stand)
    with stand.work() as work:
        wording = work.get_one(Wording, (stand.organisation.id, made))
        door.perform_one("mail.template", "edit", wording.reference, {**WORDS, "body": "Look at <{{ incident.title }}> & mend it.",
                                                                      "version": wording.version})
    report(stand, title="Oil on the stairs")
    outbox.drain(stand.organisation.id)
    first, second = (each.get_body(("html",)) for each in server.taken)
    assert "reports an incident of severity 4 · Major" in first.get_content()  # type: ignore[union-attr]
    assert "Look at &lt;Oil on the stairs&gt; &amp; mend it." in second.get_content()  # type: ignore[union-attr]
    assert ">Open it</a>" in second.get_content()  # type: ignore[union-attr]
    assert str(server.taken[1]["Subject"]) == "Auditor Prüfer, 4 · Major: Oil on the stairs"


def test_a_template_is_for_its_language_and_values_are_in_the_readers(stand: Stand, group_id: UUID) -> None:
    template(stand, language="de", subject="{{ incident.kind }}: {{ incident.title }}")
    template(stand, subject="English: {{ incident.title }}")
    with stand.work() as work:
        work.get_one(Member, (stand.organisation.id, stand.actors["auditor"].id)).language = "de"
    rule(stand, whom=str(group_id))
    report(stand)
    assert [title for _who, title, _text in bell(stand)] == ["Beinaheunfall: Fell from ladder 7"]


def test_without_a_template_it_says_what_happened_and_to_what(stand: Stand, group_id: UUID) -> None:
    rule(stand, whom=str(group_id))
    report(stand)
    assert [title for _who, title, _text in bell(stand)] == ["Incident: creation: Fell from ladder 7"]


def test_it_is_told_once_and_not_to_whoever_did_it(stand: Stand, group_id: UUID) -> None:
    with stand.work() as work:
        work.add(GroupMember(group_id=group_id, member_id=stand.actors["owner"].id))
    rule(stand, whom=str(group_id))
    report(stand)
    outbox.drain(stand.organisation.id)
    assert [who for who, _title, _text in bell(stand)] == [stand.actors["auditor"].id]


def test_only_what_the_condition_says(stand: Stand, group_id: UUID) -> None:
    rule(stand, whom=str(group_id), condition="actual_severity = 4")
    report(stand, title="Grave")
    report(stand, title="Slight", actual_severity="1")
    assert [title.rpartition(": ")[2] for _who, title, _text in bell(stand)] == ["Grave"]


def test_a_reader_who_may_not_see_the_record_is_not_told(stand: Stand, group_id: UUID) -> None:
    with stand.work() as work:
        work.add(GroupMember(group_id=group_id, member_id=people.enrol("Guest", "guest@stand.example", "client").id))
    rule(stand, whom=str(group_id), by_mail=True)
    report(stand)
    assert [who for who, _title, _text in bell(stand)] == [stand.actors["auditor"].id]
    assert mailed(stand) == ["auditor@stand.example"]


@pytest.mark.parametrize(("said", "field"), [
    ({"event": "hse.incident.danced"}, "event"), ({"whom": ""}, "whom"), ({"in_bell": False}, "in_bell"), ({"by_sms": True}, "by_sms"),
    ({"condition": "colour = blue"}, "condition")])
def test_a_rule_that_can_tell_nobody_is_refused_where_it_is_wrong(stand: Stand, group_id: UUID, said: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rule(stand, **{"whom": str(group_id), **said})
    assert field in refused.value.errors


def test_nobody_makes_a_rule_about_what_they_may_not_see(stand: Stand, group_id: UUID) -> None:
    with stand.work("member"), pytest.raises(Forbidden):
        rules.before_save(rules.Rule(name="x", event="mail.provider.created", whom_id=group_id, in_bell=True))


def test_a_rule_that_is_out_of_use_or_put_away_tells_nobody(stand: Stand, group_id: UUID) -> None:
    rule(stand, whom=str(group_id), active=False)
    gone = rule(stand, whom=str(group_id))
    with stand.work() as work:
        door.perform_one("notifications.rule", "archive", work.get_one(rules.Rule, (stand.organisation.id, gone)).reference, {})
    report(stand)
    assert bell(stand) == []


def test_what_a_rule_would_have_told_is_shown_and_nothing_is_sent(stand: Stand, group_id: UUID) -> None:
    report(stand, title="Fell before the rule")
    report(stand, title="Harmless", actual_severity="1")
    made = rule(stand, whom=str(group_id), condition="actual_severity = 4", by_mail=True, by_push=True)
    with stand.work() as work:
        found = foretelling.foretold(work.get_one(rules.Rule, (stand.organisation.id, made)))
    assert [each.matches for each in found] == [False, True]
    (reader,) = found[1].readers
    assert (reader.name, reader.why_not) == (stand.actors["auditor"].name, ())
    assert list(reader.ways) == ["In the bell", "By mail", "On their devices"]
    assert "Fell before the rule" in reader.title
    assert (bell(stand), mailed(stand)) == ([], [])
    with stand.work() as work:
        auditor = work.get_one(Member, (stand.organisation.id, stand.actors["auditor"].id))
        auditor.preferences = {**auditor.preferences, wishes.MAIL: "off", quiet.FROM: "00:00", quiet.TO: "23:59"}
        work.flush()
        reader = foretelling.foretold(work.get_one(rules.Rule, (stand.organisation.id, made)))[1].readers[0]
        assert reader.why_not == ("By mail: switched off.",)
        assert reader.later
        auditor.preferences = {**auditor.preferences, wishes.OFF: ["business:bell"]}
        work.flush()
        reader = foretelling.foretold(work.get_one(rules.Rule, (stand.organisation.id, made)))[1].readers[0]
        assert (reader.ways, reader.why_not) == ((), ("Wants no such notices.",))
