"""Settings: read once from the environment (or `*_FILE`), checked, and never changed afterwards."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.kernel import embedded

PROJECT = Path(__file__).resolve().parents[2]
SECRETS = (
    "DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_RELAY_URL", "REDIS_URL",
    "SECRET_KEY", "AUDIT_KEY", "SMTP_URL", "REPLIES_URL", "SMS_URL", "STORAGE_URL",
)  # fmt: skip
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
SHORTEST_KEY = 32
LONGEST_MAILBOX = 13  # of the 64 characters before an @, 51 are a plus and a token

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConfigError(Exception):
    """A setting is wrong; the message is one line that names the variable and the remedy."""


@dataclass(frozen=True)
class Settings:
    """Everything that the environment decides; URLs and keys are complete, also when embedded servers serve them."""

    home: Path
    port: int
    base_url: str
    database_url: str = field(repr=False)
    database_owner_url: str | None = field(repr=False)
    database_relay_url: str | None = field(repr=False)
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    audit_key: str = field(repr=False)
    smtp_url: str | None = field(repr=False)
    replies_url: str | None = field(repr=False)
    sms_url: str | None = field(repr=False)
    storage_url: str = field(repr=False)
    log_level: str
    web_concurrency: int
    trusted_proxies: tuple[Network, ...]
    outbound_allow: tuple[str, ...]
    cors_origins: tuple[str, ...]
    embedded_database: bool
    embedded_redis: bool

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check the environment; starts nothing. Raises `ConfigError`."""
        reader = _Reader(os.environ if environ is None else environ)
        try:
            return cls(**_read(reader))
        except embedded.EmbeddedError as error:
            raise ConfigError(str(error)) from None

    @property
    def var(self) -> Path:
        """The folder in which this copy keeps what it makes."""
        return self.home / "var"

    @property
    def local(self) -> bool:
        """Whether this copy serves one person's own machine: plain http, cookies without Secure, no HSTS."""
        return self.base_url.startswith("http://")

    @property
    def mail_port(self) -> int:
        """The port of the local mail catcher; its page is one above."""
        return self.port + 1

    def cookie(self, name: str) -> str:
        """A cookie's full name: `__Host-` where it can be; else with the port, which browsers do not tell apart."""
        return f"{name}_{self.port}" if self.local else f"__Host-{name}"

    def masked(self) -> dict[str, str]:
        """Every variable with its value, secrets hidden."""
        shown = {"OPSFLUX_HOME": str(self.home), "PORT": str(self.port), "BASE_URL": self.base_url}
        shown["DATABASE_URL"] = _masked_url(self.database_url) + (" (embedded)" if self.embedded_database else "")
        shown["DATABASE_OWNER_URL"] = _masked_url(self.database_owner_url)
        shown["DATABASE_RELAY_URL"] = _masked_url(self.database_relay_url)
        shown["REDIS_URL"] = _masked_url(self.redis_url) + (" (embedded)" if self.embedded_redis else "")
        shown["SECRET_KEY"] = f"set, {len(self.secret_key)} characters"
        shown["AUDIT_KEY"] = f"set, {len(self.audit_key)} characters"
        shown["SMTP_URL"] = _masked_url(self.smtp_url)
        shown["REPLIES_URL"] = _masked_url(self.replies_url)
        shown["SMS_URL"] = _masked_url(self.sms_url)
        shown["STORAGE_URL"] = _masked_url(self.storage_url)
        shown["LOG_LEVEL"] = self.log_level
        shown["WEB_CONCURRENCY"] = str(self.web_concurrency)
        shown["TRUSTED_PROXIES"] = ", ".join(map(str, self.trusted_proxies)) or "none"
        shown["OUTBOUND_ALLOW"] = ", ".join(self.outbound_allow) or "none"
        shown["CORS_ORIGINS"] = ", ".join(self.cors_origins) or "none"
        return shown


class _Reader:
    """The environment, with `*_FILE` looked up for secrets and empty values taken as unset."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str | None:
        value = self._environ.get(name, "").strip() or None
        if name not in SECRETS:
            return value
        path = self._environ.get(f"{name}_FILE", "").strip()
        if not path:
            return value
        if value:
            raise ConfigError(f"{name}: set as itself and as {name}_FILE; keep one of them")
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise ConfigError(f"{name}_FILE: cannot read {path} ({reason}); make it a readable text file") from None

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ConfigError(f"{name}: {value!r} is not a whole number from {low} to {high}; set it to one")
        return int(value)

    def listed(self, name: str) -> tuple[str, ...]:
        return tuple(part for part in (self.text(name) or "").replace(",", " ").split() if part)

    def url(self, name: str, schemes: tuple[str, ...], example: str) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            raise ConfigError(f"{name}: not a URL; write it like {example}") from None
        if parts.scheme not in schemes or not (parts.netloc or parts.path.strip("/") or parts.query):
            raise ConfigError(f"{name}: must begin with {' or '.join(s + '://' for s in schemes)}, like {example}")
        return value


def _read(reader: _Reader) -> dict[str, Any]:
    home = Path(reader.text("OPSFLUX_HOME") or PROJECT).expanduser().resolve()
    port = reader.number("PORT", 8000, 1, 65533)
    base_url = _base_url(reader, port)
    level = (reader.text("LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        raise ConfigError(f"LOG_LEVEL: {level!r} is unknown; use one of {', '.join(LOG_LEVELS)}")
    local = base_url.startswith("http://")
    return {
        "home": home,
        "port": port,
        "base_url": base_url,
        **_databases(reader, home),
        **_redis(reader, home),
        "secret_key": _key(reader, "SECRET_KEY", home, local=local),
        "audit_key": _key(reader, "AUDIT_KEY", home, local=local),
        "smtp_url": reader.url("SMTP_URL", ("smtp", "smtps"), "smtp://user:password@mail.example:587")
        or (f"smtp://127.0.0.1:{port + 1}" if local else None),
        "replies_url": _replies(reader),
        "sms_url": reader.url("SMS_URL", ("https", "http"), "https://account:token@api.twilio.com/?from=%2B441632960000"),
        "storage_url": reader.url("STORAGE_URL", ("file", "s3"), "file:///srv/opsflux/files") or f"file://{home}/var/files",
        "log_level": level,
        "web_concurrency": reader.number("WEB_CONCURRENCY", 2, 1, 256),
        "trusted_proxies": _networks(reader),
        "outbound_allow": reader.listed("OUTBOUND_ALLOW"),
        "cors_origins": _origins(reader),
    }


def _replies(reader: _Reader) -> str | None:
    """The mailbox that answers to mails come into; its address must leave room for what tells them apart."""
    example = "imaps://user:password@mail.example:993/?address=replies%40ops.example.org"
    value = reader.url("REPLIES_URL", ("imaps", "imap"), example)
    if value is None:
        return None
    parts = urlsplit(value)
    name, _at, domain = dict(parse_qsl(parts.query)).get("address", "").partition("@")
    if not parts.hostname or not parts.username or not parts.password:
        raise ConfigError(f"REPLIES_URL: give host, user and password, like {example}")
    if not re.fullmatch(rf"[A-Za-z0-9._-]{{1,{LONGEST_MAILBOX}}}", name) or not re.fullmatch(r"[A-Za-z0-9.-]+", domain):
        raise ConfigError(f"REPLIES_URL: address is what comes before and after the @ of the mailbox, at most {LONGEST_MAILBOX} "
                          f"characters before it, like {example}")
    return value


def _base_url(reader: _Reader, port: int) -> str:
    value = reader.url("BASE_URL", ("http", "https"), "https://ops.example.org")
    if value is None:
        return f"http://localhost:{port}"
    parts = urlsplit(value)
    if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
        raise ConfigError(f"BASE_URL: plain http is for localhost only; use https://{parts.netloc}")
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(f"BASE_URL: give scheme and host only, like {parts.scheme}://ops.example.org")
    return f"{parts.scheme}://{parts.netloc}"


def _databases(reader: _Reader, home: Path) -> dict[str, Any]:
    names = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_RELAY_URL")
    given = [_database_url(reader, name) for name in names]
    if given[0] is None:
        if others := [name for name, value in zip(names, given, strict=True) if value]:
            raise ConfigError(f"DATABASE_URL: unset while {others[0]} is set; set both, or neither for the embedded server")
        place = embedded.find(home)
        given = [place.url(role) for role in ("opsflux_app", "opsflux_owner", "opsflux_relay")]
        return {**dict(zip((n.lower() for n in names), given, strict=True)), "embedded_database": True}
    return {**dict(zip((n.lower() for n in names), given, strict=True)), "embedded_database": False}


def _database_url(reader: _Reader, name: str) -> str | None:
    schemes = ("postgresql", "postgres", "postgresql+psycopg")
    value = reader.url(name, schemes, "postgresql://opsflux_app:password@db.example/opsflux")
    return f"postgresql://{value.split('://', 1)[1]}" if value else None


def _redis(reader: _Reader, home: Path) -> dict[str, Any]:
    given = reader.url("REDIS_URL", ("redis", "rediss", "unix"), "redis://cache.example:6379/0")
    return {"redis_url": given or embedded.find(home).redis_url, "embedded_redis": given is None}


def _key(reader: _Reader, name: str, home: Path, *, local: bool) -> str:
    value = reader.text(name)
    if value is None and local:
        return embedded.new_secret(home, name.lower())
    if value is None or len(value) < SHORTEST_KEY:
        problem = "unset" if value is None else f"shorter than {SHORTEST_KEY} characters"
        raise ConfigError(f"{name}: {problem}; set it to the output of `openssl rand -hex 32`, and keep it")
    return value


def _networks(reader: _Reader) -> tuple[Network, ...]:
    networks = []
    for part in reader.listed("TRUSTED_PROXIES"):
        try:
            networks.append(ipaddress.ip_network(part, strict=False))
        except ValueError:
            raise ConfigError(f"TRUSTED_PROXIES: {part!r} is no address; list addresses or networks like 10.0.0.0/8") from None
    return tuple(networks)


def _origins(reader: _Reader) -> tuple[str, ...]:
    """Each as a browser writes it: scheme and host, and a port of its own; never all of them."""
    for part in reader.listed("CORS_ORIGINS"):
        try:
            parts = urlsplit(part)
            whole = parts.scheme in ("https", "http") and bool(parts.hostname) and part == f"{parts.scheme}://{parts.netloc.lower()}"
        except ValueError:
            whole = False
        if not whole or "*" in part or "@" in part or (parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS):
            raise ConfigError(f"CORS_ORIGINS: {part!r} is no origin; list sites by scheme and host, like https://app.example.org")
    return reader.listed("CORS_ORIGINS")


def _masked_url(url: str | None) -> str:
    """The URL with its password and query values hidden."""
    if not url:
        return "unset"
    scheme, _, rest = url.partition("://")
    address, mark, query = rest.partition("?")
    user, at, host = address.rpartition("@")
    if at:
        user = user.split(":", 1)[0] + (":***" if ":" in user else "")
    options = (option.partition("=") for option in query.split("&"))
    shown = "&".join(f"{name}={value if name in _PLAIN_OPTIONS else '***'}" for name, _, value in options)
    return f"{scheme}://{user}{at}{host}{mark}{shown if mark else ''}"


_PLAIN_OPTIONS = ("host", "port", "db", "dbname", "sslmode", "region", "endpoint", "timeout")
