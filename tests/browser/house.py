"""A running copy of the demo for the browser, with its people signed in and the addresses of its pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask
from playwright.sync_api import Browser, BrowserContext
from sqlalchemy import select

from app.core import organisations, people
from app.core.people import Member
from app.demo.accounts import PASSWORD
from app.kernel import clock
from app.kernel.current import Organisation, acting
from app.kernel.db import as_identity, session, unit_of_work
from app.kernel.references import assign
from app.kernel.registry import registry
from tests.infra.serving import LiveServer

DESKTOP, TABLET, PHONE = {"width": 1920, "height": 1080}, {"width": 820, "height": 1180}, {"width": 390, "height": 844}
CORE = {"sign-in": "/sign-in", "organisations": "/organisations", "inbox": "inbox/",
        "board": "inbox/?layout=board&by=step", "starred": "inbox/?tab=starred", "requests": "inbox/?tab=requested", "jobs": "jobs/",
        "notifications": "notifications/", "bell": "notifications/panel", "preferences": "notifications/preferences",
        "notices outside": "notifications/deliveries/", "new form": "forms/build",
        "delegations": "inbox/delegations/", "calendar-file": "calendar/absences/ical", "stuck": "inbox/stuck",
        "undelivered": "settings/undelivered/", "search": "search?q=pump", "settings": "settings/", "profile": "settings/profile",
        "password": "settings/password", "sessions": "settings/sessions", "address": "settings/address", "forgotten": "/account/forgotten",
        "sent": "/account/sent", "security": "settings/security", "lost-factors": "settings/lost-factors", "prove": "prove",
        "sign-in-organisation": "/sign-in/organisation", "sign-in-house": "/sign-in/to/meridian", "ways-in": "settings/sign-ins",
        "ownership": "settings/ownership", "deletion": "settings/deletion", "agencies": "settings/agencies", "clients": "clients",
        "organisation-settings": "settings/organisation", "provisioning": "settings/provisioning",
        "developers": "developers/", "api usage": "developers/usage",
        "api changes": "developers/changes", "operation": "developers/operations/hse.incident.create",
        "tokens": "settings/tokens", "service-tokens": "settings/service-tokens", "keys": "keys",
        "audit": "audit/", "access": "access/overview",
        "role": "access/overview/roles/manager",
        "condition": "access/overview/condition?permission=hse.incident.view", "mail": "mail/", "opening": "mail/opens",
        "workflows": "workflow/designs/", "workflow": "workflow/designs/procurement.payment/release/",
        "runs": "runs/", "launch": "runs/launch/hse.weekly_review", "run schedules": "runs/schedules/",
        "plan": "runs/schedules/new/hse.weekly_review",
        "autonomy": "autonomy/levels", "read a mail": "autonomy/mail",
        "background work": "jobs/overview", "reports": "reports/", "report": "reports/prebuilt/hse.incidents_by_site",
        "report of answers": "reports/prebuilt/approvals.time_to_decide", "report of the trail": "reports/prebuilt/audit.refused_sign_ins",
        "report about what": "reports/build", "report builder": "reports/build?origin=hse.incidents_by_month",
        "columns": "views/columns?of_list=hse.incident", "components": "components", "lost": "nowhere/"}
HOUSES = ("meridian", "vernier", "brightwater", "northgate")


class House:
    """Somebody's browser on one organisation of the demo."""

    def __init__(self, server: LiveServer, chromium: Browser) -> None:
        self.server, self.chromium = server, chromium
        self.app: Flask = server.database.app
        self.cookie = replace(server.database.settings, port=server.port).cookie

    def sign_in(self, name: str, organisation: str, **options: Any) -> BrowserContext:
        """A context in which this member is signed in already; `options` are Playwright's."""
        context = self.chromium.new_context(base_url=self.server.url, **{"viewport": {"width": 1440, "height": 900}, **options})
        context.set_default_timeout(20_000)
        context.add_cookies([{"name": self.cookie("session"), "value": self._session(name, organisation), "url": self.server.url}])
        return context

    def prefer(self, context: BrowserContext, **choices: str) -> None:
        """Choose language, theme or density for this browser, as their menus do."""
        context.add_cookies([{"name": self.cookie(name), "value": value, "url": self.server.url} for name, value in choices.items()])

    @contextmanager
    def acting(self, name: str, organisation: str) -> Iterator[Member]:
        """One piece of work in the database as this member."""
        with self.app.app_context():
            place = place_of(organisation)
            with acting(place), unit_of_work():
                member = session().scalars(select(Member).where(Member.name == name)).one()
                actor, member_id = people.load_actor(place, member.id), member.id
            with acting(place, actor, channel="page"), unit_of_work() as work:
                yield work.get_one(Member, (place.id, member_id))

    def let_keep(self, name: str, organisation: str) -> None:
        """Let a member keep the installation too, which only the owner of the tables can."""
        with self.acting(name, organisation) as member:
            identity = member.identity_id
        with psycopg.connect(self.server.database.settings.database_owner_url or "") as owner:
            owner.execute("INSERT INTO platform_admin (identity_id, name, created_at) VALUES (%s, %s, now()) ON CONFLICT DO NOTHING",
                          (identity, name))

    def _session(self, name: str, organisation: str) -> str:
        from app.core import auth

        with self.acting(name, organisation) as member:
            identity = member.identity_id
        with self.app.app_context(), acting(None), as_identity(identity):
            secret = auth.open_session(identity)
            session().commit()
            return str(secret)

    def addresses(self, name: str, organisation: str) -> dict[str, str]:
        """Every engine screen of every resource, and the core's screens, by name."""
        found = {name: at if at.startswith("/") else f"/{organisation}/{at}" for name, at in CORE.items()}
        self.let_keep(name, organisation)
        with self.app.app_context():
            others = [place_of(slug).id for slug in HOUSES if slug != organisation]
        with self.acting(name, organisation) as member:
            _guarding(member)
            _working_for(member.organisation_id, others)
            found |= {"platform": "/platform/", "platform organisation": f"/platform/{member.organisation_id}"}
            for resource in registry:
                found |= screens_of(resource, organisation)
            found |= _requests(organisation) | _entry(organisation)
        return found


def screens_of(resource: Any, organisation: str) -> dict[str, str]:
    """The screens that the engine makes of a declaration: list, new, import, and of its first record detail, edit, history, archive."""
    base = f"/{organisation}/{resource.module}/{resource.slug}/"
    found = {f"{resource.key} list": base, f"{resource.key} filtered": f"{base}?q=zzzz"}
    if resource.form and resource.creatable:
        found[f"{resource.key} new"] = f"{base}new"
    if resource.form and resource.importable:
        found[f"{resource.key} import"] = f"{base}import"
    model = resource.model
    record = session().scalars(select(model).where(model.archived_at.is_(None)).order_by(model.created_at).limit(1)).first()
    if record is not None:
        found |= {f"{resource.key} detail": f"{base}{record.reference}/", f"{resource.key} history": f"{base}{record.reference}/history"}
        if resource.form and resource.editable and (resource.lock is None or resource.lock(record) is True):
            found |= {f"{resource.key} edit": f"{base}{record.reference}/edit",
                      f"{resource.key} archive": f"{base}{record.reference}/archive"}
    return found


def place_of(slug: str) -> Organisation:
    """The organisation with that address."""
    with acting(None), unit_of_work():
        found = organisations.place_of(slug)
        place = organisations.load_organisation(found) if found else None
    assert place is not None, f"no organisation {slug}"
    return place


def _guarding(member: Member) -> None:
    """An alert, a legal hold and a data request, which a demo does not begin with."""
    from app.core import alerts
    from app.core.audit.models import AuditHold
    from app.core.privacy.models import Kind, PersonRequest

    alerts.raise_alert(alerts.Kind.TRIAL, "browser", subject="203.0.113.9", times=12, ip="203.0.113.9", action="auth.sign_in")
    for made in (AuditHold(reason="Claim of the harbour authority", member_id=member.id),
                 PersonRequest(kind=Kind.ACCESS, member_id=member.id, reason="Letter of 3 March, identity checked by passport.")):
        if session().scalar(select(type(made).id).limit(1)) is None:
            assign([made])
            session().add(made)
    session().flush()


def _working_for(here: UUID, others: list[UUID]) -> None:
    """Relations of each kind: one agency works here, one offers to, and there is a client to work for."""
    from app.core.agencies.models import AgencyLink

    said = {"offered_name": "Dario Conti", "message": "As agreed on the telephone."}
    held = {**said, "role": "viewer", "role_label": "Viewer", "accepted_name": "Mara Keller", "accepted_at": clock.now()}
    for made in (AgencyLink(agency_id=others[0], client_id=here, offered_by="agency", **held),
                 AgencyLink(agency_id=others[1], client_id=here, offered_by="agency", **said),
                 AgencyLink(agency_id=here, client_id=others[2], offered_by="client", **held)):
        pair = (AgencyLink.agency_id == made.agency_id, AgencyLink.client_id == made.client_id, AgencyLink.ended_at.is_(None))
        if session().scalar(select(AgencyLink.id).where(*pair)) is None:
            session().add(made)
    session().flush()


def _entry(organisation: str) -> dict[str, str]:
    """An entry of the audit trail that changed something."""
    from app.core.audit.models import AuditEntry

    found = session().scalars(select(AuditEntry.id).where(AuditEntry.action.like("%.edit")).order_by(AuditEntry.at.desc()).limit(1)).first()
    return {"audit entry": f"/{organisation}/audit/{found}/"} if found else {}


def _requests(organisation: str) -> dict[str, str]:
    """A request for approval as its page, and the pages on which it is decided without JavaScript."""
    from app.core.approvals import ApprovalRequest

    request = session().scalars(select(ApprovalRequest).order_by(ApprovalRequest.created_at.desc()).limit(1)).first()
    if request is None:
        return {}
    address = f"/{organisation}/inbox/{request.reference}/"
    return {"request": address, "timeline": f"{address}timeline"}


__all__ = ["CORE", "DESKTOP", "PASSWORD", "PHONE", "TABLET", "House", "place_of", "screens_of"]
