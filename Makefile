# The commands of this project; `make help` prints them by section.
SHELL := /bin/sh
PYTHON := .venv/bin/python
FLASK := .venv/bin/flask
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
ARGS ?=
unexport PYTHONDONTWRITEBYTECODE  # hundreds of starts, each compiling the whole of app/ again

.DEFAULT_GOAL := help
.PHONY: help run demo setup setup-tests test ordeal check bench screenshots coverage-of-requirements lock assets assets-check translations

##@ Use
run: setup ## Start everything on http://localhost:PORT (PORT and OPSFLUX_HOME can be set)
	@exec $(PYTHON) -m app.running.supervisor

demo: setup ## Throw the demo's data away and make it afresh
	@exec $(FLASK) demo reset --yes $(ARGS)

setup: ## Make .venv and install what is pinned; does nothing when nothing changed
	@.ci/setup

##@ Prove
test: setup-tests ## Run the whole suite in parallel on servers of its own (ARGS="tests/kernel -k outbox")
	@.ci/need-browser
	@exec $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal -m "not ordeal and not bench" $(ARGS)

ordeal: setup-tests ## Run what is slow and violent: kills, outages, races, hostile files
	@.ci/need-browser
	@exec $(PYTHON) .ci/ordeal.py $(ARGS)

check: setup-tests ## Check style, types, layers, templates, migrations and lock
	@.ci/check

bench: setup-tests ## Measure against the floor and print the table
	@.ci/need-browser
	@exec $(PYTHON) -m tests.bench $(ARGS)

coverage-of-requirements: setup-tests ## Say which requirements a passing test of the last run proves
	@exec $(PYTHON) -m tests.requirements_coverage $(ARGS)

screenshots: setup-tests ## Draw the contact sheets: each page, light, dark, phone, French, German, long names, empty, 10,000 rows
	@.ci/need-browser
	@exec $(PYTHON) -m tests.browser.screenshots $(ARGS)

##@ Maintain
lock: setup-tests ## Pin every package with hashes, and prove that each has a wheel for CPython 3.11 to 3.14
	@.ci/lock

assets: ## Rebuild CSS, scripts and icons with npm
	@.ci/assets

assets-check: ## Prove that the committed assets are what a rebuild gives
	@.ci/assets --check

setup-tests:
	@.ci/setup tests

help: ## Print this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-26s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
