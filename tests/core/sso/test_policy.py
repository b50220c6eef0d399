"""Domains that lead to an organisation, single sign-on without exception but one, and several ways in for one account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import mail, settings
from app.core.audit.models import AuditEntry
from app.core.mail import MailMessage
from app.core.people import Member
from app.core.sso import Domain, Provider, domains, providers
from app.core.sso.models import Kind, Link
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Forbidden, Invalid
from app.kernel.references import assign
from tests.core.sso.conftest import House, Way
from tests.core.visitors import Visitor, actor_of
from tests.infra.vouching import Vouching, path_of

PAGE = "/home/organisation/departments/"


@contextmanager
def _domain(house: House, who: Member, name: str = "home.example") -> Iterator[Domain]:
    with acting(house.home, actor_of(house.home, who)), unit_of_work() as work:
        found = work.scalars(select(Domain)).first() or Domain(name=name)
        if found.id is None:
            domains.before_save(found)
            assign([found])
            work.add(found)
            work.flush()
        yield found


def _code(house: House) -> tuple[str, str]:
    """Where the code went, and what stood in its place as the mail left."""
    with acting(house.home, SYSTEM), unit_of_work() as work:
        sent = work.scalars(select(MailMessage)).one()
        made = domains.made_code(sent.facts)["code"]
        assert made not in sent.text + sent.html + sent.subject + str(sent.facts), "the log of mails does not hold it"
        assert mail.hidden("code") in sent.text
        return sent.to_address, made


def test_a_domain_is_confirmed_by_its_mailbox(house: House) -> None:
    with _domain(house, house.owner) as domain:
        domains.ask(domain, mailbox=domains.Mailbox.ADMIN)
    address, code = _code(house)
    assert address == "admin@home.example"
    assert domains.organisation_of("ben@home.example") == ""
    with _domain(house, house.owner) as domain, pytest.raises(Invalid):
        domains.confirm(domain, code="0" * 20)
    with _domain(house, house.owner) as domain:
        domains.confirm(domain, code=f" {code.upper()} ")
    assert domains.organisation_of("ben@Home.Example") == "home"
    assert domains.organisation_of("ben@sub.home.example") == ""


def test_a_code_grows_old_and_is_for_owners(house: House) -> None:
    with _domain(house, house.owner) as domain:
        domains.ask(domain, mailbox=domains.Mailbox.POSTMASTER)
    _address, code = _code(house)
    with clock.at(clock.now() + timedelta(days=3)), pytest.raises(Invalid), _domain(house, house.owner) as domain:
        domains.confirm(domain, code=code)
    with pytest.raises(Forbidden), _domain(house, house.member) as domain:
        domains.confirm(domain, code=code)


def test_a_domain_leads_to_one_organisation(house: House) -> None:
    house.domain("home.example", house.away)
    with _domain(house, house.owner) as domain:
        domains.ask(domain, mailbox=domains.Mailbox.POSTMASTER)
    _address, code = _code(house)
    with pytest.raises(Invalid), _domain(house, house.owner) as domain:
        domains.confirm(domain, code=code)


def test_another_name_is_confirmed_anew(house: House) -> None:
    """Neither name leads anywhere until the mailbox of the new one has answered."""
    house.domain("home.example")
    assert domains.organisation_of("ben@home.example") == "home"
    with acting(house.home, actor_of(house.home, house.owner), channel="page"), unit_of_work() as work:
        edited = perform_one("sso.domain", "edit", work.scalars(select(Domain.id)).one(), {"name": "Other.Example "}).record
        assert (edited.name, edited.confirmed_at) == ("other.example", None)
    assert [domains.organisation_of(f"ben@{name}") for name in ("home.example", "other.example")] == ["", ""]
    with _domain(house, house.owner) as domain:
        domains.ask(domain, mailbox=domains.Mailbox.POSTMASTER)
    address, code = _code(house)
    assert address == "postmaster@other.example"
    with _domain(house, house.owner) as domain:
        domains.confirm(domain, code=code)
    assert [domains.organisation_of(f"ben@{name}") for name in ("home.example", "other.example")] == ["", "home"]


def test_a_code_confirms_the_name_that_it_was_asked_for_and_no_other(house: House) -> None:
    with _domain(house, house.owner, "mine.example") as domain:
        domains.ask(domain, mailbox=domains.Mailbox.POSTMASTER)
        mine, asked = domain.id, domain.asked_at
    _address, code = _code(house)
    with acting(house.home, actor_of(house.home, house.owner), channel="page"), unit_of_work() as work:
        perform_one("sso.domain", "edit", mine, {"name": "victim.example"})
        found = work.get_one(Domain, (house.home.id, mine))
        assert (found.name, found.asked_at, found.mailbox) == ("victim.example", None, None)
    with _domain(house, house.owner) as domain, pytest.raises(Invalid):
        domains.confirm(domain, code=code)
    with _domain(house, house.owner) as domain:
        domain.asked_at, domain.mailbox = asked, "postmaster@mine.example"
    with _domain(house, house.owner) as domain, pytest.raises(Invalid):
        domains.confirm(domain, code=code)
    assert domains.organisation_of("ada@victim.example") == ""


@pytest.mark.parametrize("name", ["home", "home..example", "-a.example", "a b.example", "http://home.example", "x" * 64 + ".example",
                                  "1.2.3.4"])
def test_what_is_no_domain_is_refused(house: House, name: str) -> None:
    with pytest.raises(Invalid):
        domains.before_save(Domain(name=name))


def test_an_address_leads_to_the_ways_in(house: House, visitor: Visitor, vouching: Vouching) -> None:
    house.domain("home.example")
    house.provider(address=vouching.url, name="Home & Sons")
    sent = visitor.send("/sign-in/organisation", email="anybody@home.example", next=PAGE)
    assert sent.status_code == 303
    page = visitor.get(sent.location).text
    assert "Continue with Home &amp; Sons" in page
    assert "/start?next=/home/organisation/departments/" in page.replace("%2F", "/")
    assert visitor.send("/sign-in/organisation", email="anybody@other.example").status_code == 422
    assert 'href="/sign-in/organisation"' in visitor.get("/sign-in").text


def test_an_organisation_without_providers_looks_like_none(house: House, visitor: Visitor) -> None:
    mine, none = visitor.get("/sign-in/to/away").text, visitor.get("/sign-in/to/nowhere").text
    assert _plain(mine).replace("/away", "/nowhere") == _plain(none)


def _plain(page: str) -> str:
    return re.sub(r'nonce="[^"]*"|content="[^"]*"|value="[0-9a-f]{96}"', "", page)


def test_where_single_sign_on_is_required_a_password_opens_nothing(app: Flask, house: House, visitor: Visitor, way: Way,
                                                                   vouching: Vouching) -> None:
    provider = house.provider(address=vouching.url)
    with acting(house.home, SYSTEM), unit_of_work():
        settings.set("auth.sso_only", str(house.owner.id))
    assert visitor.sign_in("ben@home.example").status_code == 303
    assert visitor.get(PAGE).location == f"/sign-in/to/home?next={PAGE}"
    assert visitor.get("/api/v1/home/organisation/departments/").status_code == 401
    assert visitor.get("/home/inbox/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/sign-in/to/home?next=/home/"
    assert visitor.get("/away/organisation/departments/").status_code == 200, "the other organisation asks for nothing"
    assert way(Visitor(app), provider).status_code == 303
    rescue = Visitor(app)
    rescue.sign_in("ada@home.example")
    assert rescue.get(PAGE).status_code == 200, "the owner who is named comes in by the password"


@pytest.mark.parametrize("wrong", ["nobody", "01a00000-0000-7000-8000-000000000001"])
def test_only_an_owner_is_the_exception(house: House, wrong: str) -> None:
    with acting(house.home, SYSTEM), unit_of_work():
        with pytest.raises(Invalid):
            settings.set("auth.sso_only", wrong)
        with pytest.raises(Invalid):
            settings.set("auth.sso_only", str(house.member.id))
        settings.set("auth.sso_only", "")


def _add(browser: Visitor, provider: Any, vouching: Vouching) -> Any:
    left = browser.send(f"/home/settings/sign-ins/{provider.id}", form="/home/settings/")
    assert left.status_code == 200
    address = re.search(r'href="(http://127[^"]+)"', left.text)
    assert address, left.text
    return browser.get(path_of(vouching.answer(address.group(1).replace("&amp;", "&"))))


@pytest.mark.requirement("FL-002")
def test_both_identities_lead_to_one_account(app: Flask, house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    hub, lab = house.provider(Kind.GITHUB, address=vouching.url), house.provider(Kind.GITLAB, address=vouching.url)
    visitor.sign_in("ada@home.example")
    vouching.person.update(email="ada.private@elsewhere.example", sub="s-7")
    assert way(Visitor(app), hub).status_code == 422, "nobody knows this one yet"
    assert _add(visitor, hub, vouching).location == "/home/settings/sign-ins"
    assert _add(visitor, lab, vouching).location == "/home/settings/sign-ins"
    page = visitor.get("/home/settings/sign-ins").text
    assert page.count("ada.private@elsewhere.example") == 2
    with acting(house.home, SYSTEM), unit_of_work() as work:
        told = [mail for mail in work.query(MailMessage).filter_by(template="account") if "can now also sign in through" in mail.text]
        assert [mail.text.count("/account/not-me/") for mail in told] == [1, 1], "one for each, with a way to say that it was not her"
        assert {mail.to_address for mail in told} == {"ada@home.example"}
    for provider in (hub, lab):
        browser = Visitor(app)
        assert way(browser, provider).status_code == 303
        assert browser.get("/home/access/roles/").status_code == 200, "an owner, by a way that she added herself"
    removal = re.search(r'action="(/home/settings/sign-ins/[^"]+/remove)"', page)
    assert removal
    assert visitor.send(removal.group(1), form="/home/settings/").status_code == 303
    assert visitor.get("/home/settings/sign-ins").text.count("ada.private@elsewhere.example") == 1


def test_what_is_somebody_else_s_already_stays_theirs(app: Flask, house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    hub = house.provider(Kind.GITHUB, address=vouching.url)
    assert way(Visitor(app), hub).status_code == 303
    visitor.sign_in("ada@home.example")
    assert _add(visitor, hub, vouching).status_code == 422
    assert house.refusals() == ["linked"]


def _linked(house: House, provider: Provider, said: dict[str, Any]) -> int:
    """How many links of a provider are left when somebody has changed it so."""
    with acting(house.home, SYSTEM), unit_of_work() as work:
        work.add(Link(provider_id=provider.id, member_id=house.owner.id, subject="s-1", email="ada@home.example", given=[]))
    with acting(house.home, actor_of(house.home, house.owner), channel="page"), unit_of_work():
        perform_one("sso.provider", "edit", provider.id, said)
    with acting(house.home, SYSTEM), unit_of_work() as work:
        return len(work.scalars(select(Link).where(Link.provider_id == provider.id)).all())


@pytest.mark.parametrize(("said", "left"), [({"address": "https://other.example"}, 0), ({"client_id": "another"}, 0),
                                            ({"kind": "gitlab"}, 0), ({"name": "Another name"}, 1)])
def test_a_provider_that_is_somewhere_else_now_vouches_for_nobody_of_before(house: House, said: dict[str, str], left: int) -> None:
    assert _linked(house, house.provider(address="https://idp.example"), said) == left
    with acting(house.home, SYSTEM), unit_of_work() as work:
        gone = work.scalars(select(AuditEntry).where(AuditEntry.action == "sso.link.removed")).all()
        assert [each.record_id for each in gone] == [house.owner.id] * (1 - left)


def test_who_cannot_give_everything_sets_up_no_provider(house: House) -> None:
    made = house.provider(address="https://idp.example")
    with acting(house.home, actor_of(house.home, house.member)), pytest.raises(Forbidden):
        providers.before_save(made)


@pytest.mark.parametrize(("kind", "said"), [
    (Kind.OIDC, {"address": "idp.example"}), (Kind.MICROSOFT, {"address": "common"}), (Kind.MICROSOFT, {"address": "organizations"}),
    (Kind.LDAP, {"address": "https://x.example"}), (Kind.SAML, {"metadata_xml": "<x/>"}), (Kind.LDAP, {"authority": "no certificate"})])
def test_a_provider_that_cannot_work_is_refused(house: House, kind: Kind, said: dict[str, str]) -> None:
    given = {"address": "ldaps://d.example" if kind == Kind.LDAP else "https://idp.example", "search_base": "dc=x", "metadata_xml": "<x/>"}
    made = house.provider(kind, **{**given, **said})
    with acting(house.home, actor_of(house.home, house.owner)), pytest.raises(Invalid):
        providers.before_save(made)
