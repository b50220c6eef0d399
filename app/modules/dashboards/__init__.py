"""Dashboards: figures, charts and lists of everything on one page, for a role, for a group, or for oneself."""
