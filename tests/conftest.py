"""Fixtures for every test; what each gives is said where it is made."""

pytest_plugins = ("tests.infra.databases", "tests.infra.serving", "tests.infra.results", "tests.infra.vouching",
                  "tests.infra.asserting", "tests.infra.directory", "tests.infra.mailbox")
