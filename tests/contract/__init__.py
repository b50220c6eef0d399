"""Contract tests: what every declared resource promises."""
