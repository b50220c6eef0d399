"""Working time, declared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.calendar import absences, services
from app.core.calendar.absence import Absence
from app.core.calendar.models import DutyRota, DutyTurn, Holiday, WorkCalendar, WorkShift
from app.kernel.manifest import Lines, Module, Related, Resource, Role

hours = Resource(
    WorkCalendar,
    columns=("name", "site", "timezone"),
    filters=("site",),
    search={"name": "A", "site": "B"},
    form={_l("Working hours"): ("name", "site", "timezone")},
    lines=Lines(WorkShift, parent="calendar", label=_l("Shifts"), minimum=1, maximum=60, fields=("weekday", "opens", "closes")),
    import_key="name",
    sort="name",
    title="name",
    subtitle=("site", "timezone"),
    icon="clock",
    before_save=services.keep_hours,
    related=(Related("calendar.holiday", "calendar", _l("Holidays")),),
)

holidays = Resource(
    Holiday,
    columns=("name", "starts_on", "ends_on", "calendar"),
    filters=("calendar", "starts_on"),
    search={"name": "A"},
    form={_l("Holiday"): ("name", "starts_on", "ends_on", "calendar")},
    import_key="reference",
    sort="starts_on",
    title="name",
    subtitle=("starts_on", "calendar"),
    icon="calendar",
    before_save=services.keep_holiday,
)

rotas = Resource(
    DutyRota,
    columns=("name", "purpose"),
    search={"name": "A", "purpose": "B"},
    form={_l("Duty rota"): ("name", "purpose")},
    import_key="name",
    sort="name",
    title="name",
    subtitle=("purpose",),
    icon="refresh-cw",
    related=(Related("calendar.duty_turn", "rota", _l("Turns of duty")),),
)

turns = Resource(
    DutyTurn,
    columns=("rota", "member", "starts_at", "ends_at"),
    filters=("rota", "member", "starts_at", "ends_at"),
    search={"reference": "A", "rota": "A", "member": "A"},
    form={_l("Turn of duty"): ("rota", "member", "starts_at", "ends_at")},
    import_key="reference",
    sort="-starts_at",
    title="rota",
    subtitle=("member", "starts_at"),
    icon="user-check",
    before_save=services.keep_turn,
)

away = Resource(
    Absence,
    section="work",
    columns=("member", "kind", "starts_at", "ends_at", "cover", "source"),
    filters=("member", "kind", "cover", "starts_at", "ends_at", "source"),
    search={"reference": "A", "member": "A"},
    form={_l("Who is away"): ("member", "kind", "starts_at", "ends_at", "timezone"), _l("In the meantime"): ("cover", "note")},
    facts=("member", "kind", "starts_at", "ends_at", "timezone", "cover", "note", "source"),
    import_key="reference",
    sort="-starts_at",
    title="member",
    subtitle=("kind", "starts_at", "ends_at"),
    tally="kind",
    icon="plane",
    defaults=absences.defaults,
    before_save=absences.keep,
)

_OWN = {f"{absences.KEY}.{verb}": "own" for verb in ("view", "create", "edit", "archive")}  # managers see those of their people besides

module = Module(
    "calendar", label=_l("Working time"), icon="calendar-clock", section="automation", resources=(hours, holidays, rotas, turns, away),
    roles=(Role("member", _l("Member"), _OWN),), permissions=(absences.MANAGE,))
