"""Who owns the organisation, and handing it over."""
