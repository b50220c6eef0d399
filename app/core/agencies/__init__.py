"""Agencies: an organisation that works for others, its clients, with people and an identity of its own."""
