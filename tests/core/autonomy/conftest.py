"""The house in which proposals are tried."""

from tests.core.approvals.conftest import house

__all__ = ["house"]
