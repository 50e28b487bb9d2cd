# Everything here works as root or not, with Python 3.11 or later (with venv) and make. `make` alone lists the verbs.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	command -v $(name) >/dev/null && $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
export PORT ?= 8000
TEST_WORKERS ?= 2

# Stamps: a second run finds nothing to do.
INSTALLED := .venv/.installed
DEVELOPING := .venv/.developing
ASSETS := core/static/built/manifest.json

PO := $(wildcard core/translations/*/LC_MESSAGES/*.po plugins/*/translations/*/LC_MESSAGES/*.po)
MO := $(PO:.po=.mo)
CODE = core plugins app.py tests $(wildcard benchmarks)
PAGES = $(shell find core plugins \( -name '*.html' -o -name '*.py' \) -not -path '*/static/*')

.PHONY: help install assets demo dev test lint fmt types i18n bench soak lock clean
.DELETE_ON_ERROR:

help: ## these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- for whoever runs it

install: $(INSTALLED) $(MO) ## the environment alone: `.venv/bin/linli` and REST work, pages without their style sheets

assets: $(ASSETS) ## style sheets and scripts of the pages

demo: export LINLI_DATABASE_URL ?= sqlite:///$(CURDIR)/var/demo.sqlite
demo: export LINLI_DEMO ?= 1
demo: install $(ASSETS) ## a community with a season of history on http://127.0.0.1:8000 (PORT, LINLI_DATABASE_URL)
	@mkdir -p var
	@exec $(BIN)/linli demo --run --port $(PORT)

# ---- for whoever changes it

dev: export LINLI_DATABASE_URL ?= sqlite:///$(CURDIR)/var/dev.sqlite
dev: $(DEVELOPING) $(MO) $(ASSETS) ## a server that restarts itself at every change
	@mkdir -p var
	@$(BIN)/linli upgrade
	@exec $(BIN)/flask --app app run --debug --port $(PORT) --extra-files $(ASSETS)

test: lint types $(MO) $(ASSETS) ## lint, types, import contracts, catalogues, all tests on both databases
	$(BIN)/python -m core.upkeep.i18n check
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal

lint: $(DEVELOPING) ## style and import contracts
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports --no-logo

fmt: $(DEVELOPING) ## put the code in order
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

types: $(DEVELOPING) ## mypy, strict
	$(BIN)/mypy $(CODE)

i18n: $(DEVELOPING) ## take new sentences into every catalogue
	@$(BIN)/python -m core.upkeep.i18n update
	@$(MAKE) --no-print-directory $(MO)

bench: $(DEVELOPING) $(MO) $(ASSETS) ## the ratios of the README, each from one run
	$(BIN)/python -m benchmarks

soak: $(DEVELOPING) $(MO) $(ASSETS) ## property and race tests again and again, ROUNDS times
	@for round in $$(seq $(or $(ROUNDS),10)); do echo "round $$round"; \
		$(BIN)/python -m pytest -k "race or property" --hypothesis-profile soak --hypothesis-seed $$round || exit 1; done

lock: $(INSTALLED) ## renew the lock files from pyproject.toml
	$(PIP) install 'uv>=0.9'
	$(BIN)/uv pip compile $(LOCKING) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCKING) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCKING) --group assets -o requirements-assets.lock
	npm install --package-lock-only

clean: ## everything that was made, the demo's data too
	rm -rf .venv node_modules core/static/built var *.egg-info build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find core plugins tests -name __pycache__ -prune -exec rm -rf {} +
	rm -f $(MO)

LOCKING := --universal --no-annotate --no-header --quiet --upgrade --python-version 3.11

# ---- what they are made of

.venv/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Linli needs Python 3.11 or later; make PYTHON=/path/to/python names another one." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python's venv is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(INSTALLED): .venv/pyvenv.cfg requirements.lock pyproject.toml
	@echo "Installing Linli into .venv …"
	@$(PIP) install --requirement requirements.lock
	@$(PIP) install --no-deps --editable .
	@touch $@

$(DEVELOPING): $(INSTALLED) requirements-dev.lock
	@echo "Installing what tests and checks need …"
	@$(PIP) install --requirement requirements-dev.lock
	@touch $@

%.mo: %.po | $(INSTALLED)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

$(ASSETS): $(INSTALLED) package.json package-lock.json requirements-assets.lock $(wildcard core/static/*.*) $(PAGES)
	@npm --version 2>/dev/null | grep -qE "^([7-9]|[1-9][0-9])[.]" || $(PIP) install --requirement requirements-assets.lock
	@$(BIN)/python -m core.web.assets
