"""Tests of health and safety."""
