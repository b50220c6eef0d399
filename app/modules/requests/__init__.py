"""Requests: what people ask for that no other module is about, each kind agreed by a workflow of its own."""
