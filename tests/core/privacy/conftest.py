"""Where data requests are tried."""

from tests.core.audit.conftest import own, stand

__all__ = ["own", "stand"]
