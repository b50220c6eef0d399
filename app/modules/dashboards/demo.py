"""A dashboard that people of the demo share: what the week's meeting on safety looks at."""

from __future__ import annotations

NAME, ABOUT = "Monday safety meeting", "What we look at together each Monday at nine."
TILES = (
    {"key": "t1", "kind": "text", "title": "How we use it", "width": 2,
     "text": "First what is open, then what is due.\nWhoever owns an action says what holds it up."},
    {"key": "t2", "kind": "figure", "title": "Incidents this quarter", "resource": "hse.incident", "dated": "occurred_at", "target": 90,
     "better": "down"},
    {"key": "t3", "kind": "figure", "title": "Actions overdue or due", "resource": "hse.corrective_action", "query": "state=open"},
    {"key": "t4", "kind": "line", "title": "Incidents by week", "resource": "hse.incident", "by": "occurred_at", "every": "week",
     "split": "counted_as", "dated": "occurred_at", "width": 3},
    {"key": "t5", "kind": "pie", "title": "Potential risk", "resource": "hse.incident", "by": "potential_risk", "dated": "occurred_at"},
    {"key": "t6", "kind": "list", "title": "Next due", "resource": "hse.corrective_action", "query": "state=open", "width": 2},
    {"key": "t7", "kind": "bar", "title": "Open incidents by site", "resource": "hse.incident", "query": "status=open", "by": "site",
     "width": 2},
)
