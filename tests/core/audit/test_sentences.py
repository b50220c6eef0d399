"""The trail speaks in sentences, in every language, and calls nothing by its technical name."""

from __future__ import annotations

import re

import pytest
from babel.support import NullTranslations
from flask import Flask
from flask_babel import Domain, force_locale

from app.core import audit
from app.core.audit.feeds import is_audited, plan_of
from app.core.audit.history import Filters, listed
from app.core.audit.words import GENERIC, labels_of, sentence
from app.kernel.db import Base
from app.kernel.door import perform_one
from app.kernel.fields import fields_of
from app.kernel.registry import load, registry
from tests.core.stand import Stand

LANGUAGES = ("en", "fr", "es", "pt", "de", "it")
CREATED = {
    "en": "owner created SITE-", "fr": "owner a créé SITE-", "es": "owner ha creado SITE-", "pt": "owner criou SITE-",
    "de": "owner hat SITE-2026-00001 angelegt", "it": "owner ha creato SITE-",
}
for package in ("app.core", "app.modules"):
    load(package)
AUDITED = sorted((m.class_ for m in Base.registry.mappers if is_audited(m.class_)), key=lambda model: model.__name__)


def _said(stand: Stand, language: str = "en") -> list[str]:
    """The sentences of the trail, newest first."""
    with stand.work("auditor"), force_locale(language):
        return [entry.said for entry in listed(Filters()).entries]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_record_is_told_in_a_sentence(app: Flask, stand: Stand, language: str) -> None:
    with stand.work():
        site = stand.site("Nordsee Alpha")
        name = stand.actors["owner"].name
        expected = re.sub(r"SITE-(2026-00001)?", lambda found: site.reference if found[1] else "SITE-", CREATED[language])
    (told, *_earlier) = _said(stand, language)
    assert expected.replace("owner", name) in told


def test_what_a_service_did_is_told_too(app: Flask, stand: Stand) -> None:
    with stand.work():
        audit.note("auth.token.made", resource="auth.token")
        audit.note("procurement.payment.export", resource="procurement.payment")
        audit.note("hse.incident.close", resource="hse.incident", record_reference="INC-2026-00001")
        name = stand.actors["owner"].name
    assert _said(stand)[:3] == [
        f"{name} closed INC-2026-00001", f"{name} exported the list “Payments”", f"{name} made a token"]


def test_an_action_without_a_sentence_still_makes_one(app: Flask, stand: Stand) -> None:
    with stand.work():
        audit.note("hse.incident.probe", resource="hse.incident", record_reference="INC-2026-00001")
        name = stand.actors["owner"].name
    assert _said(stand)[0] == f"{name} did “hse.incident.probe” with INC-2026-00001"


def test_a_setting_is_called_by_its_label(app: Flask, stand: Stand) -> None:
    from app.core import settings

    with stand.work():
        settings.set("procurement.first_limit", "6000")
        name = stand.actors["owner"].name
    assert f"{name} created an entry “Setting: First limit”" in _said(stand)


@pytest.mark.parametrize("model", AUDITED, ids=lambda model: model.__name__)
def test_each_audited_table_and_column_has_a_name_for_people(app: Flask, model: type) -> None:
    assert registry.of_model(model) or getattr(model, "__label__", ""), "give it __label__"
    shown = {name for _attribute, name, _personal in plan_of(model)} - {"archived_at"}
    assert shown - fields_of(model).keys() - labels_of(model).keys() == set(), 'info={"label": _l("…")}'


class Marked(NullTranslations):
    """A language in which everything is in brackets."""

    def gettext(self, message: str) -> str:  # type: ignore[override]
        return f"⟦{message}⟧"

    ugettext = gettext


def test_every_sentence_is_translated_and_names_who(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for module in registry.modules.values() for name in module.says]
    names += [f"{resource.key}.{action.name}" for resource in registry for action in resource.actions]
    names += [f"hse.incident.{verb}" for verb in GENERIC]
    monkeypatch.setattr(Domain, "get_translations", lambda _self: Marked())
    with app.test_request_context("/"):
        for name in names:
            said = sentence(name)
            assert said.startswith("⟦"), name
            assert "%(name)s" in said or "%(record)s" in said, name


def test_every_declared_action_has_its_own_sentence(app: Flask) -> None:
    assert [f"{resource.key}.{action.name}" for resource in registry for action in resource.actions if not action.said] == []




@pytest.mark.parametrize(("language", "said"), [("en", "Kind = office and it is your own"), ("de", "Art = office und es Ihres ist")])
def test_the_rule_of_a_permission_is_told_in_words(app: Flask, stand: Stand, language: str, said: str) -> None:
    with stand.work():
        lines = [{"pattern": "organisation.site.edit", "scope": "company", "condition": "kind = office and own"}]
        perform_one("access.role", "create", data={"label": "Office keeper", "lines": lines})
    with stand.work("auditor"), force_locale(language):
        found = [change.after for entry in listed(Filters()).entries for change in entry.changes if change.after]
    assert said in found
    assert not [each for each in found if each.startswith(('["', "{"))], "no machine's words"
