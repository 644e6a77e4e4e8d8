# `make help` lists the targets. They install only into .venv/, .rehearsal/ and .cache/.
PYTHON ?= python3
STACK ?= dev
PYTEST_ARGS ?= -n auto --dist loadfile
SHELL := /bin/bash
BIN := .venv/bin

.PHONY: help setup rehearse lint unit test bench bench-archive fault-matrix shell clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup: ## Install what the other targets need; quick when nothing has changed
	@$(PYTHON) -m rehearsal.engine.setup

rehearse: setup ## Deploy, change, archive and destroy STACK (dev) with the real engine on the simulated AWS
	@$(BIN)/python -m rehearsal run --stack $(STACK)

lint: setup ## Run lint and type check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/ty check

unit: setup ## Run the fast tests (under a minute); PYTEST_ARGS go to pytest
	$(BIN)/python -m pytest tests/unit tests/policy -m "not slow" --hypothesis-profile=fast $(PYTEST_ARGS)

test: lint ## Run lint, type check and every test; PYTEST_ARGS go to pytest
	$(BIN)/python -m pytest $(PYTEST_ARGS)

bench: setup ## Load-test the store against a plain Orthanc (30 min; BENCH_ARGS=--quick: 3 min)
	@$(BIN)/python -m bench $(BENCH_ARGS)

bench-archive: setup ## Measure memory and speed of `ops archive` and `ops verify` at 1,000 to 100,000 objects
	@$(BIN)/python -m bench.archive

fault-matrix: setup ## Inject a fault at every call of an archive run and print a table
	@FAULT_STRIDE=1 $(BIN)/python -m pytest -s tests/ops/test_archive_refused.py tests/ops/test_archive_killed.py

shell: setup ## Open a shell in which `pulumi` uses the simulated AWS
	@. rehearsal/env && PS1='(rehearsal) \w \$$ ' exec bash --norc -i

clean: ## Delete everything that setup and rehearsals created
	rm -rf .venv .rehearsal .cache
