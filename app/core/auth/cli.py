"""`flask organisation create` and `flask user create-admin`: each prints a one-time link."""

from __future__ import annotations

import json
from typing import Any

import click
from flask import current_app

from app.core import organisations, people
from app.core.auth.links import make_link
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import NotFound
from app.kernel.records import new_id


@click.group()
def organisation() -> None:
    """Organisations of this installation."""


@organisation.command("create")
@click.argument("name")
@click.option("--slug", required=True, help="First part of its addresses: small letters, digits, hyphens.")
@click.option("--owner-email", required=True)
@click.option("--owner-name", required=True)
@click.option("--currency", default="EUR", show_default=True, help="ISO 4217 code.")
@click.option("--timezone", default="UTC", show_default=True, help="Like Europe/Paris.")
@click.option("--language", default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def create_organisation(name: str, slug: str, owner_email: str, owner_name: str, currency: str, timezone: str, language: str,
                        as_json: bool) -> None:
    """Make an organisation and print a one-time link with which its first owner sets a password."""
    made = organisations.found(new_id(), slug, name, currency=currency, timezone=timezone, language=language)
    _invite(made, owner_name, owner_email, "owner", as_json=as_json)


@click.group()
def user() -> None:
    """People of this installation."""


@user.command("create-admin")
@click.argument("email")
@click.option("--organisation", "slug", required=True, help="The organisation's address.")
@click.option("--name", required=True)
@click.option("--role", default="admin", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def create_admin(email: str, slug: str, name: str, role: str, as_json: bool) -> None:
    """Add somebody to an organisation and print a one-time link with which they set a password."""
    place = organisations.place_of(slug)
    found = organisations.load_organisation(place) if place else None
    if found is None:
        raise NotFound(f"There is no organisation at “{slug}”.")
    _invite(found, name, email, role, as_json=as_json)


def _invite(place: Any, name: str, email: str, role: str, *, as_json: bool) -> None:
    with acting(place, SYSTEM, channel="command"), unit_of_work():
        member = people.enrol(name, email, role)
        secret = make_link(member.identity_id) if member.identity_id else ""
    link = f"{current_app.extensions['settings'].base_url}/welcome/{secret}"
    if as_json:
        click.echo(json.dumps({"organisation": place.slug, "email": email, "role": role, "link": link}))
    else:
        click.echo(f"{place.name}: {email} is {role}. This link sets the password, once, within 7 days:\n{link}")
