"""Files: stored under random names with their SHA-256, checked by their bytes, served as attachments only."""

from __future__ import annotations

from app.core.files.models import WHOLE, RecordFile, StoredFile
from app.core.files.services import attach, detach, files_of, files_of_many, find, named, open_file, remove_all, store
from app.core.files.sight import readable
from app.core.files.views import disposition, hand_out, url_of

__all__ = ["WHOLE", "RecordFile", "StoredFile", "attach", "detach", "disposition", "files_of", "files_of_many", "find", "hand_out", "named",
           "open_file", "readable", "remove_all", "store", "url_of"]
