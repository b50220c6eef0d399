"""Deleting an organisation: asked for, waited for with everything to be taken along, then done, by a job and without a trace of it left."""
