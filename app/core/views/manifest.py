"""Saved views and scheduled exports, declared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.views import choosing, planning, policy
from app.core.views.models import ExportRecipient, SavedView, ScheduledExport
from app.kernel.manifest import Action, Lines, Module, Related, Resource, Role, Setting, Task

VIEWS = {"views.saved_view.view": "company", "views.saved_view.create": "company", "views.saved_view.edit": "own",
         "views.saved_view.archive": "own", "views.scheduled_export.view": "company"}
EXPORTS = {"views.scheduled_export.create": "company",
           **{f"views.scheduled_export.{verb}": "own" for verb in ("edit", "archive", "send_now", "resume")}}

views = Resource(
    SavedView,
    columns=("title", "of_list", "sharing", "opens_first", "created_at"),
    filters=("of_list", "sharing", "opens_first"),
    search={"title": "A"},
    form={_l("View"): ("title", "of_list", "query"), _l("Who sees it"): ("sharing", "role", "group", "opens_first")},
    facts=("title", "of_list", "sharing", "role", "group", "opens_first"),  # what it keeps stands on its page in words
    importable=False,
    sort="title",
    subtitle=("of_list", "sharing"),
    icon="list",
    menu=False,
    empty=_l("Open a list, set its filters, columns and order, then choose “Views” and give it a name."),
    visible_to=policy.views_visible_to,
    before_save=choosing.complete,
    related=(Related("views.scheduled_export", "view", _l("Scheduled exports")),),
)

exports = Resource(
    ScheduledExport,
    columns=("title", "view", "form", "repeats", "at", "status", "sent_at"),
    filters=("status", "form", "repeats"),
    search={"title": "A"},
    form={_l("What is sent"): ("title", "view", "form", "zipped", "reason"), _l("When"): ("repeats", "weekday", "day", "at")},
    facts=("title", "view", "form", "zipped", "repeats", "weekday", "day", "at", "reason", "status", "said", "sent_at", "owner"),
    lines=Lines(ExportRecipient, "export", ("recipient",), _l("To whom"), minimum=1, maximum=100),
    importable=False,
    tally="status",
    subtitle=("form", "repeats"),
    icon="send",
    menu=False,
    empty=_l("Open a saved view on its list, then choose “Views” and “Send it by mail regularly”."),
    visible_to=policy.exports_visible_to,
    before_save=planning.complete,
    actions=(Action("send_now", planning.send_now, label=_l("Send now"), done="sent", said=_l("%(name)s sent %(record)s"),
                    when=planning.is_active, icon="send"),
             Action("resume", planning.resume, label=_l("Resume"), done="resumed", said=_l("%(name)s resumed %(record)s"),
                    when=planning.is_stopped, icon="play")),
)

module = Module(
    "views", label=_l("Saved views"), icon="list", section="work", resources=(views, exports),
    roles=(Role("viewer", _l("Viewer"), VIEWS), Role("auditor", _l("Auditor"), VIEWS),
           Role("member", _l("Member"), EXPORTS),
           Role("manager", _l("Manager"), {"views.saved_view.*": "company", "views.scheduled_export.*": "company"})),
    permissions=(policy.SHARE,),
    tasks=(Task(planning.TASK, _l("Send a scheduled export"), begin=planning.begin, check=planning.check,
                needs=("views.scheduled_export.create",)),),
    settings=(Setting("views.pdf_rows", _l("Most rows of a PDF"), "integer", 5_000, minimum=100, maximum=50_000,
                      help=_l("Longer lists are exported in the other formats.")),),
    on={"views.scheduled_export.archived": planning.put_away},
    screens=("app.core.views.pages",),
)
