"""The business modules: each a declaration, found by its folder."""
