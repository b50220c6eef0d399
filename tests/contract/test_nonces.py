"""Every page and every fragment carries its policy with a nonce of its own, and no element with htmx attributes lacks that nonce."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from app.kernel.registry import registry
from tests.contract.world import World

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
BELOW = ("inbox/", "inbox/?tab=requested", "jobs/", "mail/", "notifications/", "notifications/preferences", "settings/", "settings/tokens",
         "settings/password", "settings/organisation", "access/overview", "developers/", "developers/usage",
         "developers/operations/hse.incident.create", "audit/", "search?q=a", "palette?q=in", "keys", "components")
TAG = re.compile(r"<[a-z][a-z-]*\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
HTMX = re.compile(r"\shx-(?:get|post|put|patch|delete|trigger|target|swap|boost|on)\b")
OWN = re.compile(r"<(?:hx-partial|meta)\b")


def addresses(world: World) -> Iterator[str]:
    """Every screen of every resource, and what stands above them."""
    for number, resource in enumerate(registry):
        yield from _screens(world, resource, 1 + 10 * number)
    root = world.url(next(iter(registry))).split("/")[1]
    yield from (f"/{root}/{path}" for path in BELOW)


def _screens(world: World, resource: object, start: int) -> Iterator[str]:
    url = world.url(resource)  # type: ignore[arg-type]
    yield from (url, f"{url}pick?q=a")
    if resource.form and resource.creatable:  # type: ignore[attr-defined]
        record = world.records(resource, 1, start)[0]  # type: ignore[arg-type]
        yield from (f"{url}{record.reference}/", f"{url}{record.reference}/history", f"{url}new")
        if resource.editable:  # type: ignore[attr-defined]
            yield from (f"{url}{record.reference}/edit", f"{url}{record.reference}/archive")
        if resource.importable:  # type: ignore[attr-defined]
            yield f"{url}import"


def _faults(world: World, address: str, headers: dict[str, str]) -> list[str]:
    answer = world.client("owner").get(address, headers=headers, follow_redirects=True)  # a list opens with the view that is set for it
    said = re.search(r"script-src 'nonce-([0-9a-f]{32})'", answer.headers.get("Content-Security-Policy", ""))
    if answer.status_code not in (200, 409) or said is None:  # what is released can no longer be edited, and says so
        return [f"{address}: {answer.status_code}, {'a' if said else 'no'} policy"]
    tags = [tag for tag in TAG.findall(answer.text) if HTMX.search(tag) and not OWN.match(tag)]
    return [f"{address}: {tag[:160]}" for tag in tags if f'hx-nonce="{said[1]}"' not in tag]


@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "fragment"])
def test_every_answer_has_its_nonce_on_every_element(world: World, headers: dict[str, str]) -> None:
    walked = list(addresses(world))
    assert len(walked) > 40
    assert [fault for address in walked for fault in _faults(world, address, headers)] == []
