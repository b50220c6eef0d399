"""The pages of jobs, declared; the table is the kernel's."""

from flask_babel import lazy_gettext as _l

from app.core.jobs.ledgers import LEDGERS
from app.core.jobs.reports import REPORTS
from app.kernel import jobs, outbox  # noqa: F401 -- the tables belong to the schema
from app.kernel.manifest import MenuItem, Module, every

module = Module("jobs", label=_l("Jobs"), icon="list-todo", section="work", ledgers=LEDGERS, reports=REPORTS,
                menu=(MenuItem("jobs", _l("Jobs"), "list-todo", "jobs.listing", keys="jobs"),),
                permissions=("jobs.job.view", "jobs.job.manage"), schedule=(every(30, jobs.settle),))
