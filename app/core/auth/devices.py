"""Browsers that are known: one who signed in fully there before. Strangers cannot lock such a one out, and a new one is told of by mail."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import current_app, has_request_context, request
from sqlalchemy import Connection, delete, select, text
from werkzeug.wrappers import Response

from app.core.audit import country_of, device_of
from app.core.auth import mails, trail
from app.core.auth.models import KnownDevice
from app.core.auth.secrets import hash_secret, new_secret
from app.core.auth.source import source_address
from app.kernel import clock
from app.kernel.db import as_identity, session

YEAR = timedelta(days=365)
MOST = 20  # devices of one person that are known; the one not seen for longest goes first


def here(connection: Connection, email: str) -> str:
    """The hash of this browser's secret when it is known to belong to the person with that address; empty otherwise."""
    secret = request.cookies.get(_cookie(), "") if has_request_context() else ""
    if not secret:
        return ""
    asked = {"email": email.strip().lower(), "device": hash_secret(secret)}
    known = connection.execute(text("SELECT auth_device(:email, :device)"), asked).scalar()
    return asked["device"] if known else ""


def welcome(identity_id: UUID, answer: Response) -> None:
    """Somebody signed in fully in this browser: know it from now on, and tell them when it is one that they never used."""
    secret = request.cookies.get(_cookie(), "") or new_secret()
    looks, now = _looks(), clock.now()
    with as_identity(identity_id):
        known = list(session().scalars(select(KnownDevice).where(KnownDevice.identity_id == identity_id)
                                       .order_by(KnownDevice.last_seen_at.desc())))
        device = next((each for each in known if each.secret_hash == hash_secret(secret)), None)
        if device is not None:
            device.looks, device.last_seen_at = looks, now
        else:
            session().add(KnownDevice(identity_id=identity_id, secret_hash=hash_secret(secret), looks=looks, since=now, last_seen_at=now))
        for old in known[MOST - 1:] if device is None else ():
            session().delete(old)
        session().flush()
    _keep(answer, secret)
    if device is None and known and looks not in {each.looks for each in known}:
        trail.note("auth.device.new", identity_id, device=looks)
        mails.tell(identity_id, mails.NEW_DEVICE)


def forget_all(identity_id: UUID) -> None:
    """Know no browser of an identity any more."""
    with as_identity(identity_id):
        session().execute(delete(KnownDevice).where(KnownDevice.identity_id == identity_id).execution_options(synchronize_session=False))


def _looks() -> str:
    """What makes two browsers the same to whoever reads the mail: program, system and country."""
    device = device_of(request.user_agent.string)
    return f"{device.browser}|{device.system}|{country_of(source_address())}"


def _cookie() -> str:
    return str(current_app.extensions["settings"].cookie("device"))


def _keep(answer: Response, secret: str) -> None:
    answer.set_cookie(_cookie(), secret, max_age=int(YEAR.total_seconds()), path="/", httponly=True, samesite="Lax",
                      secure=not current_app.extensions["settings"].local)
