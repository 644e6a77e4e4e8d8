# `make help` lists the targets. Everything they install stays in .venv/, .rehearsal/ and .cache/.
PYTHON ?= python3
STACK ?= dev
PYTEST_ARGS ?= -n auto --dist loadfile
SHELL := /bin/bash
BIN := .venv/bin

.PHONY: help setup rehearse lint unit test bench bench-archive fault-matrix shell clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup: ## Install everything that the targets below need; quick when nothing changed
	@$(PYTHON) -m rehearsal.engine.setup

rehearse: setup ## Take STACK (dev) through its whole life with the real engine on the simulated AWS
	@$(BIN)/python -m rehearsal run --stack $(STACK)

lint: setup ## Check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/ty check

unit: setup ## Run the fast tests, in less than a minute; PYTEST_ARGS go to pytest
	$(BIN)/python -m pytest tests/unit tests/policy -m "not slow" $(PYTEST_ARGS)

test: lint ## Lint, types and every test; PYTEST_ARGS go to pytest
	$(BIN)/python -m pytest $(PYTEST_ARGS)

bench: setup ## Measure the store beside a bare Orthanc (about half an hour); BENCH_ARGS=--quick for three minutes
	@$(BIN)/python -m bench $(BENCH_ARGS)

bench-archive: setup ## Memory and speed of `ops archive` and `ops verify` at 1,000 to 100,000 objects
	@$(BIN)/python -m tests.ops.bench_archive

fault-matrix: setup ## A fault at every single call of an archive run, as a table
	@FAULT_STRIDE=1 $(BIN)/python -m pytest -s tests/ops/test_archive_refused.py tests/ops/test_archive_killed.py

shell: setup ## A shell in which `pulumi` is the rehearsal's
	@. rehearsal/env && PS1='(rehearsal) \w \$$ ' exec bash --norc -i

clean: ## Remove everything that setup and rehearsals have made
	rm -rf .venv .rehearsal .cache
