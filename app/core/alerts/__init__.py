"""Alerts: what looks like an attack or a failing trail is told to those who answer for it, once, and proven to have arrived."""
