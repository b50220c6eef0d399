"""Autonomy: GREEN acts by itself, ORANGE is checked, RED waits for a person by whichever door; both texts stay."""

from __future__ import annotations

import hashlib
import io
import time
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.core import approvals, autonomy
from app.core.approvals import State
from app.core.autonomy import Status, evidence, kinds, levels, proposing, triage
from app.core.mail import MailMessage
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.kinds import show_moment
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House
from tests.core.autonomy.trying import LAW, MADE, asked, letter, now, propose, request_of

KEY = proposing.RESOURCE
OTHER = "The decision is void: it states no reasons, and came too late."


def use(house: House, proposal_id: UUID, by: str = "owner") -> None:
    house.do(by, KEY, "use", [proposal_id])


def mails(house: House) -> list[tuple[str, str, str]]:
    with house.as_("owner") as work:
        sent = work.scalars(select(MailMessage).where(MailMessage.template == "letter"))
        return [(each.to_address, each.subject, each.text) for each in sent]


@pytest.mark.requirement("LG-155")
def test_a_mail_that_arrives_is_classified_and_read_without_anybody(app: Flask, house: House) -> None:
    browser = Browser(app, house, "clerk")
    page = browser.post("/autonomy/mail", file=(io.BytesIO(letter().as_bytes()), "overdue.eml"))  # type: ignore[arg-type]
    assert page.status_code == 303, page.text[:2000]
    with house.as_("owner") as work:
        found = {each.kind: each for each in work.scalars(select(autonomy.Proposal))}
        assert {each: found[each].status for each in ("email_triage", "metadata_extraction")} == {
            "email_triage": Status.AUTO_APPROVED, "metadata_extraction": Status.AUTO_APPROVED}
        assert "Invoice" in found["email_triage"].text
        data = found["metadata_extraction"].inputs["data"]
        for kind in ("email_triage", "metadata_extraction"):
            assert found[kind].decided_by_id is None
            assert not approvals.of_record(autonomy.proposing.registry.resource(KEY), found[kind].id)
    assert (data["sender"], data["subject"]) == ("ana@supplier.example", "Invoice 4711 is overdue")
    assert data["sent_at"] == "2026-03-02T09:30:00+01:00"
    assert (data["references"], data["amounts"], data["dates"]) == (["REQ-2026-00012"], ["1,200.50 EUR"], ["2026-03-31"])
    assert browser.post("/autonomy/mail", file=(io.BytesIO(b"no mail"), "x.eml")).status_code == 422  # type: ignore[arg-type]


def test_a_mail_is_read_outside_of_a_request_too_and_its_file_is_the_source(app: Flask, house: House) -> None:
    message = letter("Deed", "Please find attached the deed.")
    with house.as_("clerk") as work:
        read = autonomy.arrived(message, message.as_bytes(), "deed.eml")
        work.flush()
        assert [each.kind for each in read.made] == ["email_triage", "metadata_extraction", "document_request"]
        assert "none came with it" in read.made[-1].text
        source = read.made[0].sources[0]
    page = Browser(app, house, "clerk").client.get(source["url"])
    assert (page.status_code, hashlib.sha256(page.data).hexdigest()) == (200, source["hash"])


@pytest.mark.parametrize(("subject", "words", "category"), [
    ("Rechnung 12", "Anbei die Rechnung.", "invoice"), ("Réclamation", "C'est inacceptable.", "complaint"),
    ("Hello", "See you soon.", "other"), ("Termin", "Passt ein Termin am Montag?", "appointment")])
def test_rules_say_what_a_mail_is(app: Flask, subject: str, words: str, category: str) -> None:
    assert autonomy.classify(letter(subject, words)).category == category


@pytest.mark.requirement("LG-156")
def test_a_draft_may_leave_unchecked_only_where_the_organisation_allows_it_and_shows_that(app: Flask, house: House) -> None:
    browser, made = Browser(app, house, "owner"), propose(house, "document_request", "Please send us the deed.", inputs={
        "sender": "ana@supplier.example", "subject": "Deed"})
    address = f"/autonomy/proposals/{now(house, made).reference}/"
    assert "A check is recommended" in browser.get(address).text
    with pytest.raises(Conflict):
        use(house, made)
    assert mails(house) == []
    with house.as_("owner"):
        levels.put("document_request", "ORANGE", unvalidated=True)
    use(house, made)
    assert [(to, subject) for to, subject, _text in mails(house)] == [("ana@supplier.example", "Re: Deed")]
    page = browser.get(address).text
    assert "Used without a decision" in page
    assert "Nobody had approved it when it was used." in page
    assert now(house, made).status == Status.PENDING
    with pytest.raises(Conflict):
        use(house, made)
    house.decide(asked(house, made), "director")  # it is still looked at afterwards
    house.later(3600)
    assert now(house, made).status == Status.APPROVED
    assert now(house, made).unvalidated


def test_nothing_red_is_used_by_any_door_before_somebody_approved_it(app: Flask, house: House) -> None:
    made, browser = propose(house, "appeal_drafting"), Browser(app, house, "owner")
    address = f"/autonomy/proposals/{now(house, made).reference}/"
    with house.as_("owner"), pytest.raises(Invalid):
        levels.put("appeal_drafting", "ORANGE", unvalidated=True)
    for attempt in (lambda: use(house, made), lambda: direct(house, made, proposing.use), lambda: direct(house, made, autonomy.final_text),
                    lambda: direct(house, made, proposing.accept)):
        with pytest.raises(Conflict):
            attempt()
    assert browser.post(f"{address}use").status_code == 409
    assert browser.get(f"{address}final.pdf").status_code == 409
    with pytest.raises(IntegrityError), house.as_("owner") as work:
        work.execute(text("UPDATE ai_proposal SET used_at = now(), unvalidated = true WHERE id = :id"), {"id": made})
    house.red(asked(house, made), "owner")
    house.later(3600)
    use(house, made)
    assert now(house, made).used_by_id == house.ids["owner"]
    final = browser.get(f"{address}final.pdf")
    assert (final.status_code, final.mimetype, final.data[:5]) == (200, "application/pdf", b"%PDF-")


def direct(house: House, made: UUID, call: Any) -> None:
    with house.as_("owner") as work:
        call(work.get_one(autonomy.Proposal, (house.organisation.id, made)))


@pytest.mark.requirement("LG-158")
def test_a_level_is_made_stricter_never_looser_and_what_is_unknown_is_red(app: Flask, house: House) -> None:
    browser = Browser(app, house, "owner")
    refused = browser.post("/autonomy/levels/appeal_drafting", level="GREEN")
    assert refused.status_code == 422
    assert "it can be made stricter, never looser" in refused.text
    assert browser.post("/autonomy/levels/email_triage", level="RED").status_code == 303
    with house.as_("owner"):
        assert levels.level_of("email_triage") == "RED"
        assert autonomy.level_of("appeal_drafting") == "RED"
    assert now(house, propose(house, "email_triage")).status == Status.PENDING
    assert browser.post("/autonomy/levels/email_triage", level="GREEN").status_code == 303  # back to what is declared
    assert now(house, propose(house, "email_triage")).status == Status.AUTO_APPROVED
    made = propose(house, "dream_reading")
    assert (now(house, made).level, now(house, made).status) == ("RED", Status.PENDING)
    page = browser.get("/autonomy/levels").text
    assert "dream_reading" in page
    assert "No module declares it, so it is RED." in page
    with house.as_("owner"), pytest.raises(Invalid):
        levels.put("dream_reading", "GREEN", unvalidated=False)


def test_each_change_of_a_level_is_in_the_trail(house: House) -> None:
    with house.as_("owner") as work:
        row = levels.put("classification", "ORANGE", unvalidated=False)
        levels.put("classification", "RED", unvalidated=False)
        work.flush()
        said = approvals_trail(row.id)
    assert said == ["autonomy.level.create", "autonomy.level.edit"]


def approvals_trail(record_id: UUID) -> list[str]:
    return list(session().scalars(text("SELECT action FROM audit_entry WHERE organisation_id = :here AND record_id = :id ORDER BY at, id"),
                                  {"here": current.organisation.id, "id": record_id}))


@pytest.mark.requirement("LG-159")
@pytest.mark.parametrize(("kind", "who"), [("standard_reply", "director"), ("legal_advice", "owner")])
def test_what_is_orange_or_red_waits_in_the_inbox(app: Flask, house: House, kind: str, who: str) -> None:
    made = propose(house, kind)
    assert now(house, made).status == Status.PENDING
    assert who in house.waits_for(asked(house, made))
    reference = house.request(asked(house, made)).record_reference
    assert reference in Browser(app, house, who).get("/inbox/").text + Browser(app, house, who).get("/inbox/?tab=groups").text


@pytest.mark.requirement("LG-160")
def test_approved_says_by_whom_and_when(app: Flask, house: House) -> None:
    made = propose(house, "standard_reply")
    house.decide(asked(house, made), "director")
    house.later(3600)
    found = now(house, made)
    assert (found.status, found.text, found.decided_by_id) == (Status.APPROVED, MADE, house.ids["director"])
    page = Browser(app, house, "owner").get(f"/autonomy/proposals/{found.reference}/").text
    assert "Director" in page
    with house.as_("owner"):
        assert found.decided_at is not None
        assert show_moment(found.decided_at) in page


@pytest.mark.requirement("LG-161")
def test_rejected_cannot_be_used(app: Flask, house: House) -> None:
    made = propose(house, "standard_reply", inputs={"sender": "ana@supplier.example"})
    with house.as_("owner"):
        levels.put("standard_reply", "ORANGE", unvalidated=True)
    with pytest.raises(Invalid):
        house.decide(asked(house, made), "director", "reject")
    house.decide(asked(house, made), "director", "reject", reason="It promises too much.")
    with pytest.raises(Conflict, match="rejected"):  # before anything was delivered
        use(house, made)
    house.later(3600)
    found = now(house, made)
    assert (found.status, found.remark) == (Status.REJECTED, "It promises too much.")
    with pytest.raises(Conflict, match="rejected"):
        use(house, made)
    browser = Browser(app, house, "owner")
    assert "It promises too much." in browser.get(f"/autonomy/proposals/{found.reference}/").text
    assert browser.post(f"/autonomy/proposals/{found.reference}/use").status_code == 409
    assert browser.get(f"/autonomy/proposals/{found.reference}/final.pdf").status_code == 409
    assert mails(house) == []


@pytest.mark.requirement("LG-162")
def test_changed_and_approved_keeps_both_texts_and_shows_the_difference(app: Flask, house: House) -> None:
    made, browser = propose(house, "standard_reply"), Browser(app, house, "director")
    reference = house.request(asked(house, made)).reference
    shown = house.request(asked(house, made)).snapshot_hash
    assert MADE in browser.get(f"/inbox/{reference}/decide?verb=modify").text
    done = browser.send(reference, {**browser.form(reference, "modify"), "decision": "approve", "change-text": OTHER})
    assert done.status_code == 303, done.text[:3000]
    assert house.request(asked(house, made)).snapshot_hash != shown
    assert house.request(asked(house, made)).state == State.HELD
    house.later(3600)
    found = now(house, made)
    assert (found.status, found.produced, found.text) == (Status.MODIFIED_APPROVED, MADE, OTHER)
    assert found.decided_by_id == house.ids["director"]
    page = browser.get(f"/autonomy/proposals/{found.reference}/").text
    assert "<ins>" in page
    assert "and came too late" in page
    assert MADE in page
    assert OTHER in browser.get(f"/inbox/{reference}/").text
    sheet = browser.get(f"/inbox/{reference}/sheet.pdf")
    assert (sheet.status_code, sheet.data[:5]) == (200, b"%PDF-")


def test_a_change_is_taken_back_with_its_approval(house: House) -> None:
    made = propose(house, "standard_reply")
    before = house.request(asked(house, made)).snapshot_hash
    house.decide(asked(house, made), "director", changes={"text": OTHER})
    assert now(house, made).text == OTHER
    house.decide(asked(house, made), "director", "undo")
    assert (now(house, made).text, house.request(asked(house, made)).snapshot_hash) == (MADE, before)
    house.decide(asked(house, made), "director", changes={"text": MADE})  # no change is none
    house.later(3600)
    assert now(house, made).status == Status.APPROVED


def test_what_knows_no_changes_is_approved_as_it_is(house: House) -> None:
    request = house.waiting()
    with pytest.raises(Invalid):
        house.decide(request, house.waits_for(request)[0], changes={"amount": "1"})


def test_who_asked_neither_decides_nor_changes_while_deciding(house: House) -> None:
    made = propose(house, "standard_reply", by="director")
    with pytest.raises(Forbidden):
        house.decide(asked(house, made), "director", changes={"text": OTHER})


@pytest.mark.requirement("LG-163")
def test_only_green_is_ever_accepted_automatically(house: House) -> None:
    kinds_by_level = {"GREEN": "classification", "ORANGE": "standard_reply", "RED": "legal_advice"}
    by_level = {level: propose(house, kind) for level, kind in kinds_by_level.items()}
    assert {level: now(house, each).status for level, each in by_level.items()} == {
        "GREEN": Status.AUTO_APPROVED, "ORANGE": Status.PENDING, "RED": Status.PENDING}
    assert request_of(house, by_level["GREEN"]) is None
    house.decide(asked(house, by_level["ORANGE"]), "director")
    house.red(asked(house, by_level["RED"]), "owner")
    house.later(3600)
    assert {now(house, by_level[each]).status for each in ("ORANGE", "RED")} == {Status.APPROVED}
    for level in ("ORANGE", "RED"):
        with pytest.raises(IntegrityError, match="automatic"), house.as_("owner") as work:
            work.execute(text("UPDATE ai_proposal SET status = 'AUTO_APPROVED' WHERE id = :id"), {"id": by_level[level]})


def test_the_evidence_stands_in_the_panel_and_is_sealed(app: Flask, house: House) -> None:
    made = propose(house, "legal_advice", cost="0.5")
    found, reference = now(house, made), house.request(asked(house, made)).reference
    panel = Browser(app, house, "owner").get(f"/inbox/{reference}/peek").text
    for said in (LAW.label, LAW.url, LAW.hash, "80%", "Local", "small-1", "M-12", found.evidence_hash):
        assert said in panel
    with house.as_("owner"), pytest.raises(Invalid):
        autonomy.propose("legal_advice", "A", "B", sources=[LAW.__class__("No hash", "", "")])


def test_a_machine_hands_in_what_it_made(app: Flask, house: House) -> None:
    with house.as_("director"):
        token = api_token()
    client = app.test_client()
    given = {"kind": "dream_reading", "title": "A dream", "text": "Water.", "confidence": 0.4, "sources": [
        {"label": "Note", "url": "https://notes.example/1", "hash": "b" * 64}]}
    address = f"/api/v1/{house.organisation.slug}/autonomy/propose"
    sent = client.post(address, json=given, headers={"Authorization": f"Bearer {token}"})
    assert sent.status_code == 201, sent.text
    assert sent.json
    assert (sent.json["level"], sent.json["status"]) == ("RED", "PENDING")
    bad = [{**given, "sources": [{"label": "x", "url": "javascript:alert(1)", "hash": "b" * 64}]}, {**given, "confidence": 3},
           {**given, "sources": "x"}, {**given, "text": ""}, {**given, "cost": True}]
    assert [client.post(address, json=each, headers={"Authorization": f"Bearer {token}"}).status_code for each in bad] == [422] * 5


def api_token() -> str:
    from app.core.auth import tokens

    return tokens.make_token("Machine", ["autonomy.proposal.*"])[1]


def test_the_effects_of_runs_are_kinds_too(house: House) -> None:
    with house.as_("owner"):
        effects = [key for key in kinds.known() if kinds.known()[key].help and key.count(".") > 1]
        for key in effects:
            assert levels.in_force(key).is_known


def test_revising_by_hand_asks_anew(house: House) -> None:
    made = propose(house, "standard_reply")
    with house.as_("manager"):
        perform_one(KEY, "revise", made, {"text": OTHER})
    request = house.request(asked(house, made))
    assert request.round == 2
    assert str(house.ids["manager"]) in request.makers


def test_the_difference_is_told_in_runs_that_can_be_read() -> None:
    assert evidence.words("We will look at it.", "We will pay on time.") == [
        ("", "We will "), ("-", "look at it"), ("+", "pay on time"), ("", ".")]
    assert evidence.words("The same.", "The same.") == []
    for before, after in (("a b c", "a c"), ("", "new words"), ("x y\nz", "x\nz z")):
        pieces = evidence.words(before, after)
        assert "".join(piece for sign, piece in pieces if sign != "+") == before
        assert "".join(piece for sign, piece in pieces if sign != "-") == after


@pytest.mark.parametrize(("before", "after"), [
    ("a\n" * 9_999, "b\n" + "a\n" * 9_998), ("b\n" + "a\n" * 9_990 + "c", "c\n" + "a\n" * 9_990 + "d"),
    ("x" + ",." * 9_900 + "y", "z" + ".,;" * 6_600 + "w"), ("x\n" + ",\n.\n" * 4_900 + "y", "z\n" + ".\n,\n;\n" * 3_200 + "w")])
def test_the_difference_of_long_texts_is_told_soon(before: str, after: str) -> None:
    began = time.process_time()
    pieces = evidence.words(before, after)
    assert time.process_time() - began < 3
    assert "".join(piece for sign, piece in pieces if sign != "+") == before
    assert "".join(piece for sign, piece in pieces if sign != "-") == after


@pytest.mark.parametrize("text", ["1,2," * 12_500, "$1,2," * 10_000, "1 " * 25_000, "1" * 50_000, "€1" + ",." * 24_990])
def test_amounts_are_looked_for_in_a_moment(app: Flask, text: str) -> None:
    message = letter("Long", text)
    began = time.process_time()
    triage.extract(message)
    assert time.process_time() - began < 1


def test_amounts_are_found_beside_their_sign(app: Flask) -> None:
    message = letter("Bill", "Pay 1,200.50 EUR, 30 € or €45.90. Not A12 EUR, nor " + "7" * 30 + " EUR.")
    assert triage.extract(message).amounts == ("1,200.50 EUR", "30 €", "€45.90")


def test_handing_in_again_with_the_same_key_makes_no_second_one(app: Flask, house: House) -> None:
    with house.as_("director"):
        token = api_token()
    client, address = app.test_client(), f"/api/v1/{house.organisation.slug}/autonomy/propose"
    given = {"kind": "dream_reading", "title": "A dream", "text": "Water."}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}
    first, again = (client.post(address, json=given, headers=headers) for _time in range(2))
    assert (first.status_code, again.status_code, again.headers.get("Idempotency-Replayed")) == (201, 201, "true")
    assert again.json == first.json
    assert client.post(address, json={**given, "text": "Fire."}, headers=headers).status_code == 422
    with house.as_("owner") as work:
        assert len(work.scalars(select(autonomy.Proposal.id)).all()) == 1


@pytest.mark.parametrize("sent", [r'{"kind": "a", "title": "b", "text": "\ud800"}', r'{"kind": "a", "title": "b", "text": "\u0000"}',
                                  r'{"kind": "a", "title": "b", "text": "c", "inputs": {"d": "\u0000"}}', "[]", "{", ""])
def test_what_cannot_be_kept_is_refused(app: Flask, house: House, sent: str) -> None:
    with house.as_("director"):
        token = api_token()
    answer = app.test_client().post(f"/api/v1/{house.organisation.slug}/autonomy/propose", data=sent, headers={
        "Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
