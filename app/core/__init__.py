"""The services: one folder each, one public front each."""
