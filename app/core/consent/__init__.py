"""Consent (GDPR, article 7): asked at the first sign-in, recorded with version and day, withdrawn as easily as given."""
