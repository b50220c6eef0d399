"""The API: its limit, what is counted of it, and the page that shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.api import keeping, models  # noqa: F401 -- the table is declared by being imported
from app.kernel import limits
from app.kernel.manifest import MenuItem, Module, Role, Setting, daily, every

DOCUMENTED = "api.description.view"  # every member may read the description; whom it concerns has it in the menu

module = Module(
    "api", label=_l("API"), icon="terminal", section="system",
    settings=(Setting(
        "api.requests_per_hour", _l("Requests of a token in each hour"), "integer", limits.API.most, minimum=10, maximum=100_000,
        help=_l("Past it the API answers 429 and says when to come back. It holds for each token and each app alone.")),),
    roles=(Role("integrator", _l("Integrator"), {DOCUMENTED: "company"}, start="developers",
                help=_l("Builds on the API: sees its description and makes tokens, but no business record.")),),
    permissions=(DOCUMENTED,),
    menu=(MenuItem("developers", _l("For developers"), "book-open", "developers.listing", section="system", permission=DOCUMENTED),
          MenuItem("api_usage", _l("Use of the API"), "terminal", "api_usage.page", section="system", permission="api.usage.view")),
    schedule=(every(600, keeping.keep), daily("03:20", keeping.forget)),
)
