.DEFAULT_GOAL := help
.PHONY: help demo test soak mutate-rls up down env bench page wheel lint audit licences sbom format setup lock schema clean
PYTHON ?= python3
BIN := .venv/bin

# A copied checkout has a copied .venv, whose commands would run the original's code on the original's data.
ifneq ($(shell cat .venv/ready 2>/dev/null),$(CURDIR))
.PHONY: .venv/ready
VENV_FLAGS := --clear
endif

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## Run everything with a simulated plant until Ctrl-C
	@exec $(BIN)/fluxio-local demo

# A file's tests share a stack, so a file stays with one process.
test: setup ## Run every test on a real database and a real browser
	@$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile $(ARGS)

soak: setup ## Run the long forms of the tests that have one
	@FLUXIO_TEST_SOAK=1 $(BIN)/python -m pytest -m soak $(ARGS)

mutate-rls: setup ## Break row security in every way and see the tests notice
	@$(BIN)/python -m pytest tests/integration/database/test_rls_mutations.py $(ARGS)

up: setup ## Start the services in the background, without the plant
	@$(BIN)/fluxio-local up

down: setup ## Stop what `make up` started; the data stays
	@$(BIN)/fluxio-local down

env: setup ## Print keys, addresses and the login as KEY=value lines
	@$(BIN)/fluxio-local env

bench: setup ## Measure ingest and reports, as ratios within one run
	@PYTHONPATH=tests $(BIN)/python -m load
	@$(BIN)/python sql/benchmarks/ingest.py
	@$(BIN)/python sql/benchmarks/reports.py

lint: setup ## Check style and types of Python, SQL and JavaScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint supabase sql
	node_modules/.bin/biome ci .
	node_modules/.bin/tsc --noEmit
	node_modules/.bin/tsc --noEmit -p dashboard_static/tsconfig.json
	$(BIN)/python .ci/find_secrets.py
	$(BIN)/python .ci/licences.py > .venv/licences.md && diff .venv/licences.md docs/licences.md
	$(BIN)/python .ci/audit.py

audit: setup ## Look for known vulnerabilities in what the lock files name
	@$(BIN)/python .ci/audit.py

licences: setup ## Write docs/licences.md anew; fails at a licence that may not be used
	@$(BIN)/python .ci/licences.py > .venv/licences.md && cp .venv/licences.md docs/licences.md

sbom: setup ## List what server and page are made of, as CycloneDX, in dist
	@mkdir -p dist
	@$(BIN)/cyclonedx-py requirements api/requirements.lock --output-reproducible --output-format JSON --output-file dist/sbom-server.json
	@npm sbom --sbom-format cyclonedx --package-lock-only --omit dev > dist/sbom-page.json

format: setup ## Let the formatters have their way
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	node_modules/.bin/biome check --write .

page: setup ## Make the page for a web host, in dist/page
	@node dashboard_static/build/page.mjs dist/page

wheel: setup ## Make the wheel of API, page and edge agent, in dist
	@node dashboard_static/build/page.mjs api/fluxio_api/dashboard
	@rm -rf build
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

schema: ## Print the migrations as one file, for an SQL editor
	@cat supabase/migrations/*.sql

setup: .venv/ready node_modules/ready dashboard_static/vendor/ready ## Install what pyproject.toml and package.json name

.venv/ready: pyproject.toml requirements.lock
	@$(PYTHON) -m venv $(VENV_FLAGS) .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo '$(CURDIR)' > $@

# Not `npm ci`: it refuses a lock file made where the packages of other platforms cannot be had. This keeps to the lock
# file as well and never writes it.
node_modules/ready: package.json package-lock.json
	@npm install --no-save --silent --no-audit --no-fund
	@touch $@

dashboard_static/vendor/ready: node_modules/ready dashboard_static/build/vendor.mjs
	@node dashboard_static/build/vendor.mjs
	@touch $@

lock: ## Resolve the dependencies anew into the lock files
	$(BIN)/uv pip compile --quiet --upgrade --no-emit-index-url --generate-hashes --all-extras --universal \
	  --python-version 3.11 pyproject.toml -o requirements.lock
	$(MAKE) api/requirements.lock
	rm -rf node_modules package-lock.json
	npm install --package-lock-only --omit-lockfile-registry-resolved

# What a server needs of requirements.lock, in the same versions.
api/requirements.lock: requirements.lock
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --generate-hashes --universal \
	  --python-version 3.11 --extra api --extra archive --extra otel --extra redis --extra sentry --group build --constraint requirements.lock pyproject.toml -o $@

clean: down ## Delete the local database, its keys and everything installed
	@$(BIN)/fluxio-local reset --yes
	rm -rf .venv node_modules dashboard_static/vendor api/fluxio_api/dashboard build dist
