"""What a step is in words: what it is called, who is asked, how many must agree, until when."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.core import access, forms
from app.core.calendar import DutyRota, WorkCalendar
from app.core.people import Group, Member
from app.core.workflow.graph import ASKING, Condition, Decider, Limit, Step
from app.core.workflow.shares import Share
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry

MOST = 300


class Words:
    """The words of one page: names of roles, groups, members, rotas and fields, each read once."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    @cached_property
    def roles(self) -> dict[str, str]:
        """Roles by key."""
        return dict(access.role_choices())

    @cached_property
    def named(self) -> dict[str, dict[str, str]]:
        """Groups, members and rotas, by kind and id."""
        found = {}
        for kind, model in (("group", Group), ("member", Member), ("rota", DutyRota)):
            query = select(model.id, model.name).where(model.archived_at.is_(None)).order_by(model.name_key).limit(MOST)
            found[kind] = {str(row[0]): row[1] for row in session().execute(query)}
        return found

    @cached_property
    def calendars(self) -> dict[str, str]:
        """Working hours by id."""
        rows = session().execute(select(WorkCalendar.id, WorkCalendar.name).where(WorkCalendar.archived_at.is_(None)).limit(MOST))
        return {str(row[0]): row[1] for row in rows}

    @cached_property
    def forms(self) -> dict[str, Any]:
        """The forms that can be filled in, by code."""
        return forms.titles()

    def form(self, code: str) -> str:
        """What a form is called."""
        return str(self.forms.get(code, code))

    def members_in_fields(self, table: str) -> dict[str, str]:
        """The fields of the record that name a member, or a department."""
        return {name: str(said.label) for name, said in fields_of(self.resource.model).items() if said.reference == table}

    def title(self, step: Step) -> str:
        """What a step is called."""
        if step.label:
            return _(step.label)
        if step.kind == "form" and step.form:
            return self.form(step.form)
        fixed = {"submit": _("Asked for"), "effect": _("Takes effect"), "end": _("End"), "parallel": _("At the same time"),
                 "wait": _("Wait"), "publish": _("Told"), "create": _("Made"), "sub": self._inside(step)}
        return fixed.get(step.kind) or step.key.replace("_", " ").capitalize()

    def _inside(self, step: Step) -> str:
        """The workflow that a step holds."""
        named = registry.approvals.get(step.workflow)
        return str(named.label) if named else _("Another workflow")

    def second_line(self, step: Step) -> str:
        """The quieter line in the picture."""
        if step.kind in ASKING:
            return self.who(step)
        return self._field(step.until) if step.kind == "wait" else ""

    def who(self, step: Step) -> str:
        """Who decides a step."""
        return ", ".join(self.decider(each) for each in step.deciders)

    def decider(self, decider: Decider) -> str:
        """Who one description means."""
        match decider.by:
            case "role":
                return self.roles.get(decider.name, decider.name)
            case "group" | "member" | "rota":
                return self.named[decider.by].get(decider.name, _("nobody any more"))
            case "able":
                return _("Whoever may do this: %(permission)s", permission=decider.name)
            case "manager":
                return _("The manager of whoever asks") if decider.up == 1 else _("%(up)d managers above whoever asks", up=decider.up)
            case "manager_of_place":
                return _("The manager of “%(field)s”", field=self._field(decider.name))
            case "manager_of_member":
                return _("The manager of whoever is in “%(field)s”", field=self._field(decider.name))
            case "field":
                return _("Whoever is in “%(field)s”", field=self._field(decider.name))
        return _("Members for whom: %(condition)s", condition=decider.condition.text if decider.condition else "")

    def facts(self, step: Step) -> list[str]:
        """The rest of what is to be known of a step, a sentence each."""
        found = []
        if step.kind in ASKING:
            found.append(share(step.needs))
        if step.kind == "sign":
            found.append(_("Signed: “%(meaning)s”", meaning=_(step.meaning) if step.meaning else ""))
        if step.kind == "form":
            found.append(_("To be filled in: “%(form)s”", form=self.form(step.form)))
        if step.when is not None:
            found.append(_("Only if %(condition)s", condition=condition(step.when)))
        if step.limit is not None:
            found.append(self._limit(step.limit))
        if step.patient:
            found.append(_("A refusal does not end it while enough others can agree."))
        if step.kind in ASKING and not step.four_eyes:
            found.append(_("Who decided before may decide again."))
        return found

    def outcomes(self, step: Step, name: str) -> str:
        """Where a refusal leads; empty where it ends the whole."""
        return next((way.to for way in step.ways if way.on == name), "")

    def _limit(self, limit: Limit) -> str:
        amount = {"minutes": ngettext("%(num)d minute", "%(num)d minutes", limit.amount), "hours": ngettext(
            "%(num)d hour", "%(num)d hours", limit.amount), "days": ngettext("%(num)d day", "%(num)d days", limit.amount)}[limit.unit]
        hours = {"": "", "organisation": _("of working time"), "site": _("of the site's working time")}.get(
            limit.calendar, self.calendars.get(limit.calendar, ""))
        end = {"": "", "approve": _("then it counts as approved"), "reject": _("then it counts as rejected"),
               "cancel": _("then it is withdrawn")}[limit.end]
        return ", ".join(part for part in (_("Within %(time)s", time=f"{amount} {hours}".strip()), end) if part)

    def _field(self, name: str) -> str:
        described = fields_of(self.resource.model).get(name)
        return str(described.label) if described else name


def share(needs: Share) -> str:
    """How many must agree."""
    if needs.rule == "all":
        return _("All of them must agree.")
    if needs.rule == "percent":
        return _("%(value)d %% of them must agree.", value=needs.value)
    if needs.rule == "any" or needs.value == 1:
        return _("One of them is enough.")
    count = needs.value
    return ngettext("%(num)d of them must agree.", "%(num)d of them must agree.", count)


def condition(found: Condition) -> str:
    """A condition as it was written, or what the module declares."""
    if found.text:
        return found.text
    return _("the amount is above “%(limit)s”", limit=_setting(found.above)) if found.above else _("the module says so")


def _setting(key: str) -> str:
    from app.core import settings

    return str(settings.declared(key).label)
