# make run    start the platform on this machine        make test   all tests
# make conformance  what callers and Knative rely on, held against FLIPBOOK_URL (BROKER_URL, API_KEY) or this machine
# make check  format, lint, types, manifests, floors    make bench  the tables of bench/
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8080
DATA_DIR ?= .flipbook
export PORT DATA_DIR

BIN := $(VENV)/bin
RUN := $(VENV)/.for-run
DEV := $(VENV)/.for-development
CLIENTS := $(VENV)/.for-other-clients
WHEELS := $(VENV)/wheels/.complete
REQUIREMENTS := requirements.txt constraints.txt $(wildcard functions/requirements.txt functions/*/requirements.txt local/requirements.txt)

NODE_CLIENTS := tests/clients/node/node_modules/.package-lock.json
MODULES := web/node_modules/.package-lock.json
PAGE := web/dist/index.html
# Vite asks for it, and Debian packs npm apart. An older one, or none, is no reason to go without the API.
NODE := { node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null; }

.PHONY: run test conformance check format bench locks wheels clean

run: $(RUN) $(PAGE)
	@exec $(BIN)/python -m local run $(ARGS)

test: $(DEV) $(CLIENTS) $(NODE_CLIENTS) $(PAGE)
	$(BIN)/python -m pytest $(ARGS)
	@$(if $(ARGS),,! $(NODE) || npm --prefix web test)

# Its own folder only: on a cluster it needs nothing of the house.
conformance: $(DEV)
	$(BIN)/python -m pytest --confcutdir tests/conformance tests/conformance $(ARGS)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m local lint knative eventing $(addprefix --crds ,$(wildcard ../shared/knative/crds))
	$(BIN)/python -m pytest -q tests/architecture
	@! $(NODE) || { $(MAKE) -s $(MODULES) && npm --prefix web run --silent check; }

format: $(DEV)
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

bench: $(DEV) $(PAGE)
	$(BIN)/python bench/draw.py
	$(BIN)/python bench/slicing.py
	$(BIN)/python bench/cold_start.py
	$(BIN)/python bench/first_step.py
	$(BIN)/python bench/lanes.py
	$(BIN)/python bench/end_to_end.py
	$(BIN)/python bench/api.py
	$(BIN)/python bench/callbacks.py
	$(BIN)/python bench/page.py

# The lock files of the images, with a hash for each package. Asks the package index, and nothing else does.
locks: $(DEV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r image/packages/uv.txt
	image/lock.sh $(BIN)/uv

# What the images install, for the tests that install it as the images do; without it they are skipped.
wheels: $(WHEELS)

$(WHEELS): $(DEV) $(wildcard image/locks/*.txt)
	@rm -rf $(VENV)/wheels
	@for lock in functions generate compiler sbom; do \
		$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
			--require-hashes --dest $(VENV)/wheels -r image/locks/$$lock.txt || exit 1; \
	done
	@# PyTorch as this machine has it, which may be a build without CUDA: another file than the lock's.
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary :all: \
		-c constraints.txt --dest $(VENV)/wheels -r image/packages/torch.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	@# Debian's without python3-venv fails half-way, and leaves a python without pip.
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUN): $(BIN)/python $(REQUIREMENTS)
	@echo "Installing what the platform needs into $(VENV), once. PyTorch is large: this takes some minutes."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements.txt
	@touch $@

$(DEV): $(RUN) tests/requirements.txt local/lint/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r tests/requirements.txt
	@touch $@

# The page. Whatever keeps it from being built is said, and keeps nothing else from running.
$(PAGE): web/package-lock.json $(wildcard web/*.html web/*.ts) $(shell find web/src -type f 2>/dev/null)
	@if ! $(NODE); then \
		echo "The page is not built: it takes Node 20.19 or newer, with npm. The API runs without it."; \
	elif ! { $(MAKE) -s $(MODULES) && npm --prefix web run --silent build -- --logLevel warn; }; then \
		echo "The page is not built: see above why. The API runs without it."; \
	fi

$(MODULES): web/package-lock.json
	@echo "Installing what the page is built with into web/node_modules, once."
	@npm ci --prefix web --no-audit --no-fund --loglevel=error
	@touch $@

# Other people's clients, which only tests use: old versions in folders of their own.
$(CLIENTS): $(DEV) $(wildcard tests/clients/python/*.txt)
	@rm -rf $(VENV)/clients
	@for list in tests/clients/python/*.txt; do \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
			--target $(VENV)/clients/$$(basename $$list .txt) -r $$list || exit 1; \
	done
	@touch $@

# Those for Node, as soon as it is there.
$(NODE_CLIENTS): tests/clients/node/package-lock.json
	@! command -v npm >/dev/null || \
		{ npm ci --prefix tests/clients/node --no-audit --no-fund --loglevel=error && touch $@; }
