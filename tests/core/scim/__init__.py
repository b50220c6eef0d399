"""The directory's door."""
