"""Puts the pages of single sign-on into the application."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import event

from app.core import auth
from app.core.people import Member
from app.core.sso import again, arriving, own, providers, views
from app.core.sso.exception import keep
from app.core.sso.models import Provider, ProviderGroup


def install(app: Flask) -> None:
    """The ways to providers and back."""
    auth.ends_too(arriving.unlink)
    auth.vouched_by(again.ways, again.confirm)
    auth.weighs(Provider)
    auth.weighs(ProviderGroup)
    app.jinja_env.globals["provider_addresses"] = providers.addresses
    app.jinja_env.globals["provider_lacks_secret"] = providers.lacks_secret
    app.jinja_env.globals["provider_addresses_begin"] = providers.begin_with
    app.register_blueprint(views.screens)
    app.register_blueprint(own.screens)
    if not event.contains(Member, "before_update", keep):
        event.listen(Member, "before_update", keep)
