"""An organisation's own words: checked when saved, put together in the sandbox, in the reader's language; a mail is never lost by them."""

from __future__ import annotations

import html
from typing import Any

import pytest
from flask import Flask

from app.core import mail, templating
from app.core.mail import trying, wordings
from app.core.mail.models import Wording
from app.core.people import Member
from app.kernel.errors import Invalid, Unavailable
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from tests.core.audit.house import signed_in
from tests.core.mail.test_mail import ADVICE, Server, drain, send
from tests.core.mail.test_mail import server as server  # noqa: PLC0414 -- a fixture
from tests.core.mail.test_mail import stand as stand  # noqa: PLC0414 -- a fixture
from tests.core.stand import Stand

NOTICE = {"notice": {"title": "Ladder <7>", "text": "By Friday.", "path": "/stand/x"}}


def make(stand: Stand, **said: Any) -> str:
    """A template as its form saves it; gives its reference."""
    values = {"kind": "notification", "language": "en", "active": True, "button": "Look", "subject": "{{company.name}}: {{notice.title}}",
              "body": "Dear {{ user.name }},\n\n{{notice.title}}.\n{% if notice.text %}{{ notice.text }}{% endif %}", **said}
    with stand.work() as work:
        wording = Wording(**values)
        wordings.before_save(wording)
        assign([wording])
        refresh_keys(wording)
        work.add(wording)
        work.flush()
        return wording.reference


def words(server: Server, kind: str) -> str:
    """The last mail in one of its forms."""
    return str(server.taken[-1].get_body((kind,)).get_content())  # type: ignore[union-attr]


@pytest.mark.requirement("OF-188")
def test_the_readers_and_the_companys_names_are_put_in(stand: Stand, server: Server) -> None:
    make(stand)
    notice = {"notice": {**NOTICE["notice"], "path": f"/{stand.organisation.slug}/x"}}
    send(stand, stand.actors["member"].id, "notification", context=notice, optional="notifications")
    drain(stand)
    assert str(server.taken[-1]["Subject"]) == "Stand: Ladder <7>"
    plain, drawn = words(server, "plain"), words(server, "html")
    assert "Dear Member Prüfer,\n\nLadder <7>.\nBy Friday." in plain.replace("\r", "")
    assert "Dear Member Prüfer," in html.unescape(drawn)
    assert "Ladder &lt;7&gt;." in drawn, "what is put in is words, never HTML"
    assert ">Look</a>" in drawn
    assert "/mail/open/" in plain
    assert "List-Unsubscribe" in server.taken[-1], "the frame of the mail stays ours"


def test_it_is_for_its_language_and_only_while_it_is_in_use(stand: Stand, server: Server) -> None:
    make(stand, language="fr", subject="Bonjour {{ user.name }}", active=True)
    make(stand, subject="Not in use", active=False)
    make(stand, language="fr", subject="Salut {{ user.name }}")
    send(stand, stand.actors["member"].id, "notification", context=NOTICE)
    with stand.work() as work:
        work.get_one(Member, (stand.organisation.id, stand.actors["member"].id)).language = "fr"
    send(stand, stand.actors["member"].id, "notification", context=NOTICE)
    drain(stand)
    assert [str(each["Subject"]) for each in server.taken] == ["Ladder <7>", "Salut Member Prüfer"], "the newest of several"


def test_somebody_outside_has_their_address_for_a_name(stand: Stand, server: Server) -> None:
    make(stand, kind="remittance", subject="{{ advice.reference }} for {{ user.name }}", body="{{ advice.amount }}", button="")
    send(stand)
    drain(stand)
    assert str(server.taken[-1]["Subject"]) == f"{ADVICE['advice']['reference']} for acorn@suppliers.example"


@pytest.mark.parametrize(("part", "source", "words"), [
    ("subject", "{{ user.nam }}", "nam"), ("body", "{% for x in %}", "cannot be read"), ("body", "{{ advice.amount }}", "advice"),
    ("button", "{{ ''.__class__ }}", "__class__")])
def test_a_template_that_cannot_be_written_is_refused_where_it_is_wrong(stand: Stand, part: str, source: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        make(stand, **{part: source})
    assert words in " ".join(refused.value.errors[part])


def test_a_template_that_fails_later_loses_no_mail(stand: Stand, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    make(stand)

    def busy(*_said: Any) -> None:
        raise Unavailable("busy")

    monkeypatch.setattr(templating, "render", busy)
    send(stand, stand.actors["member"].id, "notification", context=NOTICE)
    drain(stand)
    assert str(server.taken[-1]["Subject"]) == "Ladder <7>"


def test_its_author_gets_a_test_and_sees_a_preview(stand: Stand, server: Server, app: Flask) -> None:
    reference = make(stand, active=False)
    with stand.work() as work:
        trying.send_test(work.query(Wording).one())
    drain(stand)
    assert (str(server.taken[-1]["To"]), str(server.taken[-1]["Subject"])) == ("owner@stand.example", "Stand: Ladder 7 is yours to mend")
    root = f"/{stand.organisation.slug}/mail/templates/{reference}/"
    owner = signed_in(app, stand, "owner")
    assert f"{root}preview" in owner.get(root).text
    page = owner.get(f"{root}preview").text
    assert "Dear Ada Lovelace," in page
    assert "Ladder 7 is yours to mend" in page
    assert signed_in(app, stand, "member").get(f"{root}preview").status_code == 403
    assert owner.get(root.replace(reference, "MTP-0-9") + "preview").status_code == 404


def test_another_organisation_has_its_own(stand: Stand, server: Server) -> None:
    make(stand)
    other = Stand("other")
    with other.work():
        mail.send(other.actors["member"].id, "notification", NOTICE)
    drain(other)
    assert str(server.taken[-1]["Subject"]) == "Ladder <7>"
