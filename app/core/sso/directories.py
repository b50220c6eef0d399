"""LDAP and Active Directory: find the person with the account that searches, then bind as them with what they typed."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ldap3 import NO_ATTRIBUTES, NONE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException, LDAPOperationResult
from ldap3.core.results import RESULT_INVALID_CREDENTIALS, RESULT_SUCCESS
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import parse_dn

from app.core.sso.models import Kind, Provider
from app.core.sso.providers import secret_of
from app.core.sso.vouching import Doubtful, Silent, Vouched
from app.kernel import outgoing
from app.kernel.kinds import fold

PORTS = {"ldaps": 636, "ldap": 389}
FILTERS = {Kind.LDAP: "(&(objectClass=person)(|(uid={0})(mail={0})))",
           Kind.DIRECTORY: "(&(objectClass=user)(|(sAMAccountName={0})(userPrincipalName={0})))"}
NESTED = "1.2.840.113556.1.4.1941"  # LDAP_MATCHING_RULE_IN_CHAIN: Active Directory walks the groups in groups by itself
GROUPS = {Kind.LDAP: "(|(member={dn})(uniqueMember={dn}))", Kind.DIRECTORY: f"(member:{NESTED}:={{dn}})"}
IDS, NAMES = ("objectGUID", "entryUUID"), ("displayName", "cn")
SECONDS, LONGEST = 5, 256


def short(username: str) -> str:
    """A name as tries are counted: of `A\\ada`, ` Ada` and `ada@x` one and the same."""
    return fold(username.strip().rpartition("\\")[2].partition("@")[0])


def vouched(provider: Provider, username: str, password: str, met: Callable[[str], None]) -> Vouched:
    """Whom the directory knows by this name and password. Raises `Doubtful` when it knows nobody so, `Silent` or `Away` when it is down.

    `met` is told which entry the name leads to, before its password is tried, and may refuse.
    An empty password would be an anonymous bind, which succeeds for everybody: it never leaves this house.
    """
    name = username.strip()
    if not name or not password or max(len(name), len(password)) > LONGEST or "\x00" in name + password:
        raise Doubtful("empty")
    try:
        with _bound(provider, provider.client_id or "", secret_of(provider)) as search:
            found = _found(provider, search, name)
            met(found["dn"].casefold())
            with _bound(provider, found["dn"], password, theirs=True):
                return _person(provider, found, _searched(provider, search, found["dn"]))
    except (LDAPException, ssl.SSLError) as error:
        raise Silent(f"the directory: {type(error).__name__}: {error}") from error


@contextmanager
def _bound(provider: Provider, name: str, password: str, *, theirs: bool = False) -> Iterator[Connection]:
    """A connection, encrypted before anything is said over it, and bound."""
    server, encrypted = _server(provider)
    connection = Connection(server, user=name or None, password=password or None, receive_timeout=SECONDS, read_only=True,
                            auto_referrals=False, check_names=False)
    try:
        connection.open()
        if not encrypted and not connection.start_tls():
            raise Silent("the directory offers no encryption")
        if not connection.bind():
            raise _unbound(connection, theirs=theirs)
        yield connection
    finally:
        connection.unbind()


def _unbound(connection: Connection, *, theirs: bool) -> Exception:
    if theirs and connection.result["result"] == RESULT_INVALID_CREDENTIALS:
        return Doubtful("password")
    return Silent(f"the bind was answered by {connection.result['description']}")


def _server(provider: Provider) -> tuple[Server, bool]:
    """The server, at the address that was looked at; its certificate must be of its name."""
    parts = urlsplit((provider.address or "").strip())
    host, port, encrypted = str(parts.hostname), parts.port or PORTS[parts.scheme], parts.scheme == "ldaps"
    address = outgoing.resolve(host, port)
    tls = Tls(validate=ssl.CERT_REQUIRED, version=ssl.PROTOCOL_TLS_CLIENT, ca_certs_data=provider.authority or None, valid_names=[host],
              sni=host)
    return Server(address, port, use_ssl=encrypted, tls=tls, get_info=NONE, connect_timeout=SECONDS, allowed_referral_hosts=[]), encrypted


def _found(provider: Provider, search: Connection, name: str) -> dict[str, Any]:
    """The one entry of that name; `DOMAIN\\name` is how some write it."""
    kind = Kind(provider.kind)
    wanted = FILTERS[kind].format(escape_filter_chars(name.rpartition("\\")[2] if kind == Kind.DIRECTORY else name))
    search.search(provider.search_base, wanted, SUBTREE, attributes=[*IDS, *NAMES, "mail", _groups_in(provider)], size_limit=2,
                  time_limit=SECONDS)
    entries = [each for each in search.response or [] if each["type"] == "searchResEntry"]
    if len(entries) != 1:
        raise Doubtful("name")
    entry: dict[str, Any] = entries[0]
    return entry


def _searched(provider: Provider, search: Connection, person: str) -> list[str]:
    """The groups that hold somebody, where people do not name theirs: all of them, or it is an outage, for roles hang on them."""
    if not (base := (provider.groups_base or "").strip()):
        return []
    wanted = ((provider.groups_filter or "").strip() or GROUPS[Kind(provider.kind)]).replace("{dn}", escape_filter_chars(person))
    entries = search.extend.standard.paged_search(base, wanted, SUBTREE, attributes=NO_ATTRIBUTES, paged_size=500, time_limit=SECONDS,
                                                  generator=False)
    if search.result["result"] != RESULT_SUCCESS:  # the library lets a place that is not there pass as an empty one
        raise LDAPOperationResult(result=search.result["result"], description=search.result["description"])
    return [each["dn"] for each in entries if each["type"] == "searchResEntry"]


def _person(provider: Provider, found: dict[str, Any], searched: list[str]) -> Vouched:
    said = found["raw_attributes"]
    subject = next((said[name][0].hex() for name in IDS if said.get(name)), found["dn"].casefold())
    groups = [each.decode("utf-8", "replace") for each in said.get(_groups_in(provider)) or []]
    called = tuple(dict.fromkeys(name for each in [*groups, *searched] for name in _called(each)))
    return Vouched(subject, _text(said, ("mail",)).casefold(), True, _text(said, NAMES), called)


def _groups_in(provider: Provider) -> str:
    return provider.groups_in or "memberOf"


def _called(group: str) -> Iterator[str]:
    """A group by its whole name, and by the short one that people know."""
    yield group
    try:
        yield str(parse_dn(group)[0][1])
    except (LDAPException, IndexError):
        return


def _text(said: dict[str, list[bytes]], names: tuple[str, ...]) -> str:
    return next((said[name][0].decode("utf-8", "replace") for name in names if said.get(name)), "")
