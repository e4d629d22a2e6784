# Two commands: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install install-vectors run test lint prove bench clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed node_modules/installed ## .venv with the marketplace program, and the page assets

.venv/installed: requirements.txt setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

.venv/installed-test: .venv/installed requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
	touch $@

.venv/installed-ci: .venv/installed-test requirements-ci.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-ci.txt
	touch $@

install-vectors: .venv/installed ## the extra that adds closeness of meaning to matching (160 MB; MARKETPLACE_SEARCH_VECTORS=true)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-vectors.txt

node_modules/installed: package-lock.json marketplace/assets.py .venv/installed
	$(BIN)/python -m marketplace.assets
	mkdir -p node_modules && touch $@

run: install ## migrate, load the demonstration when empty, serve (PORT, MARKETPLACE_HOME)
	MARKETPLACE_DEMONSTRATION=$${MARKETPLACE_DEMONSTRATION:-true} $(BIN)/marketplace upgrade
	MARKETPLACE_DEMONSTRATION=$${MARKETPLACE_DEMONSTRATION:-true} $(BIN)/marketplace demo --if-empty
	MARKETPLACE_DEMONSTRATION=$${MARKETPLACE_DEMONSTRATION:-true} exec $(BIN)/marketplace run

test: install .venv/installed-test ## the fast tests, on SQLite
	$(BIN)/python -m pytest -n 2 -m "not browser and not slow"

lint: .venv/installed-ci ## ruff and mypy
	$(BIN)/ruff check --no-cache --line-length 120 --select E,F,W,I,UP,B,RUF100 --ignore E501 marketplace suppliers tenders search tests migrations
	$(BIN)/mypy --cache-dir /dev/null marketplace suppliers tenders search

prove: install .venv/installed-ci ## every promise at full length, on SQLite then PostgreSQL, and one table of what came out
	$(BIN)/python -m tests.promises

bench: install .venv/installed-test ## speed as ratios to a yardstick in the same run (YARDSTICKS=folder)
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.alerts
	$(BIN)/python -m tests.bench.search --large
	$(BIN)/python -m tests.bench.storm

clean: ## remove what install made (not what a running copy keeps)
	rm -rf .venv node_modules build marketplace/static/vendor *.egg-info
