# `make` alone prints what there is.
#
#   PYTHON=python3.12     the Python to install with (default: python3.11, else python3)
#   TORCH_INDEX=<url>     the package index to take torch from, for another build of it
#   SLOW=1                `make test` runs the slow tests too
#   STORE=<folder or URL> what `make dashboard` shows

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALLED := $(VENV)/.installed
TORCH := $(shell sed -n '/^torch==/p' constraints.txt)
SETUPTOOLS := $(shell sed -n '/^setuptools==/p' constraints.txt)
STORE ?= automl-store

.PHONY: help install demo test check dashboard screenshots clean

help:  ## print this
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## everything, into .venv, at the versions of constraints.txt

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) '$(TORCH)'
	$(PIP) install '$(SETUPTOOLS)'
	$(PIP) install --no-build-isolation --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(INSTALLED)  ## a small search on real data, its leaderboard, and its best model in use
	$(BIN)/automl demo

test: $(INSTALLED)  ## the tests and the examples of the docstrings
	$(BIN)/python -m pytest $(if $(SLOW),,-m 'not slow') $(ARGS)

check: $(INSTALLED)  ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

dashboard: $(INSTALLED)  ## the dashboard over STORE
	$(BIN)/automl dashboard --store '$(STORE)'

screenshots: $(INSTALLED)  ## a picture of every page of the dashboard, light and dark, into docs/images
	$(BIN)/python -m benchmarks.dashboard.screenshots --out docs/images

clean:  ## remove the environment and what the tools left
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
