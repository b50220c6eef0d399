"""Tags on any record: put on and taken off through the door, found again, told to nobody who does not see the record, kept in order."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.core import tags
from app.core.audit.history import history
from app.core.tags import Tag
from app.core.views import SavedView
from app.kernel.db import session
from app.kernel.door import perform, perform_one
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.registry import registry
from tests.core.imports.conftest import Wizard
from tests.core.stand import Stand

SITES = "/organisation/sites/"
SITE = "organisation.site"


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation with three sites."""
    made = Stand("tags")
    with made.work():
        for name in ("Harbour", "Quay", "Yard"):
            made.site(name)
    return made


def site(name: str) -> Any:
    """The site of that name."""
    model: Any = registry.resource(SITE).model
    return session().query(model).filter_by(name=name).one()


def put(stand: Stand, name: str, *add: str, by: str = "owner", **said: Any) -> int:
    """Tag a site; gives its version."""
    with stand.work(by):
        return int(perform_one(SITE, "tag", site(name), {"add": list(add), **said}).record.version)


def worn(stand: Stand, name: str) -> list[str]:
    """The tags that a site wears."""
    with stand.work():
        found = site(name)
        return [tag.title for tag in tags.of_many([found]).get(found.id, [])]


def test_a_tag_is_put_on_and_taken_off_and_both_stand_in_the_trail(app: Flask, stand: Stand) -> None:
    before = put(stand, "Harbour", " Wet   dock, Leased")
    assert worn(stand, "Harbour") == ["Leased", "Wet dock"]
    put(stand, "Harbour", remove=["wet DOCK"])
    assert worn(stand, "Harbour") == ["Leased"]
    with stand.work():
        found = site("Harbour")
        assert found.version > before
        told = [(entry.action_name, [tuple(each) for each in entry.changes]) for entry in history(found)]
        assert told[0] == ("organisation.site.tag", [("Tags", "Leased, Wet dock", "Leased")])
        assert told[1] == ("organisation.site.tag", [("Tags", "", "Leased, Wet dock")])


def test_the_same_word_is_the_same_tag_however_it_is_written(app: Flask, stand: Stand) -> None:
    put(stand, "Harbour", "Urgent")
    put(stand, "Quay", "URGENT", "urgent")
    put(stand, "Quay", "urgent")
    assert worn(stand, "Quay") == ["Urgent"]
    with stand.work():
        assert session().query(Tag).count() == 1


def test_what_changes_nothing_leaves_no_trace(app: Flask, stand: Stand) -> None:
    version = put(stand, "Harbour", "Urgent")
    assert put(stand, "Harbour", "urgent") == version
    with stand.work():
        assert [entry.action_name for entry in history(site("Harbour"))].count("organisation.site.tag") == 1


@pytest.mark.parametrize("said", [{}, {"add": "x" * 41}, {"add": [1]}, {"add": 5}, {"tags": ["a"]},
                                  {"add": [f"t{number}" for number in range(tags.MOST + 1)]}])
def test_what_cannot_be_a_tag_is_refused_by_name(app: Flask, stand: Stand, said: dict[str, Any]) -> None:
    with pytest.raises(Invalid), stand.work():
        perform_one(SITE, "tag", site("Harbour"), said)
    assert worn(stand, "Harbour") == []


def test_only_who_may_change_the_record_may_tag_it(app: Flask, stand: Stand) -> None:
    with pytest.raises(Forbidden):
        put(stand, "Harbour", "Mine", by="auditor")
    with stand.work():
        perform_one(SITE, "archive", site("Quay"))
    with pytest.raises(Conflict):
        put(stand, "Quay", "Late")


def test_a_list_is_narrowed_by_all_the_tags_that_are_said(app: Flask, stand: Stand) -> None:
    put(stand, "Harbour", "Wet", "Leased")
    put(stand, "Quay", "Wet")
    owner = Wizard(app, stand)

    def found(query: str) -> set[str]:
        results = owner.get(f"{SITES}?{query}").text.partition('id="results"')[2]
        return {name for name in ("Harbour", "Quay", "Yard") if name in results}

    assert found("tag=wet") == {"Harbour", "Quay"}
    assert found("tag=wet&tag=leased") == {"Harbour"}
    assert found("tag=unheard") == set()
    assert "Leased" in owner.get(SITES).text.partition('id="results"')[2], "rows wear their tags"


def test_the_page_puts_them_on_and_takes_them_off_without_a_script(app: Flask, stand: Stand) -> None:
    owner = Wizard(app, stand)
    with stand.work():
        page = f"{SITES}{site('Harbour').reference}/"
    assert owner.post(f"{page}tag", {"add": "Wet dock, Leased"}, page).status_code == 303
    shown = owner.get(page).text
    assert "?tag=Wet+dock" in shown
    assert owner.post(f"{page}tag", {"remove": "Leased"}, page).status_code == 303
    assert worn(stand, "Harbour") == ["Wet dock"]
    owner.post(f"{page}tag", {"add": "x" * 50}, page)
    assert "is too long" in owner.get(page).text
    assert worn(stand, "Harbour") == ["Wet dock"]


def test_a_tag_on_records_that_one_does_not_see_is_never_offered(app: Flask, stand: Stand) -> None:
    view = {"title": "Mine", "of_list": SITE, "query": "q=harbour", "sharing": "private"}
    with stand.work():
        mine = perform_one("views.saved_view", "create", None, view).record
        perform_one("views.saved_view", "tag", mine, {"add": ["Takeover"]})
    with stand.work("member"):
        assert tags.known_to(registry.resource("views.saved_view")) == []
    with stand.work():
        perform_one("views.saved_view", "edit", session().query(SavedView).one(), {"sharing": "everybody"})
    with stand.work("member"):
        assert tags.known_to(registry.resource("views.saved_view")) == ["Takeover"]
        assert tags.known_to(registry.resource(SITE)) == [], "it is on no site"


def test_another_organisation_has_its_own_tags(app: Flask, stand: Stand) -> None:
    put(stand, "Harbour", "Ours")
    other = Stand("tags-other")
    with other.work():
        other.site("Elsewhere")
        assert tags.known_to(registry.resource(SITE)) == []
        assert session().query(Tag).count() == 0
        perform_one(SITE, "tag", site("Elsewhere"), {"add": ["Ours"]})
    with stand.work():
        assert session().query(Tag).count() == 1


def test_merged_tags_become_one_and_the_old_name_means_the_new(app: Flask, stand: Stand) -> None:
    put(stand, "Harbour", "Rented", "Leased")
    put(stand, "Quay", "Rented")
    with stand.work():
        rented, leased = (session().query(Tag).filter_by(title=name).one() for name in ("Rented", "Leased"))
        with pytest.raises(Invalid):
            perform_one("tags.tag", "merge", rented, {"into": rented.reference})
        perform_one("tags.tag", "merge", rented, {"into": leased.reference})
    assert (worn(stand, "Harbour"), worn(stand, "Quay")) == (["Leased"], ["Leased"])
    put(stand, "Yard", "rented")
    assert worn(stand, "Yard") == ["Leased"]
    results = Wizard(app, stand).get(f"{SITES}?tag=Rented").text.partition('id="results"')[2]
    assert all(name in results for name in ("Harbour", "Quay", "Yard"))


def test_a_tag_is_renamed_everywhere_and_one_put_away_is_worn_no_more(app: Flask, stand: Stand) -> None:
    put(stand, "Harbour", "Lesed", "Wet")
    with stand.work():
        perform_one("tags.tag", "edit", session().query(Tag).filter_by(title="Lesed").one(), {"title": "Leased", "colour": "green"})
    assert worn(stand, "Harbour") == ["Leased", "Wet"]
    with pytest.raises(Conflict), stand.work():
        perform_one("tags.tag", "edit", session().query(Tag).filter_by(title="Wet").one(), {"title": "leased"})
    with stand.work():
        perform_one("tags.tag", "archive", session().query(Tag).filter_by(title="Wet").one())
    assert worn(stand, "Harbour") == ["Leased"]
    with pytest.raises(Invalid):
        put(stand, "Quay", "wet")


def test_many_are_tagged_at_once_and_what_is_refused_leaves_the_others(app: Flask, stand: Stand) -> None:
    with stand.work():
        perform_one(SITE, "archive", site("Yard"))
    with stand.work():
        targets = [site(name).id for name in ("Harbour", "Yard", "Quay")]
        outcomes = perform(SITE, "tag", targets, {"add": ["Wet"]}, each=True)
    assert [outcome.state for outcome in outcomes] == ["done", "refused", "done"]
    assert worn(stand, "Quay") == ["Wet"]


def test_every_record_that_can_be_changed_has_a_place_for_tags(app: Flask) -> None:
    rules = {rule.endpoint for rule in app.url_map.iter_rules()}
    for resource in registry:
        names = {f"{resource.module}.{resource.name}_tag", f"api_{resource.module}.{resource.name}_act_tag"}
        assert names <= rules if tags.taggable(resource) else not names & rules, resource.key
