# uprightd: `make demo` shows it, `make test` tests it. Both set up what they need in .venv, once.

VENV   := .venv
BIN    := $(VENV)/bin
# mediapipe's wheels end at Python 3.12, so the first of these that is 3.11 or 3.12 makes the environment.
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && { echo $$p; break; }; done)
MAKEFLAGS += --no-print-directory

.PHONY: help demo test test-full-size docs lint format clean

help:
	@echo "make demo    play the bundled clip through the real loop (installs what it needs first)"
	@echo "make test    run the whole test suite (installs what it needs first)"
	@echo "make test-full-size   load a Sapiens2 of full size with random weights (1.6 GB on disk)"
	@echo "make docs    write docs/METRICS.md, docs/DERM.md and their figures anew"
	@echo "make lint    ruff and pyright"
	@echo "make format  let ruff lay out the code"
	@echo "make clean   remove the environment and build leftovers"

demo: $(VENV)/.installed
	@$(BIN)/uprightd demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

test-full-size: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m full_size

docs: $(VENV)/.installed-dev
	$(BIN)/python docs/build_metrics.py
	$(BIN)/python docs/build_derm.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "uprightd needs Python 3.11 or 3.12 (mediapipe has no wheel for newer ones)."; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing uprightd and its pose model into $(VENV) (about 1 GB, once) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[light]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[light,sapiens2,mqtt,parquet,cluster,dev]"
	@touch $@
