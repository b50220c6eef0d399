"""The demo: four invented organisations with a year of work behind them, the main job played from end to end, and data to measure on."""

from app.demo.accounts import lines as accounts

__all__ = ["accounts"]
