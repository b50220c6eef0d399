"""The menu shows what one may see, says where one is, counts what waits, and feeds the palette."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.core import access, menu
from app.core.access.models import RoleGrant
from app.core.menu.building import AREAS
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from tests.core.visitors import Visitor, enrol, found


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an admin and a member."""
    place = found("menu-co")
    enrol(place, "olga@menu.example", "owner")
    enrol(place, "adam@menu.example", "admin")
    enrol(place, "mia@menu.example")
    return place


def _in(app: Flask, name: str) -> Visitor:
    browser = Visitor(app)
    browser.sign_in(f"{name}@menu.example")
    return browser


def _links(browser: Visitor, address: str = "/menu-co/inbox/") -> list[str]:
    page = browser.get(address).text
    sidebar = page.partition('id="sidebar"')[2].partition("</aside>")[0].partition('role="group"')[2]
    return re.findall(r'<li data-item="[^"]+"><a href="([^"]+)"', sidebar)


@pytest.mark.requirement("OF-112")
def test_without_the_permission_the_item_is_gone_and_its_address_refused(app: Flask, place: Organisation) -> None:
    mia = _in(app, "mia")
    assert "/menu-co/organisation/departments/" in _links(mia)
    assert mia.get("/menu-co/organisation/departments/").status_code == 200
    with acting(place, SYSTEM), unit_of_work() as work:
        role = access.role_named("viewer")
        for grant in work.query(RoleGrant).filter_by(role_id=role.id, pattern="organisation.*.view"):
            work.delete(grant)
    assert "/menu-co/organisation/departments/" not in _links(mia)
    assert mia.get("/menu-co/organisation/departments/").status_code == 403


def test_every_item_leads_somewhere(app: Flask, place: Organisation) -> None:
    adam = _in(app, "adam")
    links = _links(adam)
    assert len(links) > 8
    assert {link: adam.get(link, follow_redirects=True).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.requirement("OF-114")
def test_every_item_has_its_icon_and_says_its_name(app: Flask, place: Organisation) -> None:
    page = _in(app, "adam").get("/menu-co/inbox/").text
    sidebar = page.partition('id="sidebar"')[2].partition("</aside>")[0].partition('role="group"')[2]
    items = re.findall(r"<li [^>]*><a .*?</a></li>", sidebar, re.DOTALL)
    assert items
    for item in items:
        assert re.search(r'<svg class="[^"]*" aria-hidden="true"><use href="[^"]*icons[^"]*\.svg#[a-z0-9-]+"/></svg>', item)
        assert re.sub(r"<[^>]+>", "", item).strip(), "the link has a name that is read aloud"


def test_the_item_of_this_page_is_marked(app: Flask, place: Organisation) -> None:
    page = _in(app, "adam").get("/menu-co/people/members/").text
    sidebar = page.partition('id="sidebar"')[2].partition("</aside>")[0]
    assert re.findall(r'<li [^>]*><a href="([^"]+)" aria-current="page"', sidebar) == ["/menu-co/people/members/"]


@pytest.mark.parametrize(("address", "here"), [("inbox/", "inbox/"), ("inbox/?tab=groups", "inbox/"),
                                               ("inbox/?tab=requested", "inbox/?tab=requested")])
def test_my_requests_are_marked_where_they_are_shown(app: Flask, place: Organisation, address: str, here: str) -> None:
    page = _in(app, "adam").get(f"/menu-co/{address}").text
    sidebar = page.partition('id="sidebar"')[2].partition("</aside>")[0]
    assert re.findall(r'<li [^>]*><a href="([^"]+)" aria-current="page"', sidebar) == [f"/menu-co/{here}"]
    assert ("Nothing you asked for is under way" in page) == ("requested" in address) != ("Nothing waits for you" in page)


def test_the_start_leads_to_the_inbox(app: Flask, place: Organisation) -> None:
    assert _in(app, "mia").get("/menu-co/").location == "/menu-co/inbox/"


def test_counts_are_given_by_name(app: Flask, place: Organisation) -> None:
    assert _in(app, "mia").get("/menu-co/badges").json == {"inbox": 0, "requests": 0, "notifications": 0}


def test_the_palette_finds_pages_and_what_one_may_make(app: Flask, place: Organisation) -> None:
    page = _in(app, "adam").get("/menu-co/palette?q=membe").text
    assert "/menu-co/people/members/" in page
    assert "/menu-co/people/members/new" in page
    assert "/menu-co/people/members/new" not in _in(app, "mia").get("/menu-co/palette?q=membe").text


def test_the_trail_names_each_level(app: Flask, place: Organisation) -> None:
    mia = _in(app, "mia")
    mia.send("/menu-co/settings/", language="en", timezone="UTC", digest_hour="7")
    page = mia.get("/menu-co/settings/tokens").text
    trail = page.partition('aria-label="Breadcrumb"')[2].partition("</nav>")[0]
    assert 'href="/menu-co/settings/"' in trail
    assert 'aria-current="page">API tokens' in trail
    for link in re.findall(r'href="([^"]+)"', trail):
        assert mia.get(link).status_code == 200


def test_the_sheet_of_keys_shows_the_scopes_asked_for(app: Flask, place: Organisation) -> None:
    mia = _in(app, "mia")
    assert "Previous record" in mia.get("/menu-co/keys").text
    assert "Previous record" not in mia.get("/menu-co/keys?scopes=list").text


def test_places_with_a_letter_have_their_key(app: Flask) -> None:
    from app.kernel.keys import registered

    bound = {key.action: (key.keys, key.path) for key in registered() if key.action.startswith("go.")}
    assert bound["go.inbox"] == (("g i",), "inbox/")
    assert bound["go.hse"] == (("g h",), "hse/incidents/")
    assert bound["go.settings"] == (("g z",), "settings/")
    assert menu.bind_keys(app) is None, "twice changes nothing"


def _sections(browser: Visitor, address: str = "/menu-co/inbox/") -> dict[str, list[str]]:
    """The addresses of the sidebar by the names of its sections; of a folded one, none."""
    sidebar = browser.get(address).text.partition('id="sidebar"')[2].partition("</aside>")[0]
    parts = re.findall(r'text-start">([^<]+)</span>.*?<ul id="[^"]+" data-group="[^"]+" (hidden)?>(.*?)</ul>', sidebar, re.DOTALL)
    return {name: [] if hidden else re.findall(r'<li [^>]*><a href="([^"]+)"', items) for name, hidden, items in parts}


@pytest.mark.requirement("OF-116")
def test_favourites_stand_in_a_section_of_their_own_for_that_person_only(app: Flask, place: Organisation) -> None:
    adam = _in(app, "adam")
    for key, address in (("people.member", "/menu-co/people/members/"), ("jobs", "/menu-co/jobs/")):
        assert f'name="favourite" value="{key}"' in adam.get(address).text
        assert adam.send("/menu-co/menu", form=address, favourite=key, next=address).location == address
    assert _sections(adam)["Favourites"] == ["/menu-co/people/members/", "/menu-co/jobs/"]
    assert "/menu-co/people/members/" in _sections(adam, "/menu-co/people/members/")["People and access"]
    assert 'aria-pressed="true"' in adam.get("/menu-co/jobs/").text
    assert "Favourites" not in _sections(_in(app, "olga"))
    assert _sections(_in(app, "adam"))["Favourites"] == ["/menu-co/people/members/", "/menu-co/jobs/"], "signed in anew"
    adam.send("/menu-co/menu", form="/menu-co/jobs/", favourite="people.member", next="/menu-co/jobs/")
    assert _sections(adam)["Favourites"] == ["/menu-co/jobs/"]


def test_a_favourite_that_one_may_not_see_is_not_shown(app: Flask, place: Organisation) -> None:
    mia = _in(app, "mia")
    mia.send("/menu-co/menu", form="/menu-co/inbox/", favourite="access.role", next="/menu-co/inbox/")
    assert "Favourites" not in _sections(mia)


def test_a_section_stays_folded_until_it_is_unfolded(app: Flask, place: Organisation) -> None:
    adam = _in(app, "adam")
    before = _sections(adam)
    assert before["Work"]
    adam.send("/menu-co/menu", form="/menu-co/inbox/", fold="work", next="/menu-co/inbox/")
    assert _sections(_in(app, "adam")) == {**before, "Work": []}
    adam.send("/menu-co/menu", form="/menu-co/inbox/", unfold="work", next="https://elsewhere.example/")
    assert _sections(adam) == before


def test_what_runs_the_house_is_folded_until_one_is_there_or_says_otherwise(app: Flask, place: Organisation) -> None:
    adam, inbox, members = _in(app, "adam"), "/menu-co/inbox/", "/menu-co/people/members/"
    assert {name for name, links in _sections(adam).items() if not links} == {str(label) for label in AREAS.values()}
    assert members in _sections(adam, members)["People and access"], "the section of the page is open"
    adam.send("/menu-co/menu", form=inbox, unfold="people", next=inbox)
    assert members in _sections(adam)["People and access"]
    adam.send("/menu-co/menu", form=inbox, fold="people", next=inbox)
    assert _sections(adam, members)["People and access"] == [], "folded by hand, also on its own page"


def test_the_order_of_a_section_is_kept_and_what_is_unknown_is_left_out(app: Flask, place: Organisation) -> None:
    adam = _in(app, "adam")
    usual = _sections(adam)
    adam.send("/menu-co/menu", form="/menu-co/inbox/", arrange="work", item=["notifications", "inbox", "made.up"], next="/menu-co/inbox/")
    moved = _sections(_in(app, "adam"))
    assert moved["Work"][:2] == ["/menu-co/notifications/", "/menu-co/inbox/"]
    assert set(moved["Work"]) == set(usual["Work"])
    assert {**moved, "Work": []} == {**usual, "Work": []}


def test_the_menu_of_choices_leads_nowhere_else(app: Flask, place: Organisation) -> None:
    answer = _in(app, "mia").send("/menu-co/menu", form="/menu-co/inbox/", fold="nonsense", next="//elsewhere.example/")
    assert (answer.status_code, answer.location) == (303, "/")


def test_an_error_page_keeps_the_menu_of_who_is_signed_in(app: Flask, place: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    mia = _in(app, "mia")
    for address, status in (("/menu-co/organisation/departments/DEP-0", 404), ("/menu-co/people/members/new", 403)):
        page = mia.get(address, follow_redirects=True)
        assert (page.status_code, 'id="sidebar"' in page.text) == (status, True), address
    assert 'id="sidebar"' not in app.test_client().get("/menu-co/organisation/departments/DEP-0", follow_redirects=True).text

    def away(*_said: object) -> None:
        raise OSError("away")

    monkeypatch.setattr("app.core.menu.framing.menu_for", away)
    page = mia.get("/menu-co/people/members/new")
    assert (page.status_code, 'id="sidebar"' in page.text) == (403, False)
