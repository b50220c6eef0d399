"""Search, declared."""

from flask_babel import lazy_gettext as _l

from app.core.search import (
    models,  # noqa: F401 -- the tables belong to the schema
    synonyms,
)
from app.kernel.manifest import Module, Resource

synonym = Resource(
    synonyms.Synonym,
    columns=("words",),
    form={_l("Synonym"): ("words",)},
    import_key="reference",
    sort="words",
    title="words",
    icon="book-open",
    before_save=synonyms.keep,
)

module = Module("search", label=_l("Search"), icon="search", section="organisation", resources=(synonym,))
