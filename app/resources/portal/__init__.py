"""What developers outside read and take along: every operation of the API, samples, a Postman collection, what changed."""
