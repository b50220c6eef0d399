"""`make bench`: what the product costs, each figure against the floor that the same machine gives in the same run."""
