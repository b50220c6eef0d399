"""What stands on the page of a member beyond their record: the photo, and what they did."""
