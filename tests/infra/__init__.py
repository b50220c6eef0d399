"""What the tests stand on: servers of their own, databases, running copies, and the record of what passed."""
