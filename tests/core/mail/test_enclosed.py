"""Attachments: ten megabytes go along, more does not, or as a link for who can open it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from flask import Flask

from app.core import files, mail
from app.core.files import StoredFile
from app.core.mail import enclosing
from app.core.mail.models import Speech, State
from app.kernel.errors import TooLarge
from tests.core.mail.test_mail import ADVICE, Server, drain, mail_of, send
from tests.core.mail.test_mail import server as server  # noqa: PLC0414 -- a fixture
from tests.core.mail.test_mail import stand as stand  # noqa: PLC0414 -- a fixture
from tests.core.mail.test_ways import Interface, provide
from tests.core.mail.test_ways import interface as interface  # noqa: PLC0414 -- a fixture
from tests.core.stand import Stand

MEGABYTE = 1024 * 1024


def kept(stand: Stand, name: str, size: int) -> StoredFile:
    """A file of that size, in the piece of work at hand."""
    return files.store(b"%PDF-1.7\n" + b"x" * (size - 9), name)


def attached(message: Any) -> list[tuple[str, str]]:
    """Name and hash of what came along."""
    return [(part.get_filename(), hashlib.sha256(part.get_payload(decode=True)).hexdigest()) for part in message.iter_attachments()]


@pytest.mark.requirement("OF-189")
def test_ten_megabytes_arrive_and_eleven_are_refused_with_the_limit(stand: Stand, server: Server) -> None:
    with stand.work() as work:
        plan = kept(stand, "plan.pdf", 10 * MEGABYTE)
        digest = plan.sha256
        made = mail.send("acorn@suppliers.example", "remittance", ADVICE, enclosed=[plan])
        work.flush()
        mail_id = made.id
    drain(stand)
    assert mail_of(stand, mail_id).state == State.SENT
    assert attached(server.taken[0]) == [("plan.pdf", digest)]
    with stand.work(), pytest.raises(TooLarge, match="10 MB"):
        mail.send("acorn@suppliers.example", "remittance", ADVICE, enclosed=[kept(stand, "big.pdf", 11 * MEGABYTE)])


def test_it_is_the_sum_that_counts_and_a_member_gets_a_link_to_the_rest(
        stand: Stand, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enclosing, "LARGEST", 10_000)
    with stand.work():
        given = [kept(stand, f"{size}.pdf", size * 1000) for size in (6, 5, 4)]
        mail.send(stand.actors["member"].id, "notification", {"notice": {"title": "Plans", "text": "", "path": "/x"}}, enclosed=given)
    drain(stand)
    (caught,) = server.taken
    assert [name for name, _digest in attached(caught)] == ["6.pdf", "4.pdf"]
    for kind in ("plain", "html"):
        words = caught.get_body((kind,)).get_content()  # type: ignore[union-attr]
        assert "5.pdf" in words
        assert "/mail/open/" in words
        assert "6.pdf" not in words


def test_they_go_along_to_an_interface(stand: Stand, interface: Interface, app: Flask) -> None:
    import json

    provide(stand, Speech.SENDGRID, interface.url)
    with stand.work():
        mail.send("acorn@suppliers.example", "remittance", ADVICE, enclosed=[kept(stand, "plan.pdf", 1000)])
    drain(stand)
    said = json.loads(interface.asked[0][2])
    assert [(each["filename"], each["type"], each["disposition"]) for each in said["attachments"]] == [
        ("plan.pdf", "application/pdf", "attachment")]


def test_a_file_that_is_gone_fails_the_mail_and_nothing_else(stand: Stand, server: Server) -> None:
    with stand.work() as work:
        file = kept(stand, "plan.pdf", 1000)
        made = mail.send("acorn@suppliers.example", "remittance", ADVICE, enclosed=[file])
        work.flush()
        mail_id = made.id
        work.delete(file)
    other = send(stand)
    drain(stand)
    assert (mail_of(stand, mail_id).state, mail_of(stand, other).state) == (State.FAILED, State.SENT)
    assert "no longer there" in mail_of(stand, mail_id).last_error
