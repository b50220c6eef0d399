"""OpsFlux: requests, incidents, permits and purchases become records, are approved, and leave a trace."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask

if TYPE_CHECKING:
    from app.kernel.config import Settings

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """The application: settings, declarations, services, engine. Starts nothing and opens no connection."""
    from app import cli
    from app.kernel import migrations
    from app.kernel.config import Settings
    from app.kernel.db import db
    from app.kernel.i18n import install_languages
    from app.kernel.rules import LateRule
    from app.kernel.screens import install_screens
    from app.kernel.stream import install_stream
    from app.kernel.tracing import trace_logs
    from app.running.guards import offer_demo

    settings = settings or Settings.load()
    trace_logs()
    app = Flask("app", root_path=str(ROOT / "app"), template_folder=str(ROOT / "templates"), static_folder=None)
    app.url_rule_class = LateRule
    configure(app, settings)
    db.init_app(app)
    declare()
    install_languages(app)
    install_screens(app)
    for service in services():
        service.install(app)
    install_stream(app)
    app.extensions["demo_accounts"] = _demo_accounts
    migrations.install(app, db)
    cli.install(app)
    offer_demo(app)
    return app


def _demo_accounts() -> tuple[list[Any], str]:
    """The accounts that the sign-in page offers on one's own machine, with the password that they share."""
    from app.demo.accounts import PASSWORD, named

    return named(), PASSWORD


def configure(app: Flask, settings: Settings) -> None:
    """Put the settings where Flask and its extensions look for them."""
    from app.kernel.db import engine_options

    app.extensions["settings"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_key, SQLALCHEMY_DATABASE_URI=settings.database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(), MAX_CONTENT_LENGTH=110 * 1024 * 1024, MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=5_000)


def declare() -> None:
    """Take in every manifest below core and modules, once per process."""
    from app.kernel.events import subscribe
    from app.kernel.registry import load, registry

    if registry.frozen:
        return
    for package in ("app.core", "app.modules"):
        for module in load(package):
            registry.add(module)
            for fact, handlers in module.on.items():
                subscribe(fact, handlers)
    registry.close()


def services() -> list[object]:
    """The wiring of every service, then of the engine: modules with `install(app)`, in the order of their names."""
    import app.core

    found = [importlib.import_module(f"app.core.{entry.name}.wiring")
             for entry in sorted(pkgutil.iter_modules(app.core.__path__), key=lambda e: e.name)
             if (ROOT / "app" / "core" / entry.name / "wiring.py").exists()]
    return [*found, importlib.import_module("app.resources.wiring")]
