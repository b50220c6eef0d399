"""Tests of the business modules."""
