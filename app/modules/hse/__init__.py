"""Health, safety and environment: incidents and the corrective actions that follow from them."""
