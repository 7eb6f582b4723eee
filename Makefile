# The commands of the project. `make run` and `make test` are all a newcomer needs.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUN_STAMP := $(VENV)/.run-packages
DEV_STAMP := $(VENV)/.dev-packages
NPM_STAMP := node_modules/.browser-libraries
NPM_DEV_STAMP := node_modules/.browser-tools
# Half of the suite waits for browsers and servers: one process more than there are processors, four at most.
WORKERS := $(shell $(PYTHON) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))')

.PHONY: run setup setup-dev test check lint types fuzz coverage docs clean

run: setup
	@exec $(PY) main.py $(ARGS)

setup: $(RUN_STAMP) $(NPM_STAMP)

setup-dev: $(DEV_STAMP) $(NPM_DEV_STAMP)

$(PY):
	@echo "Making a private Python environment in $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 could not make a virtual environment; on Debian or Ubuntu: apt install python3-venv"; exit 1; }

$(RUN_STAMP): requirements.lock | $(PY)
	@echo "Installing the server's packages ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(DEV_STAMP): requirements-dev.lock | $(PY)
	@echo "Installing the packages of the tests and tools ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(RUN_STAMP)

$(NPM_STAMP): package-lock.json
	@if [ -e $(NPM_DEV_STAMP) ] && [ $(NPM_DEV_STAMP) -nt package-lock.json ]; then :; else \
	  echo "Installing the browser libraries ..."; npm ci --omit=dev --no-audit --no-fund --loglevel=error; fi
	@mkdir -p node_modules && touch $@

$(NPM_DEV_STAMP): package-lock.json
	@echo "Installing the browser libraries and their checks ..."
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@ $(NPM_STAMP)

test: setup-dev
	@npm test --silent
	@$(PY) -m pytest -rsR -n $(WORKERS) --dist loadfile $(TESTS)

lint: setup-dev
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .
	@npx --no-install biome check --error-on-warnings .

types: setup-dev
	@$(PY) -m mypy
	@npx --no-install tsc -p jsconfig.json

check: lint types
	@STRICT=1 $(MAKE) --no-print-directory test

fuzz: setup-dev
	@$(PY) -m tests.http_core.fuzz_parser --count 1000000
	@$(PY) -m tests.net.fuzz_live --count 200000
	@$(PY) -m pytest tests/net/test_corpus_live.py --long

coverage: setup-dev
	@$(PY) -m coverage run --source=http_core -m pytest -q tests/http_core
	@$(PY) -m coverage report --fail-under=100 --show-missing

# A named tuple's constructor is made in a namespace where pdoc cannot look names up; they stand in the source form.
docs: setup-dev
	@$(PY) -W "ignore:Error parsing type annotation ForwardRef" -m pdoc --output-directory docs/api --docformat google main http_core server
	@echo "The site is in docs/api/index.html"

clean:
	rm -rf $(VENV) node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis docs/api
