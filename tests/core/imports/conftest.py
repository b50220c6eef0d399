"""Where imports are tried: an organisation with people, whose jobs run here and now."""

from __future__ import annotations

import gzip
import re
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import auth, people
from app.core.imports import ImportRun
from app.kernel import jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import as_identity, unit_of_work
from tests.core.stand import Stand

SAMPLES = Path(__file__).parents[3] / "app" / "modules" / "procurement" / "samples"
FIRST = "/procurement/payments/import"


def sample(name: str) -> bytes:
    """One of the real payment files."""
    return gzip.decompress((SAMPLES / name).read_bytes())


class Wizard:
    """Walks through the import pages as a browser without JavaScript does; jobs run as soon as they are asked for."""

    def __init__(self, app: Flask, stand: Stand, role: str = "owner") -> None:
        self.stand, self.role, self.app = stand, role, app
        self.client: FlaskClient = app.test_client()
        identity = stand.actors[role].identity_id
        with stand.work(role), as_identity(identity):
            secret = auth.open_session(identity)
        self.client.set_cookie(app.extensions["settings"].cookie("session"), secret, domain="localhost")
        self.base = f"/{stand.organisation.slug}"

    def get(self, path: str, **options: Any) -> Any:
        """A page of the organisation."""
        return self.client.get(path if path.startswith(self.base) else f"{self.base}{path}", **options)

    def post(self, path: str, data: dict[str, Any], page: str = "") -> Any:
        """Send a form, with the token of the page that it stands on."""
        shown = self.get(page or path)
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
        assert token, shown.text[:500]
        target = path if path.startswith(self.base) else f"{self.base}{path}"
        return self.client.post(
            target,
            data={"csrf_token": token[1], **data},
            content_type="multipart/form-data",
            headers={"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        )

    def upload(self, content: bytes, filename: str = "file.csv", resource: str = "/procurement/payments", **more: str) -> Any:
        """The first step."""
        return self.post(f"{resource}/import", {"file": (BytesIO(content), filename), **more})

    def check(self, content: bytes, filename: str = "file.csv", resource: str = "/procurement/payments", **fields: Any) -> str:
        """Upload, take the guessed mapping (with changes), and run the check; gives the address of the run."""
        answer = self.upload(content, filename, resource)
        assert answer.status_code == 303, answer.text
        url = answer.headers["Location"]
        shown = self.get(url)
        assert shown.status_code == 200, shown.text
        chosen = dict(re.findall(r'name="(column-\d+)".*?<option value="([^"]*)" selected>', shown.text))
        missing = re.findall(r'name="create_missing" value="(\w+)" checked', shown.text)
        answer = self.post(f"{url}map", {**chosen, "create_missing": missing, **fields}, url)
        assert answer.status_code == 303, answer.text
        self.work()
        return url

    def run(self, content: bytes, filename: str = "file.csv", resource: str = "/procurement/payments", **fields: Any) -> str:
        """Check and import; gives the address of the run."""
        url = self.check(content, filename, resource, **fields)
        answer = self.post(f"{url}apply", {}, url)
        assert answer.status_code == 303, answer.text
        self.work()
        return url

    def work(self) -> None:
        """Run the jobs that wait."""
        with acting(self.stand.organisation, SYSTEM), unit_of_work() as work:
            waiting = [job.id for job in work.query(jobs.Job).filter_by(state=jobs.WAITING).order_by(jobs.Job.id)]
        for job_id in waiting:
            jobs.run(job_id, self.stand.organisation.id)

    def found(self, url: str) -> ImportRun:
        """The run at that address, detached."""
        with self.stand.work() as work:
            run: ImportRun = work.query(ImportRun).filter_by(reference=url.rstrip("/").rpartition("/")[2]).one()
            work.refresh(run)
            work.expunge(run)
        return run

    def failed(self) -> list[str]:
        """Why jobs failed."""
        with self.stand.work() as work:
            return [job.error for job in work.query(jobs.Job) if job.error]


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation with enough people to agree to a payment."""
    made = Stand("imports")
    with acting(made.organisation, SYSTEM), unit_of_work():
        for number in range(3):
            people.enrol(f"Second {number}", f"second{number}@imports.example", "owner")
            people.enrol(f"Finance {number}", f"finance{number}@imports.example", "finance_approver")
    return made


@pytest.fixture
def wizard(app: Flask, stand: Stand) -> Wizard:
    """The pages, as the owner sees them."""
    return Wizard(app, stand)


def records(stand: Stand, model: Any) -> list[Any]:
    """All records of a model, detached."""
    with stand.work() as work:
        found = list(work.query(model).order_by(model.id))
        work.expunge_all()
    return found


__all__ = ["UUID", "Wizard", "records", "sample"]
