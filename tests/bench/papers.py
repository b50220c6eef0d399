"""Reports on paper and mails: a report of more than fifty pages with a chart, and how many mails are written in a second."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from typing import Any

from pypdf import PdfReader
from sqlalchemy import select

from app.core import people
from app.core.mail import rendering
from app.core.mail.models import Wording
from app.core.mail.queue import Reader
from app.core.people import Member
from app.demo.scale import SCALE
from app.kernel.current import Actor, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from app.modules.procurement.models import Payment
from app.modules.reports import reading, writing
from app.modules.reports.layout import understood
from app.modules.reports.models import Form
from tests.bench.figures import Row
from tests.bench.house import House
from tests.bench.pages import OWNER

LETTERS, PAGES, PRINTED = 400, 50, 5_000
LAID_OUT = {"resource": "procurement.payment", "columns": "transaction_number, paid_on, supplier, category, purpose, amount",
            "sort": "paid_on", "grouped_by": "category", "totals": "amount:sum", "chart": "bar"}
OWN_WORDS = {"kind": "notification", "language": "en", "active": True, "subject": "{{company.name}}: {{notice.title}}", "button": "Look",
             "body": "Dear {{ user.name }},\n\n{{notice.title}}.\n{% if notice.text %}{{ notice.text }}{% endif %}"}


def rows(house: House, runs: int) -> list[Row]:
    """A report of fifty pages, one at the limit of what is printed, and mails with the product's words and with one's own."""
    with house.database.app.app_context():
        place = house.organisation(SCALE.slug)
        with acting(place), unit_of_work():
            owner = people.load_actor(place, session().scalars(select(Member.id).where(Member.email == OWNER)).one())
        assert owner is not None
        fifty, most = [_report(place, owner, PAGES * 40) for _ in range(runs)], [_report(place, owner, PRINTED) for _ in range(runs)]
        assert min(pages for _seconds, pages in fifty) >= PAGES, fifty
        plain = [_letters(place) for _ in range(runs)]
        _own_words(place)
        own = [_letters(place) for _ in range(runs)]
    return [Row("PDF report of 50 pages with charts", "< 20 s", "< 5 s", [seconds for seconds, _pages in fifty], "s", limit=20,
                details=[f"{fifty[0][1]} pages of {PAGES * 40:,} rows, with groups, totals and a chart"]),
            Row(f"PDF report of {PRINTED:,} rows", "< 30 s", "", [seconds for seconds, _pages in most], "s", limit=30,
                details=[f"{most[0][1]} pages"]),
            Row("one mail written, the product's words", "< 5 ms", "", plain, limit=5),
            Row("one mail written, the organisation's own words", "< 5 ms", "", own, limit=5)]


def _report(place: Organisation, owner: Actor, count: int) -> tuple[float, int]:
    """Seconds from the question to the whole file, and its pages."""
    with acting(place, owner, channel="page"), unit_of_work():
        since = session().scalars(select(Payment.paid_on).order_by(Payment.paid_on.desc(), Payment.id).offset(count - 1).limit(1)).one()
        begun, stream = time.perf_counter(), io.BytesIO()
        layout = understood("Payments", {**LAID_OUT, "filters": f"paid_on__gte={since}"})
        figures = reading.figures_of(layout, shown=True)
        writing.write(layout, figures, Form.PDF, stream, "/reports/", "RUN-1")
        taken = time.perf_counter() - begun
    return taken, len(PdfReader(stream).pages)


def _letters(place: Organisation) -> float:
    """Milliseconds for one notice by mail, of so many to different people: words put together, laid out, as text and as HTML."""
    with acting(place), unit_of_work():
        members: Sequence[Any] = session().scalars(select(Member).where(Member.email.is_not(None)).limit(LETTERS)).all()
        readers = [Reader(member.email, "en", "UTC", member.name, member.id) for member in members]
        begun = time.perf_counter()
        for number in range(LETTERS):
            notice = {"notice": {"title": f"Payment {number} waits", "text": "Due on Friday.", "path": f"/{place.slug}/inbox/"}}
            written = rendering.write("notification", notice, readers[number % len(readers)], optional="notifications")
            assert written is not None
            assert f"Payment {number} waits" in written.html
        taken = time.perf_counter() - begun
    return taken / LETTERS * 1000


def _own_words(place: Organisation) -> None:
    with acting(place), unit_of_work():
        wording = Wording(**OWN_WORDS)
        assign([wording])
        refresh_keys(wording)
        session().add(wording)
