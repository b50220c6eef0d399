"""What `make run` prints once everything is up."""

from __future__ import annotations

import importlib.util

from app.kernel.config import Settings


def welcome(settings: Settings) -> str:
    """The address, who can sign in, and where caught mail is read."""
    lines = ["", f"  OpsFlux is at   {settings.base_url}", f"  Caught mail at  http://localhost:{settings.mail_port + 1}"]
    lines += [f"  (mail files in  {settings.var / 'mail'})", ""]
    accounts = demo_accounts()
    if accounts:
        lines += ["  Demo accounts:", *(f"    {line}" for line in accounts), ""]
    return "\n".join(lines)


def demo_accounts() -> list[str]:
    """One line per demo account that is worth knowing, where the demo is installed."""
    if importlib.util.find_spec("app.demo") is None:
        return []
    from app.demo.accounts import lines

    return lines()
