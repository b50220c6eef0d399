"""A real directory: OpenLDAP's slapd on 127.0.0.1 with the attributes of Active Directory, encrypted, with people and groups."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ldap3 import Connection, Server, Tls

from app.kernel.config import PROJECT

BASE = "dc=home,dc=example"
SEARCHER, SEARCHES = f"cn=searcher,{BASE}", "what the searcher knows"
ODD = f"uid=zoe (x)*,ou=people,{BASE}"
SECRET = "what only the directory knows"
CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY ( sAMAccountName $ userPrincipalName $ objectGUID ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/pid
TLSCertificateFile {folder}/certificate.pem
TLSCertificateKeyFile {folder}/key.pem
security simple_bind=128
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw admin
directory {folder}/data
overlay memberof
"""


class Directory:
    """The server. `stop` and `start` it at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = certified(folder)
        (folder / "data").mkdir()
        (folder / "slapd.conf").write_text(CONF.format(folder=folder, base=BASE))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"ldap://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()
        self._fill()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        program = shutil.which("slapd") or "/usr/sbin/slapd"
        with open(self.folder / "log", "ab") as log:
            said = [program, "-f", str(self.folder / "slapd.conf"), "-h", self.address, "-d", "0"]
            self.process = subprocess.Popen(said, stdout=log, stderr=log)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("slapd does not listen")

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def _fill(self) -> None:
        server = Server("127.0.0.1", self.port, tls=Tls(validate=ssl.CERT_NONE))
        with Connection(server, f"cn=admin,{BASE}", "admin", auto_bind="TLS_BEFORE_BIND") as admin:
            people: list[tuple[str, list[str], dict[str, Any]]] = [
                (BASE, ["dcObject", "organization"], {"o": "Home"}),
                (SEARCHER, ["person"], {"sn": "searcher", "userPassword": SEARCHES}),
                (f"ou=people,{BASE}", ["organizationalUnit"], {}), (f"ou=groups,{BASE}", ["organizationalUnit"], {}),
                *[_user(*each) for each in (("ben", "Ben Home", 1), ("ada", "Ada Home", 2), ("nia", "Nia (New) *", 3))],
                (ODD, ["user"], {**_user("zoe", "Zoe Home", 4)[2], "userPassword": SECRET}),
                (f"cn=Approvers,ou=groups,{BASE}", ["groupOfNames"], {"member": [f"uid=ben,ou=people,{BASE}"]}),
                # The overlay that writes memberOf knows `groupOfNames` alone: nobody names these groups as theirs.
                (f"cn=Divers,ou=groups,{BASE}", ["groupOfUniqueNames"], {"uniqueMember": [f"uid=ben,ou=people,{BASE}", ODD]}),
                (f"cn=Welders,ou=groups,{BASE}", ["groupOfUniqueNames"], {"uniqueMember": [f"uid=ada,ou=people,{BASE}"]})]
            for name, classes, said in people:
                assert admin.add(name, classes, said), (name, admin.result)


def _user(name: str, shown: str, number: int) -> tuple[str, list[str], dict[str, Any]]:
    return (f"uid={name},ou=people,{BASE}", ["user"], {
        "cn": shown, "sn": "Home", "displayName": shown, "mail": f"{name}@home.example", "userPassword": SECRET,
        "sAMAccountName": f"{name}.h", "userPrincipalName": f"{name}@ad.home.example", "objectGUID": bytes([number] * 16)})


def certified(folder: Path) -> str:
    """Write a key and a certificate of 127.0.0.1 into the folder; gives the certificate."""
    key, now = rsa.generate_private_key(65537, 2048), dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=2)).add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256()))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="session")
def _directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    needed = [str(PROJECT / ".ci" / "need-server"), "slapd", "slapd", "directories"]
    done = subprocess.run(needed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = Directory(tmp_path_factory.mktemp("slapd"))
    yield made
    made.stop()


@pytest.fixture
def directory(_directory: Directory) -> Directory:
    """The directory, running."""
    if _directory.process is None:
        _directory.start()
    return _directory


__all__ = ["BASE", "ODD", "SEARCHER", "SEARCHES", "SECRET", "Directory", "directory"]
