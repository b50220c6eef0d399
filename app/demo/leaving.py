"""What leaves: the list as CSV, XLSX, JSON and PDF, and the sheet of one decision, fetched as the clerk does."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path

from app.demo.browser import Browser, Page, RefusedError

LIST = "/northgate/procurement/payments/"
PATIENCE = 120.0
DOWNLOAD = re.compile(r'href="(/northgate/files/[^"]+)"')


def write_files(clerk: Browser, folder: Path) -> list[Path]:
    """Export the payments in every form, the PDF of the large ones only, and one decision sheet."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"payments.csv": "export?format=csv", "payments.xlsx": "export?format=xlsx", "payments.json": "export?format=json",
              "payments-over-50000.pdf": "export?format=pdf&amount__gt=50000"}
    written = [_keep(folder / name, _fetched(clerk, f"{LIST}{query}")) for name, query in wanted.items()]
    return [*written, _keep(folder / "decision.pdf", _sheet(clerk))]


def _fetched(clerk: Browser, path: str) -> Page:
    """The file at an address; where a job writes it, wait for its result."""
    page = clerk.get(path)
    deadline = time.monotonic() + PATIENCE
    while page.kind == "text/html":
        if page.status != 200 or time.monotonic() > deadline:
            raise RefusedError(f"{path} gave no file: {page.status} {page.url}")
        found = DOWNLOAD.search(page.text)
        if found:
            return clerk.get(html.unescape(found[1]))
        time.sleep(0.5)
        page = clerk.get(page.url)
    if page.status != 200:
        raise RefusedError(f"{path} answered {page.status}")
    return page


def _sheet(clerk: Browser) -> Page:
    """The decision sheet of the first request that the clerk still follows."""
    said = clerk.get("/api/v1/northgate/approvals/?tab=requested&limit=1").json()
    return _fetched(clerk, f"/northgate/inbox/{said['results'][0]['reference']}/sheet.pdf")


def _keep(path: Path, page: Page) -> Path:
    path.write_bytes(page.body)
    return path
