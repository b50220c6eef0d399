"""The same variables everywhere: in a mail, in a notification, and in a document."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.templating import variables
from app.kernel.current import acting
from tests.core.documents.papers import said, word
from tests.core.documents.test_pages import fetched, template
from tests.core.imports.conftest import Wizard
from tests.core.mail.test_mail import Server, drain
from tests.core.mail.test_mail import server as server  # noqa: PLC0414 -- a fixture
from tests.core.notifications.test_rules import bell, group_id, report, rule, stand  # noqa: F401 -- fixtures among them
from tests.core.notifications.test_rules import template as wording
from tests.core.stand import Stand

THREE = "{{user.name}} {{user.email}} {{user.company.name}}"


@pytest.mark.requirement("OF-375", "OF-376", "OF-379")
def test_the_three_of_a_user_are_real_in_a_mail_a_notification_and_a_document(
    app: Flask, stand: Stand, group_id: object, server: Server,  # noqa: F811 -- fixtures
) -> None:
    words = "{{ today }} {{ app.version }} {% if user.is_admin %}Admin{% else %}no{% endif %} {{ incident.severity }} {{ incident.site }}"
    wording(stand, subject=THREE, body=words)
    rule(stand, whom=str(group_id), by_mail=True)
    record = report(stand)
    ((_who, title, text),) = bell(stand)
    assert title == "Auditor Prüfer auditor@stand.example Stand"
    with acting(stand.organisation, stand.actors["auditor"]), app.test_request_context():
        known = variables.standard(stand.actors["auditor"])
    assert text == f"{known['today']} {known['app']['version']} no 4 · Major Site"
    drain(stand)
    assert str(server.taken[-1]["Subject"]) == title
    assert text in str(server.taken[-1].get_body(("plain",)).get_content())  # type: ignore[union-attr]
    wizard = Wizard(app, stand)
    made = template(wizard, word(THREE, words))
    listed = wizard.get("/hse/incidents/").text
    reference = next(part.split("/")[0] for part in listed.split("/hse/incidents/") if part.startswith("INC-"))
    assert record is not None
    found = said(fetched(wizard, f"/hse/incidents/{reference}/documents?template={made}"))
    assert [each.strip() for each in found] == ["Owner Prüfer owner@stand.example Stand", text.replace(" no ", " Admin ")]
