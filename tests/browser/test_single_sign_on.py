"""The ways in and back in a real browser: through a provider, set up by hand; a forgotten password; another address; a directory's page."""

from __future__ import annotations

import html
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route
from sqlalchemy import select, update

from app.core import auth, people
from app.core.auth.models import UserSession
from app.core.people import Member
from app.core.sso import Provider
from app.core.sso.models import Joining, Kind
from app.core.sso.providers import set_secret
from app.kernel import clock
from app.kernel.db import as_identity, session, unit_of_work
from app.kernel.records import new_id
from app.kernel.references import assign
from tests.browser.axe import violations
from tests.browser.house import DESKTOP, PHONE, House
from tests.browser.house import PASSWORD as DEMO_PASSWORD
from tests.infra.asserting import ADDRESS, Asserting
from tests.infra.serving import wait_for
from tests.infra.vouching import CLIENT, SECRET, Vouching

pytestmark = [pytest.mark.browser, pytest.mark.timeout(250)]
OWNER, AT = "Mara Keller", "meridian"
PASSWORD, ANOTHER = "four herons over the estuary", "nine otters below the weir"
SHOTS = os.environ.get("SHOTS", "")
SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


def newcomer(house: House) -> str:
    """The address of a new member, who has a password."""
    email = f"pia-{str(new_id())[-8:]}@meridian.example"
    with house.acting(OWNER, AT):
        member = people.enrol("Pia Castell", email)
        assert member.identity_id
        auth.set_password(member.identity_id, PASSWORD)
    return email


@contextmanager
def browser_of(house: House, **options: Any) -> Iterator[tuple[BrowserContext, Page]]:
    """A browser that knows nobody; what its pages may not do is heard."""
    context = house.chromium.new_context(base_url=house.server.url, **{"viewport": PHONE, **options})
    context.set_default_timeout(20_000)
    page, broken = context.new_page(), []
    page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    yield context, page
    assert broken == []
    context.close()


@contextmanager
def provider(house: House, kind: Kind, **said: Any) -> Iterator[Provider]:
    """A provider of the organisation, for as long as the test lasts."""
    with house.acting(OWNER, AT):
        made = Provider(kind=kind, name=f"{kind.value} {str(new_id())[-6:]}", active=True, joining=Joining.EVERYBODY, **said)
        assign([made])
        session().add(made)
        session().flush()
        if kind != Kind.SAML:
            set_secret(made, secret=SECRET)
        session().flush()
        session().refresh(made)
        session().expunge(made)
    yield made
    with house.acting(OWNER, AT):
        kept = session().get_one(Provider, (made.organisation_id, made.id))
        kept.active, kept.archived_at = False, clock.now()


def mail_to(house: House, email: str, words: str = "") -> str:
    """The address of the link in the newest mail to somebody whose subject holds these words."""
    def found() -> list[EmailMessage]:
        return [each for each in house.server.mails() if email in str(each["To"]) and words in str(each["Subject"])]

    said = wait_for(found, 60, f"a mail to {email}")[0].get_body(("plain",))
    assert said is not None
    link = re.search(r"https?://[^\s>]+/account/[^\s>]+", said.get_content())
    assert link, said.get_content()
    return link.group()


def sign_in(page: Page, email: str, password: str) -> None:
    """By the form."""
    page.goto("/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.click("form[action='/sign-in'] button")


@SIZES
def test_through_an_openid_provider_to_the_page_that_was_wanted(house: House, vouching: Vouching, size: dict[str, int]) -> None:
    email = f"rui-{str(new_id())[-8:]}@partner.example"
    vouching.person = {"sub": email, "email": email, "email_verified": True, "name": "Rui Prado"}
    with provider(house, Kind.OIDC, address=vouching.url, client_id=CLIENT) as made, browser_of(house, viewport=size) as (_context, page):
        page.goto(f"/sign-in/to/{AT}?next=/{AT}/settings/")
        page.click(f"text=Continue with {made.name}")
        page.wait_for_url(f"**/{AT}/settings/")
        page.goto(f"/{AT}/settings/sign-ins")
        assert made.name in page.inner_text("main")
        assert email in page.inner_text("main")


@SIZES
def test_who_came_through_a_provider_proves_anew_there_who_they_are(house: House, vouching: Vouching, size: dict[str, int]) -> None:
    """What weighs asks again; the provider's page opens beside it, and what was typed goes on afterwards."""
    email = f"rui-{str(new_id())[-8:]}@partner.example"
    vouching.person = {"sub": email, "email": email, "email_verified": True, "name": "Rui Prado"}
    with provider(house, Kind.OIDC, address=vouching.url, client_id=CLIENT) as made, browser_of(house, viewport=size) as (context, page):
        page.goto(f"/sign-in/to/{AT}?next=/{AT}/settings/tokens")
        page.click(f"text=Continue with {made.name}")
        page.wait_for_url(f"**/{AT}/settings/tokens")
        grow_old(house, email)
        page.get_by_label("Name").fill("Rig laptop")
        page.get_by_role("button", name="Make the token").click()
        page.wait_for_selector("h1:text('Confirm that it is you')")
        assert page.locator("[name=proof]").count() == 0, "no password of their own is asked for"
        assert violations(page) == []
        look(page, "prove", size)
        vouching.claims = {"auth_time": int(time.time())}
        with context.expect_page() as opened:
            page.get_by_role("button", name=f"Confirm with {made.name}").click()
        opened.value.wait_for_selector("h1:text('Confirmed')")
        assert violations(opened.value) == []
        look(opened.value, "confirmed", size)
        opened.value.close()
        page.get_by_role("button", name="Go on").click()
        assert re.fullmatch("[0-9a-f]{32}", page.locator(".alert code").inner_text())
        page.goto(f"/{AT}/prove?next=/{AT}/settings/security")
        page.get_by_role("button", name=f"Confirm with {made.name}").click()
        page.wait_for_url(f"**/{AT}/settings/security")


def grow_old(house: House, email: str) -> None:
    """The last proof of somebody is eleven minutes old."""
    with house.acting(OWNER, AT):
        identity = session().scalars(select(Member.identity_id).where(Member.email == email)).one()
    with house.app.app_context(), as_identity(identity), unit_of_work() as work:
        work.execute(update(UserSession).where(UserSession.identity_id == identity).values(proved_at=clock.now() - timedelta(minutes=11)))


def look(page: Page, name: str, size: dict[str, int]) -> None:
    """A picture for people, when somebody wants to look."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{size['width']}.png")


def test_whoever_the_provider_does_not_let_in_is_told_so(house: House, vouching: Vouching) -> None:
    vouching.lies = "denied"
    with provider(house, Kind.OIDC, address=vouching.url, client_id=CLIENT) as made, browser_of(house) as (_context, page):
        page.goto(f"/sign-in/to/{AT}")
        page.click(f"text=Continue with {made.name}")
        page.wait_for_selector("[role=alert], .alert")
        assert page.url.endswith(f"/sso/{made.organisation_id}/{made.id}/callback") or "callback" in page.url
        assert page.get_by_text("Sign in with a password").is_visible()


@SIZES
def test_through_a_saml_provider(house: House, asserting: Asserting, size: dict[str, int]) -> None:
    """The provider's page posts from its own origin, so none of our cookies comes along; the browser shows them on the next step."""
    email = f"ines-{str(new_id())[-8:]}@partner.example"
    asserting.person, asserting.subject = {"mail": email, "displayName": "Inês Prado", "memberOf": []}, email
    with provider(house, Kind.SAML, metadata_xml=asserting.metadata) as made, browser_of(house, viewport=size) as (context, page):
        ours = page.request.get(f"/sso/{made.organisation_id}/{made.id}/metadata").text()
        consumer = f"{house.server.url}/sso/{made.organisation_id}/{made.id}/acs"

        def provider_page(route: Route) -> None:
            fields = "".join(f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
                             for name, value in asserting.answer(route.request.url, ours).items())
            route.fulfill(content_type="text/html; charset=utf-8",
                          body=f'<form method="post" action="{consumer}">{fields}<button>I am Inês</button></form>')

        context.route(f"{ADDRESS}*", provider_page)
        page.goto(f"/sign-in/to/{AT}?next=/{AT}/settings/")
        page.click(f"text=Continue with {made.name}")
        page.click("text=I am Inês")
        page.wait_for_url(f"**/{AT}/settings/")
        page.goto(f"/{AT}/settings/sign-ins")
        assert email in page.inner_text("main")


def test_an_owner_sets_a_provider_up(house: House, vouching: Vouching) -> None:
    """From the empty form to the button on the sign-in page; the secret is typed once and shown nowhere."""
    name = f"Works {str(new_id())[-6:]}"
    context = house.sign_in(OWNER, AT)
    page = context.new_page()
    page.goto(f"/{AT}/sso/providers/new")
    page.fill("[name=name]", name)
    page.fill("[name=address]", vouching.url)
    page.fill("[name=client_id]", CLIENT)
    grow_old(house, "mara.keller@meridian.example")
    page.get_by_role("button", name="Save").first.click()
    page.fill("[name=proof]", DEMO_PASSWORD)  # asked again who it is, and what was typed goes on
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.wait_for_url(re.compile(r"/sso/providers/SSO-"))
    page.click("text=Set the secret")
    page.fill("[name=secret]", SECRET)
    page.click("form:has([name=secret]) button[type=submit]")
    page.wait_for_selector("[name=secret]", state="detached")
    assert SECRET not in page.content()
    with browser_of(house) as (_context, stranger):
        stranger.goto(f"/sign-in/to/{AT}")
        assert stranger.get_by_text(f"Continue with {name}").is_visible()
    context.close()
    with house.acting(OWNER, AT):
        for made in session().query(Provider).filter_by(name=name):
            made.active, made.archived_at = False, clock.now()


@SIZES
def test_a_forgotten_password_is_set_anew_by_mail(house: House, size: dict[str, int]) -> None:
    email = newcomer(house)
    with browser_of(house, viewport=size) as (_context, page):
        page.goto("/sign-in")
        page.click("text=Forgotten your password?")
        page.fill("[name=email]", email)
        page.click("text=Send the mail")
        page.wait_for_url("**/account/sent*")
        link = mail_to(house, email)
        page.goto(link)
        page.fill("[name=password]", ANOTHER)
        page.fill("[name=again]", ANOTHER)
        page.click("main form button")
        page.wait_for_url("**/sign-in?set=1")
        assert page.goto(link).status == 404  # type: ignore[union-attr]
        sign_in(page, email, PASSWORD)
        assert "/sign-in" in page.url
        sign_in(page, email, ANOTHER)
        page.wait_for_url(re.compile(rf"/{AT}/"))


def test_another_address_counts_once_both_have_confirmed_it(house: House) -> None:
    email, other = newcomer(house), f"pia-{str(new_id())[-8:]}@elsewhere.example"
    with browser_of(house) as (_context, page), browser_of(house) as (_second, letters):
        sign_in(page, email, PASSWORD)
        page.wait_for_url(re.compile(rf"/{AT}/"))
        page.goto(f"/{AT}/settings/address")
        page.fill("[name=email]", other)
        page.fill("[name=current]", PASSWORD)
        page.click("text=Ask both addresses")
        page.wait_for_selector(f"text={other} is waiting to be confirmed")
        for address in (email, other):
            letters.goto(mail_to(house, address))
            letters.click("main form button")
            letters.wait_for_selector("text=/confirmed|changed/i")
        page.goto(f"/{AT}/settings/")
        assert "/sign-in" in page.url
        sign_in(page, other, PASSWORD)
        page.wait_for_url(re.compile(rf"/{AT}/"))


def test_the_page_for_directories_says_where_to_knock(house: House) -> None:
    context = house.sign_in(OWNER, AT)
    page = context.new_page()
    page.goto(f"/{AT}/settings/provisioning")
    assert f"{house.server.url}/scim/v2/{AT}" in page.inner_text("main")
    page.get_by_role("link", name="Make a token").click()
    page.wait_for_url(f"**/{AT}/settings/service-tokens")
    context.close()
