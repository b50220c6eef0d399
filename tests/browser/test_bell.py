"""The bell in a real browser: its badge counts without a reload; a device is told after a consent, and a click opens the record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from app.core import notifications
from tests.browser.chromium import Watch, until
from tests.browser.house import House
from tests.core.notifications.listener import Listener, listening
from tests.core.notifications.test_push import Browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
WHO, WHERE = "Mara Keller", "meridian"
BADGE = "document.querySelector('[data-badge=\"notifications\"]').textContent"
SHOWN = "async () => (await (await navigator.serviceWorker.getRegistration()).getNotifications()).map((each) => [each.title, each.body])"
SUBSCRIBED = "PushManager.prototype.subscribe = async () => ({ toJSON: () => (%s) });"


@pytest.fixture
def service() -> Iterator[Listener]:
    """A push service on this machine."""
    found = Listener()
    server = listening(found)
    yield found
    server.shutdown()
    server.server_close()


def tell(house: House, *titles: str) -> None:
    """Tell Mara of things."""
    with house.acting(WHO, WHERE) as member:
        for title in titles:
            notifications.notify(member.id, "approval", title, f"/{WHERE}/inbox/?tab=requested")


def read_all(house: House) -> None:
    """Begin with an empty bell."""
    with house.acting(WHO, WHERE) as member:
        notifications.read_all(member.id)


@pytest.mark.requirement("OF-076")
def test_two_notices_make_the_badge_two_without_a_reload(house: House) -> None:
    read_all(house)
    context = house.sign_in(WHO, WHERE)
    page = context.new_page()
    page.goto(f"/{WHERE}/notifications/")
    until(page, BADGE, "")
    page.evaluate("window.still = true")
    tell(house, "First", "Second")
    until(page, BADGE, "2", limit=30)
    assert page.evaluate("window.still") is True, "the page was not loaded anew"
    context.close()


@pytest.mark.requirement("LG-332", "LG-334", "OF-080")
def test_after_the_button_and_the_consent_a_device_shows_the_notice_and_a_click_opens_it(house: House, service: Listener) -> None:
    read_all(house)
    browser = Browser(f"http://127.0.0.1:{service.port}/push/1")
    context = house.sign_in(WHO, WHERE)
    context.grant_permissions(["notifications"], origin=house.server.url)
    keys = {"p256dh": browser.form["key"], "auth": browser.form["secret"]}
    context.add_init_script(SUBSCRIBED % json.dumps({"endpoint": browser.address, "keys": keys}))
    watch, page = Watch(context), context.new_page()
    page.goto(f"/{WHERE}/notifications/preferences")
    assert context.service_workers == [], "nothing is asked before the button is pressed"
    page.get_by_role("button", name="Tell me on this device").click()
    page.get_by_text("You are told on this device too.").first.wait_for()
    tell(house, "Ladder 7 waits for you")
    for _look in range(300):
        if service.asked:
            break
        page.wait_for_timeout(100)
    said = browser.read(service.asked[0][2])
    assert said["title"] == "Ladder 7 waits for you"
    push(context, page, json.dumps(said), house.server.url)
    until(page, f"({SHOWN})()", [["Ladder 7 waits for you", ""]])
    worker = context.service_workers[0]
    worker.evaluate("""async () => {
      const [notification] = await self.registration.getNotifications();
      Clients.prototype.openWindow = async (url) => { self.opened = url; };
      self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
    }""")
    for _look in range(100):
        if opened := worker.evaluate("self.opened ?? ''"):
            break
        page.wait_for_timeout(50)
    assert opened == f"{house.server.url}/{WHERE}/inbox/?tab=requested"
    until(page, f"({SHOWN})()", [])
    assert watch.of("blocked", "crashed") == []
    context.close()


@pytest.mark.requirement("LG-332")
def test_whoever_refuses_is_told_so_and_finds_everything_under_the_bell(house: House) -> None:
    read_all(house)
    context = house.sign_in(WHO, WHERE)
    context.add_init_script("Notification.requestPermission = async () => 'denied';")
    page = context.new_page()
    page.goto(f"/{WHERE}/notifications/preferences")
    page.get_by_role("button", name="Tell me on this device").click()
    page.get_by_role("alert").filter(has_text="This browser does not allow it.").wait_for()
    tell(house, "Seen all the same")
    page.goto(f"/{WHERE}/notifications/")
    page.get_by_text("Seen all the same").first.wait_for()
    context.close()


def push(context: BrowserContext, page: Page, words: str, origin: str) -> None:
    """Deliver a push message to the page's service worker, as the browser does once it has read it."""
    tools = context.new_cdp_session(page)
    known: list[dict[str, Any]] = []
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda said: known.extend(said["registrations"]))
    tools.send("ServiceWorker.enable")
    for _look in range(100):
        if known:
            break
        page.wait_for_timeout(50)
    tools.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": known[-1]["registrationId"], "data": words})
