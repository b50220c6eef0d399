"""What is done with dashboards: their tiles are checked on every path, and an arrangement is kept for one person."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.tiles import Tile
from app.modules.dashboards import layout
from app.modules.dashboards.models import Arrangement, Dashboard, Shared


def complete(dashboard: Dashboard) -> None:
    """Refuse tiles that mean nothing, and sharing with no group in particular; write the tiles in one form."""
    if dashboard.shared is Shared.GROUP and dashboard.group_id is None:
        raise Invalid({"group": [_("Choose the group that it is shared with.")]})
    dashboard.tiles = layout.stored(layout.parse(dashboard.tiles))


def arrangement(board: str) -> Arrangement | None:
    """How the reader arranged a dashboard that is not theirs to change."""
    return session().get(Arrangement, (current.organisation.id, current.user.id, board), populate_existing=True)


def arrange(board: str, tiles: Sequence[Tile], known: Sequence[str]) -> None:
    """Keep how the reader arranged a dashboard; `known` are all the tiles that it had."""
    values = {"organisation_id": current.organisation.id, "member_id": current.user.id, "board": board,
              "places": [layout.places_of(tiles), list(known)], "kept_at": clock.now()}
    session().execute(insert(Arrangement).values(**values).on_conflict_do_update(
        index_elements=["organisation_id", "member_id", "board"], set_={name: values[name] for name in ("places", "kept_at")}))


def forget(board: str) -> None:
    """Back to how the dashboard is for everybody."""
    session().execute(delete(Arrangement).where(Arrangement.organisation_id == current.organisation.id,
                                                Arrangement.member_id == current.user.id, Arrangement.board == board))
