# make demo · make test · make check · make bench · make soak · make reliability     (.venv is made by itself)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check bench soak reliability install clean
demo: $(STAMP)
	$(BIN)/python examples/demo.py

# Three at a time, also on two cores: the tests wait for sockets more than they compute.
test: $(STAMP)
	$(BIN)/python -m pytest -n 3

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py

soak: $(STAMP)
	$(BIN)/python benchmarks/soak.py

reliability: $(STAMP)
	$(BIN)/python tests/faults/table.py -n 3

install: $(STAMP)

# PIP_CONSTRAINT and not -c: it also holds the build tools to the versions that were tested.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "wealthsources needs Python 3.11 or later; try: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (only when pyproject.toml or constraints.txt changed)"
	@PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all,dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist
