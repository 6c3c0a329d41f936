# make demo · make example · make test · make test-pandas · make check · make format · make coverage · make bench
# make soak · make reliability · make kill-test · make laws · make mutants (BASE=main~1 · ALL=1 · FILES="…" · SAMPLE=100 · SEED=7)
# make dist (EXTRAS="core file" PYTHONS="3.11 3.13" JOBS=4) · make licences · make changelog
# make docs · make docs-serve
# .venv, and for test-pandas .venv-pandas2 too, are made by themselves.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VENV2 := .venv-pandas2
STAMP2 := $(VENV2)/.installed
# What the tests printed: last.txt is of the newest run, failed-*.txt are of those that failed, and stay.
OUTPUT := .test-output
# Bytecode is kept, whatever the environment says: without it each of five workers, and each process that a test
# starts, compiles anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# What depends on pandas or reads and writes times.
PANDAS_TESTS := tests/wealthdata tests/compat tests/plugins/context tests/plugins/file tests/plugins/verify \
	tests/resolve/test_aggregate.py tests/model tests/loading/test_calendars.py tests/e2e/test_trading_hours.py \
	tests/architecture/test_readme.py

.PHONY: demo example test test-pandas check format coverage bench soak reliability kill-test laws mutants \
	dist licences changelog docs docs-serve install clean
demo: $(STAMP)
	$(BIN)/python examples/demo.py

# What a stranger has: our wheel and the example's, in a venv of their own. The example's tests run there, and a chain
# with it; so do the tests of the projects that `wealthsources new-source` and `new-protocol` make.
CLEAN := $(CURDIR)/build/example
example: export PYTHONPATH :=
example: $(STAMP)
	rm -rf $(CLEAN)
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $(CLEAN)/wheels . ./examples/acme_source
	$(PYTHON) -m venv $(CLEAN)/venv
	PIP_CONSTRAINT=constraints.txt $(CLEAN)/venv/bin/python -m pip install --quiet --disable-pip-version-check \
		"$$(ls $(CLEAN)/wheels/wealthsources-*.whl)[websocket]" "$$(ls $(CLEAN)/wheels/acme_source-*.whl)[test]" hatchling
	cp -r examples/acme_source $(CLEAN)/acme && rm $(CLEAN)/acme/acme_source.py
	cd $(CLEAN)/acme && ../venv/bin/pytest -q
	cd $(CLEAN)/acme && ACME_URL=https://acme.example ACME_TOKEN= ../venv/bin/wealthsources check config.yaml
	cd $(CLEAN) && venv/bin/wealthsources new-source my-feed && venv/bin/wealthsources new-protocol my-feed
	$(CLEAN)/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		$(CLEAN)/my-feed-source $(CLEAN)/my-feed-protocol
	cd $(CLEAN)/my-feed-source && ../venv/bin/pytest -q
	cd $(CLEAN)/my-feed-protocol && ../venv/bin/pytest -q && ../venv/bin/wealthsources check config.yaml

# Five at a time, also on two cores: the tests wait for sockets more than they compute.
# TESTS=tests/cli runs a part of them. In a fresh tree one process compiles the tests, which then all five have not to.
test: $(STAMP)
	@mkdir -p $(OUTPUT)
	@test -d tests/__pycache__ || $(BIN)/python -m pytest -q --collect-only $(TESTS) >/dev/null || true
	@$(BIN)/python -m pytest -n 5 $(TESTS) 2>&1 | tee $(OUTPUT)/last.txt || { \
		kept=$(OUTPUT)/failed-$$(date +%Y%m%d-%H%M%S).txt; cp $(OUTPUT)/last.txt $$kept; \
		echo "what failed, whole: $$kept"; exit 1; }

test-pandas: $(STAMP) $(STAMP2)
	@for venv in $(VENV) $(VENV2); do for zone in UTC Asia/Shanghai; do \
		echo "the pandas of $$venv, TZ=$$zone"; \
		TZ=$$zone $$venv/bin/python -m pytest -q -n 2 $(PANDAS_TESTS); \
	done; done

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Line by line and room by room; tests/architecture/coverage_floors.py has the least that each room must reach.
coverage: $(STAMP)
	@mkdir -p $(OUTPUT)
	$(BIN)/python -m pytest -q -n 3 --cov --cov-report=json:$(OUTPUT)/coverage.json --cov-report= $(TESTS)
	$(BIN)/python tests/architecture/coverage_floors.py $(OUTPUT)/coverage.json

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/receive.py
	$(BIN)/python benchmarks/sockets.py
	$(BIN)/python benchmarks/recording.py
	$(BIN)/python benchmarks/csv_files.py
	$(BIN)/python benchmarks/parquet_files.py
	$(BIN)/python benchmarks/store.py
	$(BIN)/python benchmarks/week.py
	$(BIN)/python benchmarks/replay.py

soak: $(STAMP)
	$(BIN)/python benchmarks/soak.py

reliability: $(STAMP)
	$(BIN)/python tests/faults/table.py -n 3

# kill -9, again and again: who records loses no more than the last second, and leaves what can be read.
KILL_ROUNDS ?= 65
kill-test: $(STAMP)
	KILL_ROUNDS=$(KILL_ROUNDS) $(BIN)/python -m pytest -q -n 2 --timeout 3600 -k kill \
		tests/e2e/test_record_killed.py tests/plugins/replay/test_kill.py tests/plugins/store/test_processes.py

# What holds for any input, with twenty times the examples that make test tries, and others each time: half an hour.
laws: $(STAMP)
	$(BIN)/python -m pytest -q -n 3 --timeout 3600 --hypothesis-profile laws -m hypothesis tests

# Faults in the lines that differ from BASE, or with ALL=1 in all of the pure rooms: an hour for a thousand.
BASE ?= HEAD~1
mutants: $(STAMP)
	$(BIN)/python -m tests.mutants.run --base $(BASE) $(if $(ALL),--all) $(if $(FILES),--files $(FILES)) \
		$(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

# The wheel and the sdist, and the wheel in clean environments: a quarter of an hour; what went well with the same wheel
# is not done again.
JOBS ?= 2
dist: $(STAMP)
	$(BIN)/python tools/release/run.py --jobs $(JOBS) --extras "$(EXTRAS)" --pythons "$(PYTHONS)"

# Of all that `pip install 'wealthsources[all]'` brings: name, version, licence, and whether it goes with ours.
licences: $(STAMP)
	$(BIN)/python tools/release/licences.py

# What the next release will say: CHANGELOG.md stays as it is.
changelog: $(STAMP)
	$(BIN)/towncrier build --draft

# The site of the pages, in build/site; what is wrong in a page fails. docs-serve shows it while one writes, at port 8000.
export NO_MKDOCS_2_WARNING := 1
docs: $(STAMP)
	$(BIN)/python -m tools.docs.pages
	$(BIN)/python -m mkdocs build --strict

docs-serve: $(STAMP)
	$(BIN)/python -m tools.docs.pages
	$(BIN)/python -m mkdocs serve --strict

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
	rm -rf $(VENV) $(VENV2) $(OUTPUT) build dist
