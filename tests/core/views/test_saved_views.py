"""Saved views: a list under a name, for oneself or for others; who sees which, and that none of them shows more than its reader may see."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from app.core.views import SavedView
from app.kernel.door import perform_one
from app.kernel.errors import Forbidden, Invalid, NotFound
from tests.core.imports.conftest import Wizard
from tests.core.stand import Stand

SITES = "/organisation/sites/"
LIST = "organisation.site"


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation with three sites."""
    made = Stand("views")
    with made.work():
        for name in ("Harbour", "Quay", "Yard"):
            made.site(name)
    return made


def shown(page: str) -> list[str]:
    """The heads of the table."""
    head = re.search(r"<thead.*?</thead>", page, re.DOTALL)
    assert head, page[:400]
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<th[^>]*>(.*?)</th>", head[0], re.DOTALL)]


def make(stand: Stand, by: str = "owner", **said: Any) -> str:
    """A view as its form saves it; gives its reference."""
    with stand.work(by):
        data = {"title": "Mine", "of_list": LIST, "query": "q=harbour", "sharing": "private", **said}
        return str(perform_one("views.saved_view", "create", None, data).record.reference)


def keep(person: Wizard, title: str, query: str) -> str:
    """Keep what the list shows, as its form does; gives where that leads."""
    answer = person.post("/views/keep", {"of_list": LIST, "title": title, "query": query}, f"{SITES}?{query}")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_a_view_keeps_filters_words_order_and_columns(app: Flask, stand: Stand) -> None:
    owner = Wizard(app, stand)
    place = keep(owner, " By  the water ", "q=quay&sort=-name&columns=name,reference&after=xyz")
    assert "view=VIEW-" in place
    assert "after" not in place
    page = owner.get(place).text
    assert shown(page)[-2:] == ["Name", "Reference"]
    assert "Quay" in page
    assert "Yard" not in page.partition('id="results"')[2]
    tab = re.search(r'<a class="btn max-w-56"[^>]*href="([^"]+)"[^>]*aria-current="page"', owner.get(place).text)
    assert tab, "the view that is looked at is marked"
    assert "By the water" in page


def test_keeping_under_the_same_name_changes_it(app: Flask, stand: Stand) -> None:
    owner = Wizard(app, stand)
    keep(owner, "Sites", "q=quay")
    keep(owner, "sites", "q=yard")
    with stand.work() as work:
        assert [(view.title, view.query) for view in work.query(SavedView)] == [("Sites", "q=yard")]


def test_a_name_is_needed_and_what_means_nothing_is_not_kept(app: Flask, stand: Stand) -> None:
    owner = Wizard(app, stand)
    answer = owner.post("/views/keep", {"of_list": LIST, "title": " ", "query": "q=quay"}, SITES)
    assert answer.status_code == 422
    assert 'href="#field-title"' in answer.text
    for query in ("salary=5", "sort=salary", "columns=salary", "columns=password"):
        with pytest.raises(Invalid):
            make(stand, query=query)


def test_a_private_view_is_nobody_elses_and_a_shared_one_is_found_by_those_it_is_for(app: Flask, stand: Stand) -> None:
    make(stand, title="Only mine")
    make(stand, title="For members", sharing="role", role="member")
    make(stand, title="For auditors", sharing="role", role="auditor")
    make(stand, title="For all", sharing="everybody")
    page = Wizard(app, stand, "member").get(f"{SITES}?view=all").text
    assert "For members" in page
    assert "For all" in page
    assert "Only mine" not in page
    assert "For auditors" not in page
    private = _ref(stand, "Only mine")
    with stand.work("auditor"), pytest.raises(NotFound):
        perform_one("views.saved_view", "edit", private, {"title": "Taken"})


def test_a_group_finds_what_is_shared_with_it(app: Flask, stand: Stand) -> None:
    with stand.work():
        members = {"lines": [{"member": str(stand.actors["member"].id)}]}
        group = perform_one("people.group", "create", None, {"name": "Crew", "kind": "functional", **members}).record
        group_id = str(group.id)
    make(stand, title="Crew only", sharing="group", group=group_id)
    assert "Crew only" in Wizard(app, stand, "member").get(f"{SITES}?view=all").text
    assert "Crew only" not in Wizard(app, stand, "auditor").get(f"{SITES}?view=all").text


def test_sharing_is_a_right(stand: Stand) -> None:
    with pytest.raises(Forbidden):
        make(stand, "member", title="Everybody look", sharing="everybody")
    assert make(stand, "member", title="My own")


def test_what_is_set_for_a_role_opens_first_until_somebody_chooses_otherwise(app: Flask, stand: Stand) -> None:
    reference = make(stand, title="For members", query="q=quay", sharing="role", role="member", opens_first="true")
    member = Wizard(app, stand, "member")
    assert member.get(SITES).headers["Location"].endswith(f"{SITES}?q=quay&view={reference}")
    assert Wizard(app, stand).get(SITES).status_code == 200, "the owner is not meant"
    assert member.get(f"{SITES}?view=all").status_code == 200
    mine = make(stand, "member", title="Yards", query="q=yard")
    assert member.post("/views/first", {"of_list": LIST, "view": mine}, f"{SITES}?view=all").status_code == 303
    assert member.get(SITES).headers["Location"].endswith(f"view={mine}")
    assert member.post("/views/first", {"of_list": LIST, "view": ""}, f"{SITES}?view=all").status_code == 303
    assert member.get(SITES).status_code == 200, "the list as it is"


def test_a_view_is_removed_and_renamed(app: Flask, stand: Stand) -> None:
    member, reference = Wizard(app, stand, "member"), make(stand, "member", title="Mine")
    with stand.work("member"):
        perform_one("views.saved_view", "edit", reference, {"title": "Renamed"})
    assert "Renamed" in member.get(f"{SITES}?view=all").text
    assert member.post("/views/remove", {"of_list": LIST, "view": reference}, f"{SITES}?view=all").status_code == 303
    assert "Renamed" not in member.get(f"{SITES}?view=all").text


def test_columns_are_chosen_by_a_plain_form(app: Flask, stand: Stand) -> None:
    owner = Wizard(app, stand)
    page = owner.get(f"/views/columns?of_list={LIST}&query=q%3Dquay").text
    assert 'name="show" value="name" checked' in " ".join(page.split())
    answer = owner.get(f"/views/columns?of_list={LIST}&query=q%3Dquay&done=1&show=name&place-name=2&show=reference&place-reference=1")
    assert answer.headers["Location"].endswith(f"{SITES}?q=quay&columns=reference%2Cname")
    assert shown(owner.get(answer.headers["Location"]).text)[-2:] == ["Reference", "Name"]
    assert owner.get(f"/views/columns?of_list={LIST}&done=1&show=secret").status_code == 422


def test_a_list_that_is_not_for_somebody_gives_them_no_view_of_it(app: Flask, stand: Stand) -> None:
    member = Wizard(app, stand, "member")
    assert member.get("/views/columns?of_list=access.role").status_code == 403
    assert member.get("/views/columns?of_list=no.list").status_code == 404
    with pytest.raises(Forbidden):
        make(stand, "member", of_list="scheduler.schedule", query="")


def _ref(stand: Stand, title: str) -> str:
    with stand.work() as work:
        return str(work.query(SavedView).filter_by(title=title).one().reference)
