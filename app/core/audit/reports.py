"""The reports that come with the audit trail."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import ReportOf

REPORTS = (
    ReportOf("audit.refused_sign_ins", _l("Refused sign-ins"), "audit.entry", ("at", "actor", "reason", "channel"),
             _l("Who was not let in during the last thirty days, day by day, and why."),
             filters="action=auth.sign_in&result=refused&at__gte=today-30", sort="-at", group="at:day", chart="line"),
    ReportOf("audit.changes_of_roles", _l("Changes of roles and permissions"), "audit.entry",
             ("at", "actor", "action", "reference", "result"),
             _l("Who gave what to whom, or took it away, in the last ninety days."),
             filters="resource=access.role&resource=access.role_change&resource=access.single_permission&resource=access.request"
             "&resource=people.member_role&resource=people.group_role&result=ok&at__gte=today-90",
             sort="-at", group="resource", chart="bar"),
    ReportOf("audit.taken_out", _l("Data taken out, by person"), "audit.entry", ("at", "action", "resource", "reference", "channel"),
             _l("Exports of the last thirty days."), filters="action__ic=.export&result=ok&at__gte=today-30", sort="-at", group="actor",
             chart="bar"),
)
