"""Documents that an organisation designs itself: Word and Excel files with variables, filled with a record or with a list."""
