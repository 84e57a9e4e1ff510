# raretriage: `make help` lists the targets. The two that a newcomer needs are `make run` and `make test`.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PYTEST_WORKERS ?= 2

.PHONY: help run tables test test-long breaks check lint types requirements bench-serving bench-alone screenshots clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.pipeline ## from nothing to an answer: simulated hospital, lake, model, service on http://localhost:8000
	$(BIN)/raretriage demo

tables: $(VENV)/.pipeline ## every table of the model that `make run` made: study, gate, time; CASES=folder asks real people too
	$(BIN)/raretriage study --json var/study.json
	-$(BIN)/raretriage evaluate --env prod $(if $(CASES),--cases $(CASES)) --json var/evaluate.json
	$(BIN)/raretriage training-cost --json var/training-cost.json

test: $(VENV)/.dev ## every test but the long ones, with real back ends at smoke size
	$(BIN)/python tests/system_packages.py
	$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile -m "not long"

test-long: $(VENV)/.dev ## what takes longer: memory over a tenfold export, the whole demonstration
	$(BIN)/python tests/system_packages.py
	$(BIN)/python -m pytest -m long

breaks: $(VENV)/.dev ## break each stage in one place and see its tests fail
	$(BIN)/python tests/break_stages.py

check: $(VENV)/.dev lint types ## the inner loop, under a minute: lint, types, tests without servers
	$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS) --dist loadfile -m "not long and not server and not browser and not slow and not shared_data"

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.dev
	$(BIN)/mypy

requirements: $(VENV)/.dev ## pin the environments anew from pyproject.toml, with hashes
	$(BIN)/uv pip compile $(COMPILE) --extra pipeline --extra build --extra granian --extra dev -o requirements/dev.txt pyproject.toml
	$(BIN)/uv pip compile $(COMPILE) --extra pipeline --extra build -c requirements/dev.txt -o requirements/pipeline.txt pyproject.toml
	$(BIN)/uv pip compile $(COMPILE) -c requirements/dev.txt -o requirements.txt pyproject.toml
	for rival in mlserver bentoml; do grep -o '^onnxruntime==[^ ]*' requirements.txt | $(BIN)/uv pip compile $(COMPILE) \
		--custom-compile-command 'make requirements' -c /dev/stdin \
		-o benchmarks/$$rival/requirements.txt benchmarks/$$rival/requirements.in || exit 1; done
COMPILE := --quiet --universal --generate-hashes --no-annotate --no-emit-index-url --python-version 3.11

bench-serving: $(VENV)/.dev .venv-mlserver/.complete .venv-bentoml/.complete ## the service beside MLServer, BentoML and a bare route; ARGS=--help
	$(BIN)/python -m benchmarks.compare $(ARGS)

bench-alone: $(VENV)/.dev ## the service by itself: ready, resident, explaining, bulk beside the bare graph; ARGS=--help
	$(BIN)/python -m benchmarks.alone $(ARGS)

# Environments of their own for what is only compared with: no dependency of the project.
.venv-%/.complete: benchmarks/%/requirements.txt | $(BIN)/python
	$(PYTHON) -m venv --clear .venv-$*
	.venv-$*/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r $<
	@touch $@

screenshots: $(VENV)/.dev ## take the README's pictures while `make run` serves
	$(BIN)/python tests/screenshots.py

clean: ## remove the environments and everything that `make run` wrote
	rm -rf $(VENV) .venv-* var

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing: sudo apt-get install python3.11 python3.11-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.pipeline: requirements/pipeline.txt pyproject.toml | $(BIN)/python
	@echo "Installing the pipeline's packages into $(VENV) (once)"
	$(PIP) --no-deps --require-hashes -r requirements/pipeline.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing the packages for development into $(VENV) (once)"
	$(PIP) --no-deps --require-hashes -r requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.pipeline
