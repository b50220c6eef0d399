"""The API as its administrators see it: how often it is asked, by whom, how fast it answers, what it refuses."""
