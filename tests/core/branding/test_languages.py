"""The languages that an organisation chose: those of its pages, its mails and its members."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.core import mail, organisations, people
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Invalid
from tests.core.branding.test_branding import browser, save
from tests.core.visitors import enrol, found


@pytest.fixture
def blue(app: Flask) -> Organisation:
    """An organisation with an owner and a member."""
    blue = found("blue")
    enrol(blue, "olga@blue.example", "owner")
    enrol(blue, "mia@blue.example")
    return blue


def test_only_the_languages_of_the_organisation_are_chosen_offered_and_written(blue: Organisation, app: Flask) -> None:
    """Where a language is offered no more, its readers get the organisation's own, and keep what they chose."""
    olga, mia = browser(app, "olga@blue.example"), browser(app, "mia@blue.example")
    with acting(blue, SYSTEM), unit_of_work() as work:
        reader = work.query(people.Member).filter_by(email="mia@blue.example").one()
        reader.language = people.Language.DE
    assert save(olga, languages=["fr", "es"], language="fr").status_code == 303
    page = mia.get("/blue/settings/").text
    assert '<html lang="fr"' in page
    offered = re.findall(r'<option value="(en|fr|es|pt|de|it)"', page[page.index('name="language"'):])
    assert {"fr", "es", "de"} == set(offered), "those of the organisation, and the one that mia has"
    assert set(re.findall(r'name="language" value="(\w\w)"', olga.get("/blue/settings/").text)) <= {"fr", "es"}
    form = {"timezone": "Europe/Paris", "digest_hour": "7"}
    assert olga.send("/blue/settings/", language="it", **form).status_code == 422
    assert olga.send("/blue/settings/", language="es", **form).status_code == 303
    assert mia.send("/blue/settings/", language="de", **form).status_code == 303
    with acting(organisations.load_organisation(blue.id), SYSTEM), unit_of_work() as work:
        reader = work.query(people.Member).filter_by(email="mia@blue.example").one()
        mail.send(reader, "notification", {"notice": {"title": "x", "text": "", "path": "/"}})
        work.flush()
        assert work.query(mail.MailMessage).filter_by(to_address="mia@blue.example").one().language == "fr"
        with pytest.raises(Invalid):
            perform_one("people.member", "create", None, {
                "name": "Ivo", "email": "ivo@blue.example", "role": str(reader.role_id), "kind": "own", "language": "it"})
