"""The vocabulary in which a module declares itself: frozen data, checked at start by the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.kernel.ai_actions import AIAction, Evidence, Source
from app.kernel.reports import ReportOf
from app.kernel.run_types import RunEffect, RunStep, RunType
from app.kernel.tiles import Tile

__all__ = ["AIAction", "Action", "Approval", "Duty", "Evidence", "Ledger", "Level", "Lines", "MenuItem", "Module", "Panel", "Related",
           "ReportOf", "Resource", "Risk", "Role", "RunEffect", "RunStep", "RunType", "Schedule", "Setting", "Source", "Task", "Tile",
           "daily", "every"]

Risk = Literal["GREEN", "ORANGE", "RED"]


@dataclass(frozen=True)
class Action:
    """A verb of a resource beyond create, edit and archive.

    `service(record, **form)` decides and changes; with `many=True` it gets the list of records. `when(record)` answers True, or a
    sentence saying why not. `approval` names an `Approval`; the service then runs once that approval is through. `approval_by` names a
    choice of the record: each of its values has an approval of its own, `<approval>.<value>`, and so a workflow that can be changed alone.
    `on_create` asks for it as soon as the record exists. `locks=True` freezes the snapshot's fields once it has taken effect.
    `label` is the imperative on the button, `done` the past participle of the event and of the audit row, `said` the sentence of the
    history: “%(name)s released %(record)s”.
    """

    name: str
    service: Callable[..., Any]
    label: Any = ""
    done: str = ""
    said: Any = ""
    form: type | None = None
    when: Callable[[Any], bool | str] | None = None
    approval: str = ""
    approval_by: str = ""
    on_create: bool = False
    many: bool = False
    icon: str = "circle-check"
    tone: Literal["primary", "neutral", "danger"] = "neutral"
    bulk: bool = False
    locks: bool = False
    preview: Callable[[Any], Sequence[Any]] | None = None


@dataclass(frozen=True)
class Lines:
    """Rows that belong to a record, edited inside its form (the lines of a requisition).

    `total` names the method of a row that gives what it comes to, in minor units of its currency.
    """

    model: type
    parent: str
    fields: tuple[str, ...]
    label: Any
    minimum: int = 0
    maximum: int = 200
    total: str = ""


@dataclass(frozen=True)
class Related:
    """A panel on the detail page: records of another resource that refer to this one through `field`."""

    resource: str
    field: str
    label: Any = ""


@dataclass(frozen=True)
class Duty:
    """Work that somebody owes by a day: `owner` names the field of the member, `due` that of the day, and `open` the values of fields
    with which it still counts. What is overdue stands in its owner's digest.
    """

    owner: str
    due: str
    open: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    """What is declared of one kind of record; the engine derives all else.

    `create_missing` names the reference fields for which an import may create the missing record. `before_save(record)` completes
    a record (a total, a default) on create and edit, on every path; it never commits. `defaults()` pre-fills the form.
    `lock(record)` answers False, or a sentence saying why the record can no longer be changed. `title` names the field that
    stands for the record in pickers, mails and the inbox; `subtitle` the quieter second line. `tally` names a choice among the
    filters whose counts stand above the list. `search` maps fields to weights (A counts most); a reference there finds the record by
    the name of the one that it refers to. `confidential` (or `confidential(record)`) marks what may not be read without a trace: who
    opens it, lists it or takes a file of it stands in the audit trail, by every door. `chosen_apart` says that being offered these
    records in a picker, and naming them in another record, asks for less than opening their pages: for `choose`, which `view` carries.
    `own_form(record)` gives the address of the page on which a record (None: a new one) is made or changed by hand, where the
    module has its own; lists, records and the menu then lead there, while API and import go on as declared. `waits` is a choice with the
    value (“status”, “draft”) that reads as waiting, in lists and on pages, while an approval of the record is open. `section` is where the
    list stands in the menu when that is not where its module stands. `empty` is what a list without records says instead of the usual
    words: how the first one comes about.
    """

    model: type
    columns: tuple[str, ...]
    label: Any = ""
    plural: Any = ""
    slug: str = ""
    icon: str = ""
    filters: tuple[str, ...] = ()
    search: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[Any, tuple[str, ...]] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    import_key: str = ""
    create_missing: tuple[str, ...] = ()
    importable: bool = True
    exportable: bool = True
    creatable: bool = True
    editable: bool = True
    bulk_edit: tuple[str, ...] = ()
    sort: str = "-reference"
    title: str = "title"
    picture: str = ""
    subtitle: tuple[str, ...] = ()
    visible_to: Callable[[Any], Any] | None = None
    actions: tuple[Action, ...] = ()
    lines: Lines | None = None
    related: tuple[Related, ...] = ()
    before_save: Callable[[Any], None] | None = None
    lock: Callable[[Any], bool | str] | None = None
    defaults: Callable[[], Mapping[str, Any]] | None = None
    snapshot: tuple[str, ...] = ()
    tally: str = ""
    waits: tuple[str, str] | None = None
    duty: Duty | None = None
    confidential: bool | Callable[[Any], bool] = False
    chosen_apart: bool = False
    own_form: Callable[[Any], str] | None = None
    menu: bool = True
    section: str = ""
    empty: Any = ""
    key: str = ""
    module: str = ""

    @property
    def name(self) -> str:
        """`incident` of `hse.incident`."""
        return self.key.rpartition(".")[2]

    def action(self, name: str) -> Action | None:
        """The declared action of that name."""
        return next((a for a in self.actions if a.name == name), None)

    def permission(self, verb: str) -> str:
        """`hse.incident.close`."""
        return f"{self.key}.{verb}"

    @property
    def choosing(self) -> str:
        """The permission to choose a record of this kind for another one; that of opening it, unless it is `chosen_apart`."""
        return self.permission("choose" if self.chosen_apart else "view")


@dataclass(frozen=True)
class Ledger(Resource):
    """What reports can be about beside resources: rows that come about by themselves (answers, jobs, entries of the trail), without a form,
    an import or an API of their own. `model` comes from `kernel.ledgers.rows()`. Reading them asks for the permission `needs`, taking a
    file of them for `takes` (the same where it says none); `page` is where below the organisation they are looked at one by one.
    """

    needs: str = ""
    takes: str = ""
    page: str = ""

    def permission(self, verb: str) -> str:
        """The one that is asked for, whatever is done."""
        return self.takes if verb == "export" and self.takes else self.needs


@dataclass(frozen=True)
class Level:
    """One level of an approval. Who is asked comes from `approvers`, a named rule of core.approvals:
    `manager_of:department`, `role:finance_approver`, `manager_of_requester`, `member:field`.

    `needs` people must approve (0 = all of those asked). `above` names the setting that the amount must exceed strictly, "" = always.
    `hours` is the limit after which it is escalated. `risk` is the guard on the key at this level.
    """

    label: Any
    approvers: str
    needs: int = 1
    above: str = ""
    when: Callable[[Any], bool] | None = None
    hours: int = 24
    risk: Risk = "ORANGE"


@dataclass(frozen=True)
class Approval:
    """Who must agree before an action takes effect: levels in sequence, or the steps that `graph(action)` draws (a graph of core.workflow)
    where levels do not say enough. `amount` names the money field the limits look at;
    `risk(record)` overrides the colour of the whole request (that of its highest level otherwise).
    `outliers(records)` gives, per record, the sentences (kernel.sentences) on why it deserves a look. `fallback` is the role for when
    nobody is found. `why_not_by(record, member)` says why somebody who is asked cannot approve, if they cannot. `modify` names the action
    by whose form whoever decides may change the record while they approve it. `evidence(record)` gives what stands behind it.
    """

    key: str
    label: Any
    levels: tuple[Level, ...] = ()
    amount: str = ""
    credits_pass: bool = False
    outliers: Callable[[Sequence[Any]], Mapping[Any, Sequence[Any]]] | None = None
    consequences: Callable[[Any], Sequence[Any]] | None = None
    fallback: str = "owner"
    why_not_by: Callable[[Any, Any], str] | None = None
    graph: Callable[[str], Any] | None = None
    risk: Callable[[Any], str] | None = None
    modify: str = ""
    evidence: Callable[[Any], Evidence | None] | None = None


@dataclass(frozen=True)
class Setting:
    """A value that an organisation may set; `kind` is one of kernel.kinds (money, integer, boolean, text, choice).

    `options()` gives what may be chosen, value and label, where that is known in the organisation only.
    """

    key: str
    label: Any
    kind: str
    default: Any
    help: Any = ""
    minimum: Any = None
    maximum: Any = None
    choices: type | None = None
    options: Callable[[], Sequence[tuple[str, Any]]] | None = None


@dataclass(frozen=True)
class Role:
    """A role that comes with a module or with the core; `grants` maps a permission pattern to its scope; it has all that `parent` has.

    `start` is the key of the place in the menu on which its people land; the first of the menu when it names none.
    """

    key: str
    label: Any
    grants: Mapping[str, str]
    help: Any = ""
    parent: str = ""
    start: str = ""


@dataclass(frozen=True)
class Schedule:
    """Something done for each organisation at a time: `every` seconds, or `daily` at HH:MM in the organisation's zone.

    It rests in an organisation that waits to be deleted, unless it goes on `while_closing`. What is done `once` is asked in one
    organisation alone, for the whole installation.
    """

    name: str
    job: Callable[..., Any]
    daily: str = ""
    every: int = 0
    while_closing: bool = False
    once: bool = False


def daily(at: str, job: Callable[..., Any]) -> Schedule:
    """Run `job()` each day at `at` (HH:MM, the organisation's zone)."""
    return Schedule(name=f"{job.__module__}.{job.__name__}", job=job, daily=at)


def every(seconds: int, job: Callable[..., Any], *, while_closing: bool = False, once: bool = False) -> Schedule:
    """Run `job()` every so many seconds."""
    return Schedule(name=f"{job.__module__}.{job.__name__}", job=job, every=seconds, while_closing=while_closing, once=once)


@dataclass(frozen=True)
class Task:
    """Work that an organisation may put on a schedule of its own; `job()` runs as a job of the system.

    What takes inputs says `begin(schedule, key)` instead, which asks for the job itself and gives it; `check(schedule)` completes the
    inputs and raises `Invalid` where they mean nothing. Whoever schedules it must hold all that it `needs`.
    """

    key: str
    label: Any
    job: Callable[..., Any] | None = None
    begin: Callable[[Any, str], Any] | None = None
    check: Callable[[Any], None] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A part of a page contributed by a module: a template and what fills it."""

    key: str
    template: str
    context: Callable[..., Mapping[str, Any]]
    label: Any = ""


@dataclass(frozen=True)
class MenuItem:
    """An entry of the sidebar that is not a resource. `badge()` gives a number, `permission` hides it, `endpoint` is a Flask endpoint.

    `query` chooses among what that page shows: `tab=requested`. `when()` hides it from whom it does not concern. Within a section
    the lower `order` comes first, then the order of the modules.
    """

    key: str
    label: Any
    icon: str
    endpoint: str
    section: str = "work"
    permission: str = ""
    badge: Callable[[], int] | None = None
    keys: str = ""
    query: str = ""
    when: Callable[[], bool] | None = None
    order: int = 0


SECTIONS = ("work", "operations", "business", "people", "security", "automation", "messages", "organisation", "system")


@dataclass(frozen=True)
class Module:
    """All that the rest of the system knows of a module, or of a core service with screens.

    `says` gives the sentences of the audit trail for what the service does outside its resources, by the name under which it is kept:
    `"auth.token.made": _l("%(name)s made a token")`. `permissions` are those that it asks for beside its resources and routes: what
    nothing declares is refused to everybody. `forms` are those that it brings (core.forms), by their code: title and definition.
    `ai_actions` are the kinds of what a machine proposes for it, each with its level of autonomy. `section`, one of `SECTIONS`, is where
    its lists stand in the menu: what does the organisation's business (“operations”, “business”) has a section of its own there.
    `tiles` stand on dashboards. `reports` are those that come with it, `ledgers` what they can be about beside its resources.
    """

    name: str
    label: Any
    icon: str = "box"
    section: str = "business"
    resources: tuple[Resource, ...] = ()
    approvals: tuple[Approval, ...] = ()
    settings: tuple[Setting, ...] = ()
    roles: tuple[Role, ...] = ()
    on: Mapping[type | str, Callable[..., Any] | Sequence[Callable[..., Any]]] = field(default_factory=dict)
    schedule: tuple[Schedule, ...] = ()
    tasks: tuple[Task, ...] = ()
    runs: tuple[RunType, ...] = ()
    menu: tuple[MenuItem, ...] = ()
    panels: tuple[Panel, ...] = ()
    screens: tuple[str, ...] = ()
    says: Mapping[str, Any] = field(default_factory=dict)
    permissions: tuple[str, ...] = ()
    forms: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    ai_actions: tuple[AIAction, ...] = ()
    tiles: tuple[Tile, ...] = ()
    reports: tuple[ReportOf, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    badge: Callable[[], int] | None = None
    keys: str = ""
    query: str = ""
