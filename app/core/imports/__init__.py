"""Imports: any table file, mapped, checked in full, written as one change set, and taken back as one."""

from app.core.imports.applying import summary
from app.core.imports.guess import guess
from app.core.imports.mapping import Mapping, Place, importable, needed
from app.core.imports.models import ImportMapping, ImportRelated, ImportRow, ImportRun, State
from app.core.imports.runs import (
    begin,
    came_in,
    changes,
    find_run,
    give_up,
    look_again,
    preview,
    recent,
    refused,
    reshape,
    save_mapping,
    saved_mapping,
    saved_mappings,
    start_apply,
    start_check,
    start_rollback,
    to_be_made,
    use_mapping,
    what_would_stay,
)

__all__ = ["ImportMapping", "ImportRelated", "ImportRow", "ImportRun", "Mapping", "Place", "State", "begin", "came_in", "changes",
           "find_run", "give_up", "guess", "importable", "look_again", "needed", "preview", "recent", "refused", "reshape", "save_mapping",
           "saved_mapping", "saved_mappings", "start_apply", "start_check", "start_rollback", "summary", "to_be_made",
           "use_mapping", "what_would_stay"]
