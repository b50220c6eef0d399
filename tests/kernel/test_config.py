"""Settings: where they come from, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.kernel.config import ConfigError, Settings

KEYS = {"SECRET_KEY": "k" * 40, "AUDIT_KEY": "a" * 40}
REAL = KEYS | {
    "DATABASE_URL": "postgres://opsflux_app:secret@db.example/opsflux?sslmode=require&password=hidden",
    "REDIS_URL": "redis://:secret@cache.example:6379/0",
    "BASE_URL": "https://ops.example.org/",
    "SMTP_URL": "smtp://mailer:secret@mail.example:587",
}


def load(tmp_path: Path, **variables: str) -> Settings:
    return Settings.load({"OPSFLUX_HOME": str(tmp_path)} | variables)


def test_a_fresh_machine_needs_nothing(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings.base_url == "http://localhost:8000"
    assert settings.local
    assert settings.embedded_database
    assert settings.embedded_redis
    assert len(settings.secret_key) > 32
    assert settings.secret_key != settings.audit_key


def test_made_up_secrets_stay_and_are_private(tmp_path: Path) -> None:
    assert load(tmp_path) == load(tmp_path)
    for name in ("secret_key", "audit_key", "embedded.json"):
        assert (tmp_path / "var" / name).stat().st_mode & 0o777 == 0o600


def test_loading_starts_nothing(tmp_path: Path) -> None:
    load(tmp_path)

    assert not (tmp_path / "var" / "postgres").exists()
    assert not (tmp_path / "var" / "valkey").exists()


def test_real_servers_are_taken_as_given(tmp_path: Path) -> None:
    settings = load(tmp_path, **REAL)

    assert settings.database_url.startswith("postgresql://opsflux_app:secret@db.example/opsflux")
    assert not settings.embedded_database
    assert settings.base_url == "https://ops.example.org"
    assert not (tmp_path / "var").exists()


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("f" * 40 + "\n")

    assert load(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key")).secret_key == "f" * 40


def test_masked_output_holds_no_secret(tmp_path: Path) -> None:
    shown = load(tmp_path, **REAL).masked()

    assert "secret" not in " ".join(shown.values())
    assert "hidden" not in " ".join(shown.values())
    assert shown["DATABASE_URL"] == "postgresql://opsflux_app:***@db.example/opsflux?sslmode=require&password=***"
    assert shown["SECRET_KEY"] == "set, 40 characters"


def test_cookies_are_bound_to_the_host_except_on_localhost(tmp_path: Path) -> None:
    assert load(tmp_path, PORT="8100").cookie("session") == "session_8100"
    assert load(tmp_path, **REAL).cookie("session") == "__Host-session"


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1:9", "http://[::1]:8000"])
def test_plain_http_is_for_localhost(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, BASE_URL=url).local


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"PORT": "99999"}, "PORT"),
        ({"PORT": "eighty"}, "PORT"),
        ({"PORT": "-1"}, "PORT"),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"BASE_URL": "http://ops.example.org"}, "BASE_URL"),
        ({"BASE_URL": "http://localhost.example.org"}, "BASE_URL"),
        ({"BASE_URL": "https://ops.example.org/path"}, "BASE_URL"),
        ({"BASE_URL": "ops.example.org"}, "BASE_URL"),
        ({"BASE_URL": "https://ops.example.org"}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "k" * 40, "SECRET_KEY_FILE": "/etc/hostname"}, "SECRET_KEY"),
        ({"AUDIT_KEY_FILE": "/nowhere/at/all"}, "AUDIT_KEY_FILE"),
        ({"DATABASE_URL": "mysql://db.example/x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://db.example:port/x"}, "DATABASE_URL"),
        ({"DATABASE_OWNER_URL": "postgresql://db.example/x"}, "DATABASE_URL"),
        ({"REDIS_URL": "memcached://x"}, "REDIS_URL"),
        ({"SMTP_URL": "mail.example"}, "SMTP_URL"),
        ({"REPLIES_URL": "pop3://u:p@mail.example/?address=r%40x.example"}, "REPLIES_URL"),
        ({"REPLIES_URL": "imaps://mail.example/?address=r%40x.example"}, "REPLIES_URL"),
        ({"REPLIES_URL": "imaps://u:p@mail.example/"}, "REPLIES_URL"),
        ({"REPLIES_URL": "imaps://u:p@mail.example/?address=longer-than-13%40x.example"}, "REPLIES_URL"),
        ({"STORAGE_URL": "ftp://files.example"}, "STORAGE_URL"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8, proxy"}, "TRUSTED_PROXIES"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_that_names_it(tmp_path: Path, variables: dict[str, str], name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, **variables)

    message = str(refused.value)
    assert message.startswith(f"{name}: ")
    assert "\n" not in message


def test_an_unwritable_home_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")

    with pytest.raises(ConfigError, match="OPSFLUX_HOME: cannot write"):
        load(tmp_path)
