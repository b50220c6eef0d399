"""Signing in through one's organisation."""
