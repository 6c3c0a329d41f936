# make demo · make test · make test-pandas · make check · make bench · make soak · make reliability
# (.venv, and for test-pandas .venv-pandas2 too, are made by themselves)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VENV2 := .venv-pandas2
STAMP2 := $(VENV2)/.installed

# What depends on pandas or reads and writes times.
PANDAS_TESTS := tests/wealthdata tests/compat tests/plugins/context tests/plugins/file tests/plugins/verify \
	tests/test_aggregate.py tests/test_bars.py tests/test_readme.py

.PHONY: demo test test-pandas check bench soak reliability install clean
demo: $(STAMP)
	$(BIN)/python examples/demo.py

# Three at a time, also on two cores: the tests wait for sockets more than they compute.
test: $(STAMP)
	$(BIN)/python -m pytest -n 3

test-pandas: $(STAMP) $(STAMP2)
	@set -e; for venv in $(VENV) $(VENV2); do for zone in UTC Asia/Shanghai; do \
		echo "the pandas of $$venv, TZ=$$zone"; \
		TZ=$$zone $$venv/bin/python -m pytest -q -n 2 $(PANDAS_TESTS); \
	done; done

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
$(STAMP): constraints.txt pyproject.toml
$(STAMP2): constraints-pandas2.txt pyproject.toml
$(STAMP) $(STAMP2):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "wealthsources needs Python 3.11 or later; try: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "installing into $(@D) (only when pyproject.toml or $< changed)"
	@PIP_CONSTRAINT=$< $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[all,dev]'
	@touch $@

clean:
	rm -rf $(VENV) $(VENV2) build dist
