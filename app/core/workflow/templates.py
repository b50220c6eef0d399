"""Twelve workflows to begin with. Each is a graph drawn for an action; who takes one changes it as they like."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.workflow.graph import Branch, Condition, Decider, Graph, Limit, Step, Way
from app.core.workflow.meaning import understood
from app.core.workflow.shares import ALL, ANY, Share
from app.kernel.errors import Invalid
from app.kernel.fields import fields_of
from app.kernel.manifest import Approval, Resource
from app.kernel.registry import registry

MANAGER, DEPARTMENT = Decider("manager"), Decider("manager_of_place", "department")
FINANCE, SAFETY, APPROVERS = Decider("role", "finance_approver"), Decider("role", "hse_manager"), Decider("role", "approver")
MANAGERS, ADMINS, OWNERS = Decider("role", "manager"), Decider("role", "admin"), Decider("role", "owner")
MORE_THAN_TWO_WEEKS = Condition(text="days > 10")


@dataclass(frozen=True)
class Template:
    """One of them: what it is called, what it shows, and its graph for an action."""

    key: str
    label: Any
    about: Any
    draw: Callable[[str], Graph]


def above(setting: str) -> Condition:
    """When the amount is above a limit of the organisation's, at the rate of the day."""
    return Condition(above=setting)


def said(label: Any) -> str:
    """The untranslated words of a label, which are looked up when they are shown."""
    return str(getattr(label, "_args", (label,))[0])


def ask(key: str, label: Any, decider: Decider, *more: Way, kind: str = "approve", **other: Any) -> Step:
    """A step that asks somebody, for a day unless something else is said."""
    return Step(key, kind, said(label), more, deciders=(decider,), **{"limit": Limit(24), **other})


def drawn(action: str, *steps: Step, publish: Any = "", created: bool = False) -> Graph:
    """Steps between the submission and the effect, each leading to the next."""
    last = (Step("publish", "publish", said(publish)),) if publish else ()
    first = (Step("create", "create"),) if created else ()
    row = (*first, Step("submit", "submit"), *steps, Step("effect", "effect", effect=action), *last, Step("end", "end"))
    return _joined(row)


def inside(*steps: Step) -> Graph:
    """Steps of a branch, or of a workflow inside a step."""
    return _joined((*steps, Step("end", "end")))


def beside(key: str, label: Any, join: Share, *branches: Step) -> Step:
    """Steps that are asked at the same time."""
    return Step(key, "parallel", said(label), branches=tuple(Branch(step.key, inside(step), step.label) for step in branches), join=join)


def _joined(row: tuple[Step, ...]) -> Graph:
    steps = {one.key: replace(one, ways=(Way(after.key), *one.ways)) for one, after in pairwise(row)}
    return Graph(row[0].key, {**steps, row[-1].key: row[-1]})


def purchase(action: str) -> Graph:
    """The department, finance and the owner, the further the more it costs."""
    return drawn(action, ask("manager", _l("Manager of the department"), DEPARTMENT),
                 ask("cfo", _l("CFO approval"), FINANCE, when=above("procurement.first_limit"), limit=Limit(48)),
                 ask("owner", _l("Owner"), OWNERS, when=above("procurement.second_limit"), limit=Limit(72)))


def payment(action: str) -> Graph:
    """The department, and two of finance for what is large."""
    return drawn(action, ask("manager", _l("Manager of the department"), DEPARTMENT, when=above("procurement.first_limit")),
                 ask("finance", _l("Two finance approvers"), FINANCE, when=above("procurement.second_limit"), needs=Share("count", 2),
                     patient=True, limit=Limit(48)))


def close_out(action: str) -> Graph:
    """The department and health and safety at the same time, then the owner's signature."""
    return drawn(action,
                 beside("checks", _l("Both check"), ALL, ask("manager", _l("Manager of the department"), DEPARTMENT),
                        ask("hse", _l("HSE approval"), SAFETY, limit=Limit(72))),
                 ask("sign", _l("Signature"), OWNERS, kind="sign", meaning=said(_l("I have seen that every corrective action is done.")),
                     limit=Limit(72)))


def leave(action: str) -> Graph:
    """The manager, and the one above for more than two weeks."""
    return drawn(action, ask("manager", _l("Manager approval"), MANAGER, colour="GREEN", limit=Limit(48, reminders=(24,))),
                 ask("above", _l("The next manager above"), Decider("manager", up=2), when=MORE_THAN_TWO_WEEKS, limit=Limit(48)))


def travel(action: str) -> Graph:
    """One of two is enough, and finance for what is expensive."""
    return drawn(action,
                 beside("either", _l("One of both"), ANY, ask("manager", _l("Manager approval"), MANAGER),
                        ask("department", _l("Manager of the department"), DEPARTMENT, four_eyes=False)),
                 ask("finance", _l("Finance"), FINANCE, when=above("requests.limit"), limit=Limit(48)))


def permit(action: str) -> Graph:
    """Made, submitted, agreed by the manager and by health and safety, published."""
    return drawn(action, ask("manager", _l("Manager approval"), MANAGER), ask("hse", _l("HSE approval"), SAFETY),
                 publish=_l("Publish"), created=True)


def contract(action: str) -> Graph:
    """Two reviews at the same time, a signature, and a second one for what is large."""
    return drawn(action,
                 beside("reviews", _l("Two reviews"), ALL, ask("legal", _l("Legal review"), APPROVERS, kind="review", limit=Limit(72)),
                        ask("finance", _l("Finance review"), FINANCE, kind="review", limit=Limit(72))),
                 ask("sign", _l("Signature"), MANAGER, kind="sign", meaning=said(_l("I sign for the organisation.")), four_eyes=False),
                 ask("second", _l("Second signature"), OWNERS, kind="sign", meaning=said(_l("I sign for the organisation.")),
                     when=above("requests.limit"), limit=Limit(72)))


def deployment(action: str) -> Graph:
    """Two of the approvers, then it waits for its day."""
    return drawn(action, ask("board", _l("Two of the approvers"), APPROVERS, needs=Share("count", 2), patient=True, limit=Limit(8)),
                 Step("day", "wait", said(_l("The day of the deployment")), until="starts_on"))


def letter(action: str) -> Graph:
    """A review that can send it back, and an approval before it leaves."""
    return drawn(action, ask("review", _l("Review"), MANAGER, kind="review", colour="GREEN", four_eyes=False),
                 ask("approve", _l("Approval"), APPROVERS, limit=Limit(48)), publish=_l("Publish"))


def access_request(action: str) -> Graph:
    """The manager, then those who give access; what nobody answers within two days is refused."""
    return drawn(action, ask("manager", _l("Manager approval"), MANAGER),
                 ask("admin", _l("Those who give access"), ADMINS, limit=Limit(48, climbs=0, end="reject")))


def import_change_set(action: str) -> Graph:
    """One of the approvers; what nobody stops within four hours goes on."""
    return drawn(action, ask("check", _l("Check of the rows"), APPROVERS, colour="GREEN", limit=Limit(4, climbs=0, end="approve")))


def policy_document(action: str) -> Graph:
    """A consultation among the managers, half of whom must agree; the owner signs, or rules where they did not agree."""
    consultation = inside(ask("managers", _l("Half of the managers"), MANAGERS, needs=Share("percent", 50), patient=True, limit=Limit(120)))
    found = drawn(action,
                  Step("consultation", "sub", said(_l("Consultation")), (Way("ruling", "rejected"),), graph=consultation),
                  ask("sign", _l("Signature"), OWNERS, kind="sign", limit=Limit(120),
                      meaning=said(_l("This is the policy of the organisation."))),
                  publish=_l("Publish"))
    ruling = ask("ruling", _l("The owner rules"), OWNERS, Way("effect"), colour="RED", limit=Limit(120))
    return Graph(found.start, {**found.steps, "ruling": ruling})


TEMPLATES: tuple[Template, ...] = (
    Template("purchase", _l("Purchase"), _l("Department, CFO and owner, the further the more it costs."), purchase),
    Template("payment", _l("Payment"), _l("Department, and two of finance for what is large."), payment),
    Template("close_out", _l("Close-out"), _l("Department and HSE at the same time, then a signature."), close_out),
    Template("leave", _l("Leave"), _l("The manager, and the one above for more than two weeks."), leave),
    Template("travel", _l("Travel"), _l("One of two managers, and finance for what is expensive."), travel),
    Template("permit", _l("Permit"), _l("Manager approval, HSE approval, publish."), permit),
    Template("contract", _l("Contract"), _l("Two reviews at the same time, then signatures."), contract),
    Template("deployment", _l("Deployment"), _l("Two of the approvers, then it waits for its day."), deployment),
    Template("letter", _l("Draft letter"), _l("A review that can send it back, then an approval."), letter),
    Template("access_request", _l("Access request"), _l("The manager, then those who give access within two days."), access_request),
    Template("import_change_set", _l("Import change set"), _l("One of the approvers; goes on after four hours."), import_change_set),
    Template("policy_document", _l("Policy document"), _l("Half of the managers, then the owner's signature."), policy_document),
)


def fitting(resource: Resource, approval: Approval) -> list[Template]:
    """The templates that mean something for a kind of record: it has the fields and the limits that they look at."""
    return [each for each in TEMPLATES if _fits(each.draw("x"), resource, approval)]


def _fits(graph: Graph, resource: Resource, approval: Approval) -> bool:
    try:
        understood(graph, resource.key)
    except Invalid:
        return False
    steps = [step for _path, step in graph.every()]
    limits = {step.when.above for step in steps if step.when is not None and step.when.above}
    fields = set(_named(steps))
    return fields <= fields_of(resource.model).keys() and limits <= registry.settings.keys() and (bool(approval.amount) or not limits)


def _named(steps: Iterable[Step]) -> Iterable[str]:
    """The fields that steps look at."""
    for step in steps:
        yield from (each.name for each in step.deciders if each.by in ("field", "manager_of_place", "manager_of_member"))
        if step.until and not step.until[:-1].isdigit():
            yield step.until
