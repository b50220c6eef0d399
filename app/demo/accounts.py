"""The accounts to try first, with the password that all of the demo's people share."""

from __future__ import annotations

from dataclasses import dataclass

from app.demo.cast import BOTH, HOUSES, House
from app.demo.names import address

PASSWORD = "opsflux-demo"  # noqa: S105 -- printed by `make run`; a start outside the demo refuses accounts that have it


@dataclass(frozen=True)
class Account:
    """One demo account, as `make run` prints it."""

    organisation: str
    house: str
    name: str
    job: str
    role: str
    email: str


def named() -> list[Account]:
    """The named accounts, those to try first."""
    return [Account(house.slug, house.name, post.name, post.job, ", ".join((post.role, *post.further)), address_in(post.name, house))
            for house in HOUSES for post in house.posts if post.shown]


def lines() -> list[str]:
    """The accounts as `make run` prints them: the password once, then an organisation and its people at a time."""
    said = [f"all with the password {PASSWORD}"]
    for house in HOUSES:
        said += ["", f"{house.name} (/{house.slug}/)"]
        said += [f"  {each.email:38} {each.name}, {each.job} ({each.role})" for each in named() if each.organisation == house.slug]
    return said


def address_in(name: str, house: House) -> str:
    """The address with which somebody signs in; one of them works for two organisations under one."""
    return BOTH if address(name, BOTH.partition("@")[2]) == BOTH else address(name, house.domain)
