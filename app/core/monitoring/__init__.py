"""How the installation is: alive, ready, which version."""

from app.core.monitoring.health import readiness

__all__ = ["readiness"]
