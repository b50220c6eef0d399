"""The product as it is deployed: shipped units and settings, nginx with the shipped configuration, https, servers of the operator's own."""

from __future__ import annotations

import datetime as dt
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.kernel.config import PROJECT
from app.running.ports import free_ports
from tests.browser import chromium
from tests.infra.installation import PARTS, PREFIX, UNITS, Installation
from tests.infra.outside import need
from tests.infra.serving import listens, wait_for
from tests.ordeal.visiting import Browser

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(400)]
EMAIL, PASSWORD = "olga@acme.example", "quiet-harbour-93-lanterns"
SHIPPED = PROJECT / "deploy" / "nginx" / "opsflux.conf"
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log info; {user}
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/opsflux.conf;
}}
"""


def certificate(folder: Path) -> None:
    """A self-made certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256()))
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(private)


class Deployed:
    """An installation with nginx in front of it, and the first owner's one-time link."""

    def __init__(self) -> None:
        self.house = Installation()
        self.http = free_ports(1)
        self.base = f"https://localhost:{self.house.https}"
        self.trust = str(self.house.home / "fullchain.pem")
        self.proxy: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.house.prepare()
        self.house.start(*PARTS, "catcher")
        said = self.house.flask("organisation", "create", "Acme", "--slug", "acme", "--owner-email", EMAIL, "--owner-name", "Olga Owner")
        self.link = re.search(rf"{self.base}(/welcome/\S+)", said)[1]  # type: ignore[index]
        certificate(self.house.home)
        text = SHIPPED.read_text(encoding="utf-8").replace("listen 80;", f"listen 127.0.0.1:{self.http};")
        text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.house.https} ").replace("web:8000", f"127.0.0.1:{self.house.port}")
        (self.house.home / "opsflux.conf").write_text(text.replace("/etc/nginx/certificates", str(self.house.home)))
        user = "user www-data;" if os.geteuid() == 0 else ""
        (self.house.home / "nginx.conf").write_text(NGINX.format(folder=self.house.home, user=user))
        command = [need("nginx", "nginx"), "-e", str(self.house.home / "nginx.log"), "-c", str(self.house.home / "nginx.conf")]
        self.proxy = subprocess.Popen(command, start_new_session=True)
        wait_for(lambda: listens(self.house.https), 20, "nginx")

    def stop(self) -> None:
        if self.proxy:
            self.proxy.terminate()
            self.proxy.wait(20)
        self.house.close()

    def browser(self, source: str = "127.0.0.1") -> Browser:
        return Browser(self.base, source=source, trust=self.trust)

    def signed_in(self, source: str = "127.0.0.1") -> Browser:
        browser = self.browser(source)
        assert browser.sign_in(EMAIL, PASSWORD).status == 303
        return browser


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    """One deployment for the tests of this file; the first owner has chosen a password by the link."""
    here = Deployed()
    try:
        here.start()
        chosen = here.browser().post(here.link, {"password": PASSWORD, "again": PASSWORD})
        assert (chosen.status, chosen.headers["Location"]) == (303, "/")
        yield here
    finally:
        here.stop()


def test_the_owners_link_works_once(deployed: Deployed) -> None:
    assert deployed.browser().get(deployed.link).status == 404
    page = deployed.signed_in().get("/acme/inbox/")
    assert (page.status, "Olga Owner" in page.text) == (200, True)


def test_plain_http_leads_to_https(deployed: Deployed) -> None:
    moved = Browser(f"http://127.0.0.1:{deployed.http}").get("/acme/inbox/?tab=requested")
    assert (moved.status, moved.headers["Location"]) == (301, "https://127.0.0.1/acme/inbox/?tab=requested")
    assert Browser(f"http://127.0.0.1:{deployed.http}").get("/api/v1/acme/audit/entries/").status == 403, "a machine is to notice"


def test_cookies_and_headers_are_those_of_https(deployed: Deployed) -> None:
    browser = deployed.browser()
    signed = browser.sign_in(EMAIL, PASSWORD)
    for line in (given := signed.headers.get_all("Set-Cookie") or []):
        assert line.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(line.split("; "))
        assert "Domain" not in line
    assert any(line.startswith("__Host-session=") for line in given)
    page = browser.get("/acme/inbox/")
    assert page.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert (page.headers["Cache-Control"], page.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert page.headers["Server"] == "nginx"


def test_it_speaks_http_2_and_compresses(deployed: Deployed) -> None:
    context = ssl.create_default_context(cafile=deployed.trust)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (socket.create_connection(("127.0.0.1", deployed.house.https)) as plain,
          context.wrap_socket(plain, server_hostname="localhost") as wrapped):
        assert wrapped.selected_alpn_protocol() == "h2"
    raw = raw_get(deployed, "/sign-in", "Accept-Encoding: gzip")
    assert b"\r\nContent-Encoding: gzip\r\n" in raw


def test_the_trail_has_the_address_of_the_client_and_no_other(deployed: Deployed) -> None:
    browser = deployed.browser("127.0.0.77")
    page = browser.get("/sign-in")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]  # type: ignore[index]
    body = f"email={EMAIL}&password={PASSWORD}&csrf_token={token}".encode()
    assert browser.send("POST", "/sign-in", body, {"X-Forwarded-For": "203.0.113.9"}).status == 303
    rows = deployed.house.owned("SELECT context->>'source' FROM audit_entry WHERE action = 'auth.sign_in' ORDER BY at DESC LIMIT 1")
    assert rows == [("127.0.0.77",)]


def test_a_stream_is_not_held_back(deployed: Deployed) -> None:
    browser = deployed.signed_in()
    with opened(deployed, "/acme/stream", f"Cookie: __Host-session={browser.cookie('__Host-session').value}") as stream:
        head = received(stream, b"retry:")
        assert head.startswith(b"HTTP/1.1 200")
        assert b"text/event-stream" in head
        (place,) = deployed.house.owned("SELECT id FROM organisation WHERE slug = 'acme'")
        client = redis.Redis.from_url(deployed.house.redis.url)
        wait_for(client.pubsub_numpat, 10, "the ear of the hub")
        client.publish(f"opsflux:stream:{place[0]}", '{"event": "inbox-changed", "data": "7", "to": null}')
        assert b"event: inbox-changed\ndata: 7\n\n" in received(stream, b"data: 7\n\n")


def test_files_come_up_whole(deployed: Deployed) -> None:
    browser = deployed.signed_in()
    rows = b"Name,Contact,Note\n" + b"".join(b"Supplier %06d,c%d@suppliers.example,%s\n" % (n, n, b"n" * 900) for n in range(9_000))
    page = "/acme/procurement/suppliers/import"
    taken = browser.post(page, {}, files={"file": ("suppliers.csv", rows)})
    assert taken.status == 303, taken.text[:2000]
    assert "Supplier 000000" in browser.get(taken.headers["Location"]).text
    assert deployed.house.owned("SELECT max(size) FROM stored_file") == [(len(rows),)]


def test_a_body_that_is_too_large_gets_the_products_page(deployed: Deployed) -> None:
    page = too_large(deployed, "/acme/procurement/suppliers/import", b"</html>")
    machine = too_large(deployed, "/api/v1/acme/hse/incidents", b'"title"')
    assert page.startswith(b"HTTP/1.1 413")
    assert b"Too large" in page
    assert b"nginx</center>" not in page
    assert machine.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in machine


def too_large(deployed: Deployed, path: str, mark: bytes) -> bytes:
    """What comes back for a body that is announced with 200 MB."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:{deployed.house.https}\r\nConnection: close\r\nContent-Length: 200000000\r\n\r\n"
    with connected(deployed) as wrapped:
        wrapped.sendall(head.encode())
        return received(wrapped, mark)


def test_a_real_browser_finds_nothing_blocked(deployed: Deployed) -> None:
    with chromium.launched() as browser:
        context = browser.new_context(base_url=deployed.base, ignore_https_errors=True)
        refused: list[Any] = []
        page = context.new_page()
        page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
        page.on("requestfailed", lambda request: refused.append(request.url))
        page.goto("/sign-in")
        page.fill("input[name=email]", EMAIL)
        page.fill("input[name=password]", PASSWORD)
        with page.expect_response(lambda response: response.url.endswith("/stream")) as stream:
            page.press("input[name=password]", "Enter")
            page.wait_for_url("**/acme/**")
        assert stream.value.status == 200
        page.goto("/acme/procurement/suppliers/")
        assert {cookie["secure"] for cookie in context.cookies()} == {True}
        assert [each for each in refused if "/stream" not in each] == []
        context.close()


def test_a_mail_goes_out_and_the_scheduler_seals(deployed: Deployed) -> None:
    wait_for(lambda: deployed.house.owned("SELECT 1 FROM scheduler_lead WHERE lease_until > now()"), 30, "a leading scheduler")
    verified = wait_for(lambda: "Traceback" not in deployed.house.flask("audit", "verify"), 30, "a trail that can be verified")
    assert verified
    assert "Traceback" not in deployed.house.log.read_text(errors="replace")


def test_only_the_proxy_is_reached_from_outside(deployed: Deployed) -> None:
    web = psutil.Process(deployed.house.processes["web"].pid)
    ports = [each.laddr for each in web.net_connections("inet") if each.status == psutil.CONN_LISTEN]
    assert ports == [("127.0.0.1", deployed.house.port)]


def test_readiness_and_version_are_told_from_the_image(deployed: Deployed) -> None:
    browser = deployed.browser()
    assert (browser.get("/healthz").status, browser.get("/readyz").status) == (200, 200)
    assert '"version":"0' in browser.get("/version").text.replace(" ", "")


def test_the_demo_is_refused(deployed: Deployed) -> None:
    for command in (("demo", "seed"), ("demo", "seed", "--if-empty"), ("demo", "reset", "--yes"), ("demo", "scale"), ("demo", "main-job"),
                    ("demo", "approvals")):
        done = subprocess.run([deployed.house.tree / ".venv/bin/flask", *command], cwd=deployed.house.tree, env=deployed.house.environ,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stdout
        assert done.stderr.startswith("Error: BASE_URL"), done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("part", PARTS)
def test_no_part_starts_while_a_demo_account_exists(deployed: Deployed, part: str) -> None:
    from app.demo.accounts import named

    email = named()[0].email
    with demo_account(deployed, email):
        done = subprocess.run(deployed.house.unit(part), cwd=deployed.house.tree, env=deployed.house.environ | {"PORT": str(free_ports(1))},
                              capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"the demo account {email} exists" in done.stderr


class demo_account:  # noqa: N801 -- reads as what it is
    """Within the block the owner has the address of a demo account."""

    def __init__(self, deployed: Deployed, email: str) -> None:
        self.deployed, self.email = deployed, email

    def __enter__(self) -> None:
        self._rename(EMAIL, self.email)

    def __exit__(self, *_: object) -> None:
        self._rename(self.email, EMAIL)

    def _rename(self, old: str, new: str) -> None:
        import psycopg

        with psycopg.connect(self.deployed.house.postgres.url(database="opsflux")) as connection:
            assert connection.execute("UPDATE identity SET email = %s WHERE email = %s", [new, old]).rowcount == 1


def test_wide_rights_are_refused(deployed: Deployed) -> None:
    wide = deployed.house.postgres.url(database="opsflux")
    done = subprocess.run(deployed.house.unit("worker"), cwd=deployed.house.tree, env=deployed.house.environ | {"DATABASE_URL": wide},
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: DATABASE_URL: the role postgres is a superuser")


@pytest.mark.parametrize("name", ["BASE_URL", "SECRET_KEY", "AUDIT_KEY"])
def test_a_missing_setting_is_one_line(deployed: Deployed, name: str) -> None:
    environ = deployed.house.environ | {name: "http://ops.example.org" if name == "BASE_URL" else ""}
    for part in PARTS:
        done = subprocess.run(deployed.house.unit(part), cwd=deployed.house.tree, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(f"Error: {name}: "), done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_units_are_well_formed() -> None:
    verify = need("systemd-analyze", "systemd")
    done = subprocess.run([verify, "verify", *UNITS.glob("*.service")], capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if "opsflux" in line and f"{PREFIX}/.venv/bin/" not in line]
    assert lines == []


def test_compose_starts_what_the_units_start() -> None:
    said = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
    services, image = said["services"], (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    assert set(services) == {"web", "worker", "effects", "scheduler", "migrate", "db", "redis", "proxy"}
    for part in ("worker", "effects", "scheduler", "migrate"):
        (unit,) = re.findall(rf"^ExecStart={PREFIX}/\.venv/bin/(.+)$", (UNITS / f"opsflux-{part}.service").read_text(), re.MULTILINE)
        assert " ".join(services[part]["command"]) == unit
    assert 'CMD ["gunicorn", "-c", "python:app.running.web", "wsgi:app"]' in image
    for service in services.values():
        assert set(service.get("secrets", ())) <= set(said["secrets"])
        assert set(service.get("depends_on", ())) <= set(services)
        named = {volume.partition(":")[0] for volume in service.get("volumes", ()) if volume[0] not in "./"}
        assert named <= set(said["volumes"])
    for name in re.findall(r"/run/secrets/(\w+)", (PROJECT / "compose.yaml").read_text()):
        assert name in said["secrets"]


def connected(deployed: Deployed) -> ssl.SSLSocket:
    """A connection to the proxy."""
    context = ssl.create_default_context(cafile=deployed.trust)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", deployed.house.https), timeout=20), server_hostname="localhost")


def opened(deployed: Deployed, path: str, *headers: str) -> ssl.SSLSocket:
    """A connection on which a GET was sent."""
    wrapped = connected(deployed)
    lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{deployed.house.https}", *headers, "", ""]
    wrapped.sendall("\r\n".join(lines).encode())
    return wrapped


def raw_get(deployed: Deployed, path: str, *headers: str) -> bytes:
    """Everything that comes back, as it is on the wire."""
    with opened(deployed, path, "Connection: close", *headers) as wrapped:
        return everything(wrapped)


def received(wrapped: ssl.SSLSocket, mark: bytes) -> bytes:
    """What comes until `mark` does."""
    got = b""
    while mark not in got:
        chunk = wrapped.recv(4096)
        assert chunk, got
        got += chunk
    return got


def everything(wrapped: ssl.SSLSocket) -> bytes:
    """What comes until the other side closes."""
    return b"".join(iter(lambda: wrapped.recv(65536), b""))


