"""A real mailbox: dovecot on 127.0.0.1, encrypted, as somebody without rights, in a folder of its own."""

from __future__ import annotations

import imaplib
import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kernel.config import PROJECT
from app.running.ports import free_ports
from tests.infra.directory import certified

USER, PASSWORD = "replies", "what-only-the-mailbox-knows"
ADDRESS = "replies@stand.example"
CONF = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = required
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail
first_valid_uid = 1
passdb {{
  driver = static
  args = user={name} password={{PLAIN}}{password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {secure}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class PostBox:
    """The server. `put` a mail into the box; `stop` and `start` it at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        certified(folder)
        self._user = user
        self._listen_elsewhere()
        if os.getuid() == 0:
            for place in (folder, *folder.rglob("*")):
                os.chown(place, user.pw_uid, user.pw_gid)
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def trust(self) -> str:
        """The file with the certificate that its callers must trust."""
        return str(self.folder / "certificate.pem")

    def url(self, *, scheme: str = "imaps", password: str = PASSWORD) -> str:
        """What the setting REPLIES_URL says of it."""
        port = self.secure if scheme == "imaps" else self.plain
        return f"{scheme}://{USER}:{password}@127.0.0.1:{port}/?address={ADDRESS.replace('@', '%40')}"

    def start(self) -> None:
        """Start it, and wait until it listens; on other ports than before when somebody took those."""
        for _time in range(5):
            if self._is_started():
                return
            self._listen_elsewhere()
        raise AssertionError(f"dovecot does not listen: {self._trouble()}")

    def _listen_elsewhere(self) -> None:
        self.plain = free_ports(2)
        self.secure = self.plain + 1
        said = {"folder": self.folder, "user": self._user.pw_name, "group": _group(self._user.pw_gid), "name": USER, "password": PASSWORD,
                "plain": self.plain, "secure": self.secure}
        (self.folder / "dovecot.conf").write_text(CONF.format(**said))

    def _is_started(self) -> bool:
        """Whether it listens itself, which its certificate proves; False when it ended at once."""
        program = shutil.which("dovecot") or "/usr/sbin/dovecot"
        rights = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        with open(self.folder / "said", "ab") as said:
            self.process = subprocess.Popen([program, "-F", "-c", str(self.folder / "dovecot.conf")], stdout=said, stderr=said,
                                            cwd=self.folder, **rights)  # type: ignore[call-overload]
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self.process.poll() is not None:
                return False
            try:
                self._open(timeout=2).logout()
                return True
            except (OSError, imaplib.IMAP4.error):
                time.sleep(0.1)
        self.stop()
        return False

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def put(self, content: bytes) -> None:
        """A mail arrives."""
        with self._open() as box:
            assert box.append("INBOX", "", "", content)[0] == "OK"

    def empty(self) -> None:
        """Nothing is in the box."""
        with self._open() as box:
            box.select("INBOX")
            box.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
            box.expunge()

    def flags(self) -> list[str]:
        """The flags of each mail in the box, in their order."""
        with self._open() as box:
            box.select("INBOX", readonly=True)
            found = box.uid("FETCH", "1:*", "(FLAGS)")[1]
        return [bytes(each).decode() for each in found if each]  # type: ignore[arg-type]

    def _open(self, timeout: float = 20) -> imaplib.IMAP4_SSL:
        box = imaplib.IMAP4_SSL("127.0.0.1", self.secure, ssl_context=ssl.create_default_context(cafile=self.trust), timeout=timeout)
        box.login(USER, PASSWORD)
        return box

    def _trouble(self) -> str:
        return "\n".join((self.folder / name).read_text() for name in ("said", "log") if (self.folder / name).exists())


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


@pytest.fixture(scope="session")
def _postbox() -> Iterator[PostBox]:
    said = [str(PROJECT / ".ci" / "need-server"), "dovecot", "dovecot-imapd", "replies by mail"]
    done = subprocess.run(said, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    folder = Path(tempfile.mkdtemp(prefix="opsflux-dovecot-"))  # not below pytest's own, which nobody else may enter
    made = PostBox(folder)
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postbox(_postbox: PostBox) -> PostBox:
    """The mailbox, running and empty."""
    if _postbox.process is None:
        _postbox.start()
    _postbox.empty()
    return _postbox


__all__ = ["ADDRESS", "PASSWORD", "USER", "PostBox", "postbox"]
