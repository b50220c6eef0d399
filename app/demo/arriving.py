"""The file comes in: uploaded, mapped, checked and applied in the wizard, as the clerk does it."""

from __future__ import annotations

import gzip
import html
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select

from app.core import imports
from app.core.imports import ImportRun, Mapping
from app.demo.browser import Browser, Page, RefusedError
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.kernel.kinds import major_units
from app.kernel.registry import registry
from app.modules.procurement import samples
from app.modules.procurement.models import Payment

JUNE, USUAL = "leeds-2020-06.csv.gz", "Council spending, 2020 layout"
WIZARD = "/northgate/procurement/payments/import"
PATIENCE, LOOK = 240.0, 1.0
NOTHING_READY = "No row is ready"


@dataclass(frozen=True)
class Arrived:
    """What came in: the run that is its change set, with counts, the exact sum, and the columns that were left out."""

    run_id: UUID
    rows: int
    created: int
    refused: int
    refusals: list[dict[str, Any]]
    amount_sum: str
    requests: int
    left_out: list[str]


def bring_in(clerk: Browser, path: str, mapping: str, say: Callable[[str], object]) -> Arrived:
    """Import a file (that of June 2020 when none is named) with a saved mapping, one from a file, or what the wizard proposes."""
    name, content = _file(path)
    page = clerk.get(WIZARD)
    form = page.form("/import")
    chosen = _mapping(form.options.get("mapping", []), mapping or ("" if path else USUAL))
    mapped = clerk.post(form.action, form.with_(mapping=chosen), ("file", name, content))
    _expect(mapped, "/map")
    left_out = _left_out(mapped)
    say("the file is up and its columns are mapped")
    form = mapped.form("/map")
    run_page = urlsplit(clerk.post(form.action, form.fields).url).path
    checked = _until(clerk, run_page, lambda page: page.has_form("/apply") or NOTHING_READY in page.text)
    if not checked.has_form("/apply"):
        raise Conflict("No row of the file can come in: they were all refused, or are there already (`flask demo reset` makes room).")
    say("every row is checked")
    form = checked.form("/apply")
    clerk.post(form.action, form.fields)
    _until(clerk, run_page, lambda page: 'aria-busy="false"' in page.text or "aria-busy" not in page.text)
    return _arrived(run_page.rstrip("/").rpartition("/")[2], left_out)


def _file(path: str) -> tuple[str, bytes]:
    if not path:
        return JUNE.removesuffix(".gz"), samples.payments(JUNE)
    content = Path(path).read_bytes()
    return Path(path).name.removesuffix(".gz"), gzip.decompress(content) if path.endswith(".gz") else content


def _mapping(offered: list[tuple[str, str]], wanted: str) -> str:
    """The value to choose in the upload form: a saved mapping's, or none, for the wizard's own proposal."""
    if wanted in ("", "guess"):
        return ""
    if Path(wanted).is_file():
        saved = json.loads(Path(wanted).read_text())
        with unit_of_work():
            resource = registry.resource("procurement.payment")
            return str(imports.save_mapping(resource, f"{Path(wanted).stem} (main job)", Mapping.from_json(saved.get("mapping", saved))).id)
    for value, text in offered:
        if wanted in (value, text):
            return value
    raise Invalid({"mapping": [f"There is no saved mapping “{wanted}”; there are: {', '.join(text for value, text in offered if value)}."]})


def _left_out(page: Page) -> list[str]:
    form = page.form("/map")
    chosen = dict(form.fields)
    headers = _headers(page)
    return [header for place, header in headers if not chosen.get(f"column-{place}")]


def _headers(page: Page) -> list[tuple[str, str]]:
    rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th>.*?name="column-(\w+)"', page.text, re.DOTALL)
    return [(place, html.unescape(header.strip())) for header, place in rows]


def _until(browser: Browser, path: str, is_there: Callable[[Page], bool]) -> Page:
    deadline = time.monotonic() + PATIENCE
    while True:
        page = browser.get(path)
        if page.status != 200:
            raise RefusedError(f"{path} answered {page.status}")
        if is_there(page):
            return page
        if time.monotonic() > deadline:
            raise RefusedError(f"{path} did not get there within {PATIENCE:.0f} s")
        time.sleep(LOOK)


def _expect(page: Page, form: str) -> None:
    if not page.has_form(form):
        raise RefusedError(f"The upload was not taken: {page.status} {page.url}")


def _arrived(reference: str, left_out: list[str]) -> Arrived:
    with unit_of_work():
        run = session().scalars(select(ImportRun).where(ImportRun.reference == reference)).one()
        if run.problem:
            raise Conflict(run.problem)
        sums = session().execute(select(Payment.currency, func.sum(Payment.amount)).where(Payment.change_set_id == run.id)
                                 .group_by(Payment.currency)).all()
        total = sum((major_units(int(minor), code) for code, minor in sums), start=major_units(0, "GBP"))
        refusals = [{"row": row.number, "errors": [{"column": column, "value": value, "reason": str(reason)}
                                                   for column, value, reason in row.errors]} for row in imports.refused(run)]
        return Arrived(run.id, run.row_count, run.created_count, run.refused_count, refusals, str(total), run.request_count, left_out)
