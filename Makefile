# Each target installs what it needs: `make demo` and `make test` require only Python 3.11 (or newer) and make.
#
#   make demo    samples and a short search of a pretrained model, then a short training of a new one (at most 10 minutes on 2 cores)
#   make test    runs the tests in two processes;  ARGS='-m slow' for the slow ones, ARGS=tests/unit/grammar for a folder, JOBS=0 for one process
#   make notebooks  runs the notebooks in full and saves their outputs (a quarter of an hour);  ARGS=01_molecules selects one
#   make docs    builds the documentation as HTML, docs/_build/html/index.html
#   make lint    runs ruff and pyright
#   make bench   grae compared with published or standard methods, a table of ratios;  ARGS='--data zinc250k --json bench.json'
#   make bench-peers  grae compared with other software, docs/peers.md;  ARGS='--rows parsing masks --seconds 5'
#   make clean   removes .venv, .venv-peers and caches; keeps runs/

.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check install -qq --no-input -c constraints.txt
DEMO := runs/demo
SHOWN := runs/demo-zinc250k
ARGS ?=
JOBS ?= 2

# The first Python 3.11 or newer that can create a virtual environment; PYTHON=... selects another.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3 python /usr/bin/python3; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$name" && break; done)

.PHONY: help demo test bench bench-peers docs notebooks lint clean

help:
	@sed -n 's/^#   //p' Makefile

# Stamp files in .venv: an installation runs once, and again when its requirements change.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with venv found; install one (Debian: apt install python3-venv) or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "making $(VENV) with $(PYTHON)" >&2
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/run.stamp: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing grae (torch and rdkit are large: this can take minutes)" >&2
	@$(PIP) -e .
	@touch $@

$(VENV)/dev.stamp: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing grae and what its tests need (torch and rdkit are large: this can take minutes)" >&2
	@$(PIP) -e '.[dev]'
	@touch $(VENV)/run.stamp $@

demo: $(VENV)/run.stamp
	@rm -rf $(DEMO) $(SHOWN)
	@mkdir -p $(SHOWN)
	@echo "1. a model that comes with grae: samples" >&2
	@$(BIN)/grae sample --model zinc250k -n 1000 --out $(SHOWN)/samples.smi --draw $(SHOWN)/samples.png
	@echo "2. a search for molecules of high logP in it" >&2
	@$(BIN)/grae optimize --model zinc250k-search --target logp --rounds 10 --start-limit 2000 --out $(SHOWN)/logp
	@echo "3. a model of your own: two minutes on 10,000 molecules" >&2
	@$(BIN)/grae train --grammar smiles --preset quick --noise 0.5 --beta 0.05 --time-budget 2 --out $(DEMO)
	@$(BIN)/grae sample $(DEMO) -n 1000 --out $(DEMO)/samples.smi --draw $(DEMO)/samples.png
	@$(BIN)/grae evaluate $(DEMO) -n 1000
	@$(BIN)/grae report $(DEMO) > /dev/null
	@echo "samples: $(SHOWN)/samples.smi   drawing: $(SHOWN)/samples.png   search: $(SHOWN)/logp"
	@echo "your own: $(DEMO)/samples.smi   drawing: $(DEMO)/samples.png   report: $(DEMO)/report.html"

test: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

bench: $(VENV)/dev.stamp
	@$(BIN)/python tests/benchmarks/bench.py $(ARGS)

# The peers require other versions of grae's dependencies, so they are installed in a separate environment on top of grae's.
PEERS := tests/benchmarks/peers

$(VENV)-peers/peers.stamp: $(VENV)/dev.stamp $(PEERS)/requirements.txt
	@echo "installing the peers" >&2
	@$(BIN)/python -m venv $(VENV)-peers
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> $$($(VENV)-peers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/grae.pth
	@$(VENV)-peers/bin/python -m pip --disable-pip-version-check install -qq --no-input --no-deps -r $(PEERS)/requirements.txt
	@touch $@

bench-peers: $(VENV)-peers/peers.stamp
	@PYTHONPATH=$(CURDIR) $(VENV)-peers/bin/python $(PEERS)/run.py $(ARGS)

$(VENV)/docs.stamp: $(VENV)/run.stamp
	@echo "installing what the documentation needs" >&2
	@$(PIP) -e '.[docs]'
	@touch $@

docs: $(VENV)/docs.stamp
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo docs/_build/html/index.html

notebooks: $(VENV)/dev.stamp
	@$(BIN)/python notebooks/execute.py $(ARGS)

lint: $(VENV)/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

clean:
	rm -rf $(VENV) $(VENV)-peers .pytest_cache .ruff_cache .hypothesis
	find grae tests -name __pycache__ -type d -prune -exec rm -rf {} +
