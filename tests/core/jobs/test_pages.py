"""The pages of jobs: one's own, and everybody's for those who may."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from app.core.jobs import shown_job
from app.core.jobs.showing import facts, shown_jobs
from app.kernel import jobs
from tests.core.stand import Stand


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


def work_hard() -> dict[str, int]:
    """A job that is soon done."""
    jobs.current_job().advance(5, "half way", total=10)
    jobs.current_job().advance(5, "done")
    return {"rows": 10}


def ask(stand: Stand) -> UUID:
    with stand.work("member"):
        return jobs.enqueue(work_hard, title="Work hard").id


def test_progress_is_shown(app: Flask, stand: Stand) -> None:
    job_id = ask(stand)
    with stand.work("member"), app.test_request_context():
        waiting = shown_job(jobs.find(job_id))  # type: ignore[arg-type]
        assert (waiting["state"], waiting["over"], waiting["cancel_url"]) == ("Waiting", False, waiting["url"] + "cancel")
    jobs.run(job_id, stand.organisation.id)
    with stand.work("member"), app.test_request_context():
        job = jobs.find(job_id)
        assert job is not None
        done = shown_job(job)
        assert (done["state"], done["percent"], done["message"], done["cancel_url"]) == ("Done", 100, "done", "")
        assert shown_jobs([job])[0]["who"] == "Member Prüfer"
        assert ("Attempts", "1") in facts(job)


def test_who_may_not_stop_it_sees_no_button(app: Flask, stand: Stand) -> None:
    job_id = ask(stand)
    with stand.work("auditor"), app.test_request_context():
        assert shown_job(jobs.find(job_id), mine=False)["cancel_url"] == ""  # type: ignore[arg-type]
