"""Who is acting, for which organisation, in which request: set at the edge, read everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from app.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM_ID = UUID(int=0)
PLATFORM_ID = UUID(int=0)


@dataclass(frozen=True)
class Organisation:
    """What every request needs to know of the organisation that it is for. `brand` changes with its look; empty: that of the product.

    `erase_after` is the moment (ISO 8601) after which it is deleted; empty: it stays.
    """

    id: UUID
    slug: str
    name: str
    currency: str = "EUR"
    timezone: str = "UTC"
    language: str = "en"
    number: int = 0
    week_start: int = 1
    languages: tuple[str, ...] = ()
    brand: str = ""
    erase_after: str = ""

    @property
    def is_closing(self) -> bool:
        """Whether it waits to be deleted: closed for work meanwhile."""
        return bool(self.erase_after)


@dataclass(frozen=True)
class Grant:
    """A permission pattern (`hse.incident.view`, `hse.*.*`, `*.*.view`) with the scope that it reaches.

    `role` is the key of the role that gives it, `via` the group or the single permission by which it came, `rule` the condition under
    which it holds (as core.access keeps it) and `site` the one site that it is for.
    """

    pattern: str
    scope: str = "company"
    role: str = ""
    rule: str = ""
    via: str = ""
    site: UUID | None = None


@dataclass(frozen=True)
class Impersonator:
    """The member who really acts while another's pages are shown: `id` is theirs, `case_id` the agreement's, `until` (ISO 8601) its end."""

    id: UUID
    name: str
    email: str
    case_id: UUID
    until: str
    looks_only: bool = True


@dataclass(frozen=True)
class Service:
    """The service whose token acts: `id` is the token's, under which the trail knows it."""

    id: UUID
    name: str
    email: str = ""


@dataclass(frozen=True)
class Actor:
    """A member, acting; or the system, or a token acting for a member, or a service for which a member answers.

    `id` is the member's id: what records, decisions and the audit trail refer to. `token` are the patterns that a token was made for,
    or to which an impersonator is held. `group_ids` are the groups of today, with those above them.
    `agency` names the organisation whose people they are, where it works for this one.
    """

    id: UUID
    name: str
    email: str = ""
    identity_id: UUID | None = None
    language: str = "en"
    timezone: str = "UTC"
    grants: tuple[Grant, ...] = ()
    roles: tuple[str, ...] = ()
    department_id: UUID | None = None
    department_ids: frozenset[UUID] = frozenset()
    group_ids: frozenset[UUID] = frozenset()
    site_id: UUID | None = None
    preferences: Mapping[str, object] = field(default_factory=dict)
    on_behalf_of: UUID | None = None
    token: tuple[str, ...] = ()
    impersonator: Impersonator | None = None
    service: Service | None = None
    agency: str = ""

    @property
    def is_system(self) -> bool:
        """Whether no person stands behind this."""
        return self.id == SYSTEM_ID

    @cached_property
    def own_ids(self) -> frozenset[UUID]:
        """What stands for this member where a record names somebody: themselves, and the groups that they are in."""
        return self.group_ids | {self.id}

    @cached_property
    def _held(self) -> dict[str, tuple[Grant, ...]]:
        return {}

    def grants_of(self, permission: str) -> tuple[Grant, ...]:
        """The grants by which this actor holds a permission, those that hold without a condition first; empty when it is not held."""
        known = self._held.get(permission)
        if known is None:
            held = (g for g in self.grants if matches(g.pattern, permission))
            known = self._held[permission] = tuple(sorted(held, key=lambda g: (bool(g.rule or g.site), g.scope not in ("company", "all"))))
        return known

    def is_meant_for(self, permission: str) -> bool:
        """Whether the token by which this actor came in, if any, was made for this: for what rests on no role."""
        return not self.token or any(matches(pattern, permission) for pattern in self.token)

    def cache_token(self) -> str:
        """Changes whenever what this actor may see can change."""
        return f"{self.id}:{hash((self.grants, self.department_ids, self.group_ids, self.site_id))}"


def matches(pattern: str, permission: str) -> bool:
    """Whether a grant's pattern covers a permission, part by part, `*` standing for any part; who may view may choose as well."""
    wanted, given = permission.split("."), pattern.split(".")
    if wanted[-1] == "choose" and given[-1] == "view":
        given[-1] = "choose"
    return len(wanted) == len(given) and all(g in ("*", w) for g, w in zip(given, wanted, strict=True))


SYSTEM = Actor(id=SYSTEM_ID, name="OpsFlux", grants=(Grant("*.*.*", "company", "system"),))


@dataclass(frozen=True)
class Context:
    """The circumstances of what is being done now; `source` is the client's address, `agent` what its browser calls itself."""

    organisation: Organisation | None = None
    user: Actor | None = None
    request_id: str = ""
    channel: str = "system"
    change_set_id: UUID | None = None
    source: str = ""
    agent: str = ""


_context: ContextVar[Context] = ContextVar("context", default=Context())  # noqa: B039 -- Context is frozen


class _Current:
    """Reads the circumstances; asking for one that is not set is an error, not None."""

    @property
    def context(self) -> Context:
        return _context.get()

    @property
    def organisation(self) -> Organisation:
        found = _context.get().organisation
        if found is None:
            raise Unavailable("No organisation is set for this work.")
        return found

    @property
    def user(self) -> Actor:
        found = _context.get().user
        if found is None:
            raise Unavailable("Nobody is set as acting.")
        return found

    @property
    def has_organisation(self) -> bool:
        return _context.get().organisation is not None

    @property
    def is_signed_in(self) -> bool:
        found = _context.get().user
        return found is not None and not found.is_system

    @property
    def request_id(self) -> str:
        return _context.get().request_id

    @property
    def channel(self) -> str:
        return _context.get().channel

    @property
    def change_set_id(self) -> UUID | None:
        return _context.get().change_set_id


current = _Current()


def acting_id() -> UUID:
    """Whoever acts; the system when nobody is set."""
    user = _context.get().user
    return user.id if user else SYSTEM_ID


_listeners: list[Callable[[], None]] = []


def when_organisation_changes(listener: Callable[[], None]) -> None:
    """Call `listener()` whenever the organisation that is acted for changes: the open transaction has to be told."""
    _listeners.append(listener)


def _tell(before: Organisation | None, after: Organisation | None) -> None:
    if (before and before.id) != (after and after.id):
        for listener in _listeners:
            listener()


def settle(context: Context) -> Context:
    """Set the circumstances of the request that begins; gives those from before, to be set again when it has ended."""
    before = _context.get()
    _context.set(context)
    return before


@contextmanager
def acting(organisation: Organisation | None, user: Actor | None = SYSTEM, *, channel: str | None = None,
           request_id: str | None = None) -> Iterator[None]:
    """Within the block, `user` acts for `organisation`."""
    before = _context.get()
    changed = replace(before, organisation=organisation, user=user,
                      channel=before.channel if channel is None else channel,
                      request_id=before.request_id if request_id is None else request_id)
    token = _context.set(changed)
    try:
        _tell(before.organisation, organisation)
        yield
    finally:
        _context.reset(token)
        _tell(organisation, before.organisation)


@contextmanager
def within_change_set(change_set_id: UUID) -> Iterator[None]:
    """Within the block, every record and audit row carries the change set's id."""
    token = _context.set(replace(_context.get(), change_set_id=change_set_id))
    try:
        yield
    finally:
        _context.reset(token)
