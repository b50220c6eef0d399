"""Procurement: suppliers, requisitions with their lines, payments, and the journal lines that releasing them writes."""
