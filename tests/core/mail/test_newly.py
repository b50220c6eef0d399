"""What is new in an answer, as the usual mail programs write answers."""

from __future__ import annotations

import time
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from app.core.mail.newly import enclosed_names, new_text

OURS = "— ↑ Write above this line to comment ↑ —"


@pytest.mark.parametrize("text", [
    f"Yes, please.\n\nOn Tue, 1 Jun 2027 at 10:00, House <replies+x@house.example> wrote:\n> {OURS}\n> Hello",
    f"Yes, please.\n\nOn Tue, 1 Jun 2027 at 10:00, House\n<replies+x@house.example> wrote:\n\n> {OURS}\n> Hello",
    f"On Tue, 1 Jun 2027 at 10:00, House wrote:\n> Hello\n> there\n\nYes, please.\n\n-- \nM. Anager\n{OURS}",
    "Yes, please.\n\nLe mar. 1 juin 2027 à 10:00, House <x@house.example> a écrit :\n> Bonjour",
    "Yes, please.\n\nAm 01.06.2027 um 10:00 schrieb House <x@house.example>:\nHallo",
    "Yes, please.\n\nEl mar, 1 jun 2027 a las 10:00, House (<x@house.example>) escribió:\n\n> Hola",
    "Yes, please.\n\nEm ter., 1 de jun. de 2027 às 10:00, House <x@house.example> escreveu:\n> Oi",
    "Yes, please.\n\nIl giorno mar 1 giu 2027 alle ore 10:00 House <x@house.example> ha scritto:\n> Ciao",
    "Yes, please.\r\n\r\n-----Original Message-----\r\nFrom: House\r\n",
    "Yes, please.\n\n________________________________\nFrom: House <x@house.example>\nSent: Tuesday\n",
    "Yes, please.\n\nVon: House <x@house.example>\nGesendet: Dienstag\nAn: M\n",
    f"Yes, please.\n\n{OURS}\nHello",
    "Yes, please.\n\nSent from my iPhone\n\nHello", "Yes, please.\n\nVon meinem iPhone gesendet", "Yes, please.\n--\nM. Anager"])
def test_only_what_is_new_is_left(text: str) -> None:
    assert new_text(plain(text)) == "Yes, please."


def test_what_only_looks_like_a_quotation_stays() -> None:
    said = "On Monday I wrote to them: no answer.\nFrom: the depot\n-- two --\nLe pont est fermé."
    assert new_text(plain(said)) == said


def test_an_answer_in_html_alone() -> None:
    made = EmailMessage()
    made.set_content(
        "<html><head><style>p {color: red}</style></head><body><p>Yes,<br>please &amp; thanks.</p><p>Now</p>"
        "<div class='gmail_quote'><div>On Tue House wrote:</div><blockquote><p>Hello</p></blockquote></div>"
        "<div>Soon.</div><div id='divRplyFwdMsg'>From: House</div><p>Hello</p></body></html>", subtype="html")
    assert new_text(made) == "Yes,\nplease & thanks.\n\nNow\n\nSoon."


def test_letters_that_nobody_knows_do_not_stop_it() -> None:
    made = plain("Yes")
    made.replace_header("Content-Type", 'text/plain; charset="x-unheard-of"')
    assert new_text(made) == "Yes"
    assert new_text(EmailMessage()) == ""


def test_files_are_named_and_pictures_in_the_text_are_none() -> None:
    made = plain("Yes")
    made.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")
    made.add_attachment(b"x", maintype="image", subtype="png", filename="logo.png", disposition="inline")
    assert enclosed_names(made) == ["a.pdf"]


@pytest.mark.parametrize(("kind", "body"), [
    ("plain", "Yes\nAm 1. Mai schrieb" + " " * 1_000_000 + "x\n"),
    ("plain", "Yes\n" + ("Am 1." + " schrieb" * 30 + " " * 300 + "x\n") * 1_000),
    ("plain", "Yes\n" + "On 1 abcd wrote:\n>\n" * 100_000),
    ("html", "<p>Yes</p>" + "<blockquote>" + "<b>" * 100_000 + "</i>" * 100_000),
    ("html", "<p>Yes</p>" + "<!--" * 100_000),
    ("html", "<p>Yes</p>" + "<a " * 100_000)])
def test_what_is_made_to_take_long_does_not(kind: str, body: str) -> None:
    made = message_from_bytes(f"Content-Type: text/{kind}; charset=utf-8\n\n{body}".encode(), policy=policy.default)
    begun = time.process_time()
    assert new_text(made).startswith("Yes")  # type: ignore[arg-type]
    assert time.process_time() - begun < 5


def test_a_way_of_writing_that_is_no_ones_mail_is_not_spelled_out() -> None:
    body = b"x" * 500_000 + b"-" + b"a" * 500_000
    made = message_from_bytes(b"Content-Type: text/plain; charset=Punycode\n\n" + body, policy=policy.default)
    begun = time.process_time()
    assert new_text(made).startswith("xxx")  # type: ignore[arg-type]
    assert time.process_time() - begun < 5


def test_names_of_files_are_without_what_no_one_can_see() -> None:
    made = message_from_bytes(b"Content-Disposition: attachment; filename*=utf-8''a%00%1Bb.pdf\n\nx", policy=policy.default)
    assert enclosed_names(made) == ["a\ufffd\ufffdb.pdf"]  # type: ignore[arg-type]


def plain(text: str) -> EmailMessage:
    made = EmailMessage()
    made.set_content(text)
    return made
