"""A step from what a form says, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _

from app.core import forms
from app.core.workflow.graph import ASKING, COLOURS, LIMIT_ENDS, MAKERS, UNITS, Condition, Decider, Graph, Limit, Step, Way
from app.core.workflow.shares import RULES, Share
from app.core.workflow.telling import Words, share
from app.kernel.errors import Invalid

KINDS = ("approve", "review", "sign", "form")
PRESENT = "as-it-is"
FRESH = Step("step", "approve", deciders=(Decider("role", "admin"),), needs=Share("any"), limit=Limit(24))
REST = Step("rest", "wait", until="1d")


def fresh(kind: str) -> Step:
    """A new step of a kind that the page offers: whoever draws says the rest. Raises KeyError for another."""
    made = {"approve": FRESH, "review": replace(FRESH, key="review", kind="review"),
            "sign": replace(FRESH, key="signature", kind="sign", meaning=_("I have read this and agree to it.")), "wait": REST,
            "form": replace(FRESH, key="form", kind="form", colour="GREEN"),
            "sub": Step("inside", "sub")}
    return made[kind]


def offered() -> list[tuple[str, str, str]]:
    """The kinds of steps that can be added: kind, label, icon."""
    return [("approve", _("Approval"), "thumbs-up"), ("review", _("Review"), "eye"), ("sign", _("Signature"), "pencil"),
            ("form", _("Form to fill in"), "file-text"),
            ("wait", _("Wait"), "hourglass"), ("sub", _("Another workflow"), "workflow")]


def from_form(graph: Graph, step: Step, said: Mapping[str, str], inner: Mapping[str, Graph]) -> Step:
    """The step as a form describes it; `inner` are the workflows that may stand inside. Raises Invalid, by the name of the field."""
    errors: dict[str, list[str]] = {}
    if step.kind not in ASKING:
        return _quiet(graph, _filled(step, said, inner, errors), said, errors)
    kind, colour = said.get("kind", step.kind), said.get("colour", step.colour)
    if kind not in (*KINDS, step.kind) or colour not in COLOURS:
        errors["kind"] = [_("Choose one of the list.")]
    if kind == "sign" and not said.get("meaning", "").strip():
        errors["meaning"] = [_("Say what the signature means.")]
    form = said.get("form", step.form)
    if kind == "form" and form not in forms.titles():
        errors["form"] = [_("Choose one of the list.") if form else _("Say which form is filled in.")]
    if kind == "form" and said.get("amount", "").strip() and said.get("end") == "approve":
        errors["end"] = [_("A form is not filled in by itself: choose something else.")]
    deciders = tuple(found for name in ("who", "also") if (found := _decider(name, said.get(name, ""), errors)))
    if said.get("who") == PRESENT:
        deciders = step.deciders
    made = replace(
        step, kind=kind, colour=colour, label=said.get("label", "").strip()[:120], deciders=deciders,
        needs=_share(said.get("needs", ""), errors), limit=_limit(step.limit, said, errors), when=_when(step, said),
        meaning=said.get("meaning", "").strip()[:500], form=form if kind == "form" else "",
        patient=said.get("patient") == "true", four_eyes=said.get("four_eyes") == "true")
    made = replace(made, ways=_ways(graph, step, made, said, errors))
    if errors:
        raise Invalid(errors)
    return made


def _filled(step: Step, said: Mapping[str, str], inner: Mapping[str, Graph], errors: dict[str, list[str]]) -> Step:
    """A step that holds another workflow: a copy of that as it is today, when it is another one than before."""
    wanted = said.get("workflow", "")
    if step.kind != "sub" or wanted == step.workflow:
        return step
    if wanted not in inner:
        errors["workflow"] = [_("Choose one of the list.")]
        return step
    return replace(step, workflow=wanted, graph=inner[wanted])


def _quiet(graph: Graph, step: Step, said: Mapping[str, str], errors: dict[str, list[str]]) -> Step:
    """A step that asks nobody itself: a wait, or what runs beside each other."""
    made = replace(step, label=said.get("label", "").strip()[:120], until=said.get("until", step.until).strip(),
                   join=_share(said["join"], errors, "join") if step.kind == "parallel" and "join" in said else step.join)
    made = replace(made, ways=_onward(graph, step, said, errors) + tuple(way for way in step.ways if (way.on or step.good) != step.good))
    if errors:
        raise Invalid(errors)
    return made


def to_form(step: Step) -> dict[str, Any]:
    """What the form of a step shows."""
    limit = step.limit
    who = [choice_of(each) for each in step.deciders]
    simple = len(who) <= 2 and all(who)
    return {"label": step.label, "kind": step.kind, "colour": step.colour, "who": who[0] if who and simple else PRESENT,
            "also": who[1] if len(who) == 2 and simple else "", "needs": f"{step.needs.rule}:{step.needs.value}",
            "amount": limit.amount if limit else "", "unit": limit.unit if limit else "hours", "calendar": limit.calendar if limit else "",
            "end": limit.end if limit else "", "reminder": limit.reminders[0] if limit and limit.reminders else "",
            "when": step.when.text if step.when else "", "meaning": step.meaning, "form": step.form, "until": step.until,
            "patient": step.patient,
            "four_eyes": step.four_eyes, "rejected": _leads(step, "rejected"), "returned": _leads(step, "returned"),
            "onward": next((way.to for way in step.ways if (way.on or step.good) == step.good and way.when is None), ""),
            "join": f"{step.join.rule}:{step.join.value}", "workflow": step.workflow}


def choice_of(decider: Decider) -> str:
    """The value of a decider in the list of who can be asked; empty for what the list does not hold."""
    if decider.by == "expression" or (decider.by == "manager" and decider.up != 1):
        return ""
    return f"{decider.by}:{decider.name}"


def people_offered(words: Words) -> list[tuple[str, str]]:
    """Who can be asked, for a list."""
    found = [("manager:", _("The manager of whoever asks"))]
    found += [(f"manager_of_place:{name}", _("The manager of “%(field)s”", field=label))
              for name, label in words.members_in_fields("department").items()]
    found += [(f"field:{name}", _("Whoever is in “%(field)s”", field=label)) for name, label in words.members_in_fields("member").items()]
    found += [(f"role:{key}", _("Role: %(name)s", name=label)) for key, label in words.roles.items()]
    for kind, word in (("group", _("Group: %(name)s")), ("rota", _("On duty: %(name)s")), ("member", _("Person: %(name)s"))):
        found += [(f"{kind}:{key}", word % {"name": name}) for key, name in words.named[kind].items()]
    return found


def shares_offered(present: Share) -> list[tuple[str, str]]:
    """How many can be asked to agree, for a list; what there is now is among them."""
    found = [Share("any"), Share("count", 2), Share("count", 3), Share("percent", 50), Share("all")]
    return [(f"{each.rule}:{each.value}", share(each)) for each in dict.fromkeys((*found, present))]


def _decider(name: str, said: str, errors: dict[str, list[str]]) -> Decider | None:
    by, _colon, argument = said.partition(":")
    if not said or said == PRESENT:
        if name == "who" and not said:
            errors["who"] = [_("Say who decides.")]
        return None
    made = Decider(by, argument)
    if not made.complete or by == "expression":
        errors[name] = [_("Choose one of the list.")]
    return made


def _share(said: str, errors: dict[str, list[str]], name: str = "needs") -> Share:
    rule, _colon, value = said.partition(":")
    made = Share(rule, int(value)) if rule in RULES and value.isdigit() else Share("count", 0)  # type: ignore[arg-type]
    if not made.makes_sense:
        errors[name] = [_("Choose one of the list.")]
    return made


def _limit(present: Limit | None, said: Mapping[str, str], errors: dict[str, list[str]]) -> Limit | None:
    amount, reminder = said.get("amount", "").strip(), said.get("reminder", "").strip()
    if not amount:
        return None
    unit, end = said.get("unit", "hours"), said.get("end", "")
    if not amount.isdigit() or not 0 < int(amount) <= 10_000 or unit not in UNITS or end not in LIMIT_ENDS:
        errors["amount"] = [_("Write a whole number above zero.")]
        return present
    if reminder and (not reminder.isdigit() or not 0 < int(reminder) < int(amount)):
        errors["reminder"] = [_("A reminder comes before the limit ends: write a smaller number.")]
        return present
    return replace(present or Limit(1), amount=int(amount), unit=unit, calendar=said.get("calendar", ""), end=end,
                   reminders=(int(reminder),) if reminder else ())


def _when(step: Step, said: Mapping[str, str]) -> Condition | None:
    """What was written; what the module declared stays until something is written in its place."""
    text = said.get("when", "").strip()
    if text:
        return Condition(text) if step.when is None or text != step.when.text else step.when
    return step.when if step.when is not None and not step.when.text and said.get("declared") == "true" else None


def _ways(graph: Graph, before: Step, step: Step, said: Mapping[str, str], errors: dict[str, list[str]]) -> tuple[Way, ...]:
    """The good ways, and where a refusal or a return leads."""
    found = list(_onward(graph, before, said, errors))
    for name in ("rejected", "returned"):
        to = said.get(name, "")
        if to and to not in graph.steps:
            errors[name] = [_("Choose one of the list.")]
        elif to and not (name == "rejected" and step.kind in ("review", "form")):
            found.append(Way(to, name))
    return tuple(found)


def _onward(graph: Graph, step: Step, said: Mapping[str, str], errors: dict[str, list[str]]) -> tuple[Way, ...]:
    """The good ways: those with a condition as they were, then the one that is chosen, otherwise as it was."""
    found = [replace(way, on="" if way.on == step.good else way.on) for way in step.ways if (way.on or step.good) == step.good]
    to = said.get("onward", "")
    if not to:
        return tuple(found)
    if to not in graph.steps or to == step.key or graph.steps[to].kind in MAKERS:
        errors["onward"] = [_("Choose one of the list.")]
        return tuple(found)
    return (*(way for way in found if way.when is not None), Way(to))


def _leads(step: Step, outcome: str) -> str:
    return next((way.to for way in step.ways if way.on == outcome), "")
