"""Each thing that is watched for is told once, to those who answer for it, with a link to its evidence, and proven to have arrived."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import alerts, audit, auth, people
from app.core.access import role_named
from app.core.alerts import watching
from app.core.alerts.models import Alert, Kind
from app.core.alerts.raising import note_deliveries
from app.core.mail import MailMessage, State
from app.core.notifications import Notification
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from tests.core.audit.house import signed_in
from tests.core.stand import Stand
from tests.infra.databases import Database


def _watch(stand: Stand) -> int:
    with acting(stand.organisation, SYSTEM, channel="schedule"), unit_of_work():
        return alerts.watch()


def _alerts(stand: Stand) -> list[dict[str, Any]]:
    with stand.work() as work:
        return [{"kind": each.kind, "evidence": each.evidence, "subject": each.subject, "times": each.times, "told": each.told,
                 "reference": each.reference} for each in work.scalars(select(Alert).order_by(Alert.id))]


def _wrong_sign_in(stand: Stand, email: str, source: str) -> None:
    with acting(None, None), unit_of_work():
        audit.note("auth.sign_in", result="refused", platform=True, ip=source,
                   context={"account": auth.account_mark(email), "source": source})


@pytest.mark.requirement("OF-232")
@pytest.mark.requirement("PK-050")
def test_ten_refused_sign_ins_from_one_source_over_several_accounts_are_told_once(app: Flask, stand: Stand) -> None:
    for number in range(9):
        _wrong_sign_in(stand, f"nobody{number}@else.example", "203.0.113.9")
    assert _watch(stand) == 0
    _wrong_sign_in(stand, stand.actors["owner"].email, "203.0.113.9")
    assert _watch(stand) == 1
    assert _watch(stand) == 0
    (alert,) = _alerts(stand)
    assert (alert["kind"], alert["subject"], alert["times"], alert["told"]) == (Kind.SIGN_INS, "203.0.113.9", 10, 1)


def test_sign_ins_at_other_peoples_organisations_are_not_ours(app: Flask, stand: Stand) -> None:
    for number in range(12):
        _wrong_sign_in(stand, f"nobody{number}@else.example", "203.0.113.10")
    assert _watch(stand) == 0


@pytest.mark.requirement("PK-050")
def test_mass_refusals_are_told_with_their_evidence(own: tuple[Database, Stand]) -> None:
    database, stand = own
    client, page = signed_in(database.app, stand, "member"), f"/{stand.organisation.slug}/audit/"
    for _again in range(20):
        assert client.get(page).status_code == 403
    assert _watch(stand) == 1
    assert _watch(stand) == 0
    (alert,) = _alerts(stand)
    assert alert["kind"] == Kind.REFUSALS
    asked = parse_qs(urlsplit(alert["evidence"]).query)
    assert asked == {"person": [str(stand.actors["member"].id)], "result": ["refused"]}
    evidence = signed_in(database.app, stand, "auditor").get(f"/{stand.organisation.slug}/{alert['evidence']}")
    assert evidence.text.count("access.permission.refuse") >= 20


@pytest.mark.requirement("PK-050")
def test_a_member_made_an_admin_is_told_to_the_owners(app: Flask, stand: Stand) -> None:
    with stand.work() as work:
        work.get_one(people.Member, (stand.organisation.id, stand.actors["member"].id)).role_id = role_named("admin").id
    assert _watch(stand) == 1
    assert _watch(stand) == 0
    (alert,) = _alerts(stand)
    assert alert["kind"] == Kind.ESCALATION
    assert parse_qs(urlsplit(alert["evidence"]).query) == {"record_id": [str(stand.actors["member"].id)]}
    assert stand.actors["member"].name in _evidence(app, stand, alert)


def _evidence(app: Flask, stand: Stand, alert: dict[str, Any]) -> str:
    """The page to which the page of an alert leads."""
    reader, root = signed_in(app, stand, "owner"), f"/{stand.organisation.slug}/"
    page = unescape(reader.get(f"{root}alerts/alerts/{alert['reference']}/").text)
    assert f'href="{root}{alert["evidence"]}"' in page
    shown = reader.get(root + alert["evidence"])
    assert shown.status_code == 200
    return str(shown.text)


@pytest.mark.requirement("PK-050")
@pytest.mark.parametrize(("moment", "times"), [(datetime(2026, 3, 10, 2, tzinfo=UTC), 1), (datetime(2026, 3, 10, 10, tzinfo=UTC), 0)])
def test_taking_a_place_at_night_is_told_once_and_by_day_not_at_all(app: Flask, stand: Stand, moment: datetime, times: int) -> None:
    with clock.at(moment):
        with stand.work("owner"):
            audit.note("impersonation.impersonation.begin", context={"reason": "Looks for the night's list"})
        assert [_watch(stand), _watch(stand)] == [times, 0]
    told = _alerts(stand)
    assert [alert["kind"] for alert in told] == [Kind.ODD_HOURS] * times
    for alert in told:
        assert "impersonation.impersonation.begin" in _evidence(app, stand, alert)


def _single(stand: Stand) -> None:
    given = {"member": str(stand.actors["member"].id), "pattern": "*.*.*", "scope": "company"}
    perform_one("access.single_permission", "create", data=given)


def _group(stand: Stand) -> None:
    group = perform_one("people.group", "create", data={"name": "Crew"}).record.id
    perform_one("people.group_role", "create", data={"group": str(group), "role": str(role_named("admin").id)})


def _parent(stand: Stand) -> None:
    perform_one("access.role", "create", data={"label": "Deputy", "parent": str(role_named("admin").id)})


def _service(stand: Stand) -> None:
    auth.make_service_token("Ledger", role_named("admin").id, stand.actors["member"].id)


@pytest.mark.parametrize("give", [_single, _group, _parent, _service])
def test_everything_given_by_any_other_way_is_told_too(app: Flask, stand: Stand, give: Callable[[Stand], None]) -> None:
    with stand.work():
        give(stand)
    assert _watch(stand) == 1
    assert _alerts(stand)[0]["kind"] == Kind.ESCALATION


@pytest.mark.parametrize(("moment", "odd"), [
    (datetime(2026, 3, 10, 2, tzinfo=UTC), True), (datetime(2026, 3, 10, 10, tzinfo=UTC), False),
    (datetime(2026, 3, 8, 10, tzinfo=UTC), True)])
def test_what_hours_are_odd(moment: datetime, odd: bool) -> None:
    assert watching.is_odd(moment) is odd


def test_a_trail_that_is_not_sealed_is_told(stand: Stand) -> None:
    with clock.at(clock.now() - timedelta(minutes=5)), stand.work():
        audit.note("probe.waits")
    assert _watch(stand) == 1
    assert _alerts(stand)[0]["kind"] == Kind.SINK


def test_a_broken_chain_is_told_once(own: tuple[Database, Stand]) -> None:
    database, stand = own
    audit.seal(stand.organisation.id)
    with database.tampering() as connection:
        connection.execute("UPDATE audit_entry SET result = 'failed' WHERE organisation_id = %s", (stand.organisation.id,))
    for _night in range(2):
        with acting(stand.organisation, SYSTEM, channel="schedule"):
            assert watching.chain()["problem"]
    (alert,) = _alerts(stand)
    assert alert["kind"] == Kind.CHAIN
    assert "was changed" in alert["subject"]


@pytest.mark.requirement("PK-052")
def test_an_alert_reaches_bell_and_mailbox_and_is_recorded_as_delivered(app: Flask, stand: Stand) -> None:
    with stand.work() as work:
        work.get_one(people.Member, (stand.organisation.id, stand.actors["owner"].id)).preferences = {"mail_notifications": "off"}
    with acting(stand.organisation, SYSTEM), unit_of_work():
        alert = alerts.raise_alert(Kind.TRIAL, "trial:1")
        assert alert is not None
        assert alerts.raise_alert(Kind.TRIAL, "trial:1") is None
        reference = alert.reference
    with stand.work() as work:
        (notice,) = work.scalars(select(Notification).where(Notification.kind == "security.alert"))
        assert notice.path.endswith(f"/alerts/alerts/{reference}/")
        (sent,) = work.scalars(select(MailMessage).where(MailMessage.key == f"notice:{notice.id}"))
        assert sent.to_address == stand.actors["owner"].email
        assert note_deliveries() == 0
        sent.state, sent.sent_at = State.SENT, clock.now()
        work.flush()
        assert note_deliveries() == 1
        assert work.scalars(select(Alert.delivered_at)).one() is not None
