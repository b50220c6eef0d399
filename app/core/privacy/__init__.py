"""Privacy: copies of one's data and erasure, asked for, approved, and done by jobs; what was deleted is anonymised after 90 days."""
