"""The twelve workflows, run through: every branch, refusal, quorum, escalation, delegation, absence, withdrawal and re-opening."""

from app.demo.agreeing.playing import run

__all__ = ["run"]
