# `make run` sets everything up and loads a sample; `make test` proves it. All they make stays in this folder.

PYTHON ?= python3
BIN = .venv/bin
export PIP_CACHE_DIR = $(CURDIR)/.venv/cache
export PIP_DISABLE_PIP_VERSION_CHECK = 1
PIP = $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable

.PHONY: run test test-stand-in lint format docs redshift-demo redshift-smoke bench clean

run: .venv/installed sample
	$(BIN)/python create_tables.py
	$(BIN)/python etl.py
	@echo; echo "The ten most played songs:"
	@$(BIN)/sparkify query most_played_songs
	@echo; $(BIN)/sparkify report --output report.html
	@echo; echo "Next: open report.html in a browser; '$(BIN)/sparkify query' lists more questions;"
	@echo "put your own bucket into dwh.cfg and run this again. docs/tutorial.md goes on from here."

test: .venv/installed-dev .venv/duckdb-1.4/installed
	$(BIN)/python -m pytest

test-stand-in: .venv/installed-dev ## run the tests of the stand-in for Redshift alone: after a change of it or of the engine
	$(BIN)/python -m pytest redshift_stand_in

lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/cfn-lint infra/redshift.yaml
	$(BIN)/sqlfluff lint --dialect duckdb src/sparkify/sql
	$(BIN)/sqlfluff lint --dialect redshift src/sparkify/sql

format: .venv/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/installed-dev
	$(BIN)/python docs/generate.py

redshift-demo: .venv/installed-dev sample
	$(BIN)/python -m redshift_stand_in.demo sample

redshift-smoke: .venv/installed-redshift
	$(BIN)/python infra/smoke.py $(or $(PREFIX),$(error say where the sample may be written: make $@ PREFIX=s3://bucket/prefix)) \
		--config $(or $(CONFIG),dwh.cfg) $(if $(EXPORT),--export $(EXPORT))

bench: .venv/installed
	$(BIN)/python bench/compare.py

clean:
	rm -rf .venv sample report.html sparkify.duckdb sparkify.duckdb.wal

sample: | .venv/installed
	$(BIN)/sparkify sample sample --songs 1000 --events 20000 --seed 1

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make run PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) .
	@touch $@

.venv/installed-redshift: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) '.[redshift]'
	@touch $@ .venv/installed

# An older DuckDB beside ours, by which a test opens the warehouse as the tools of today do.
.venv/duckdb-1.4/installed: .venv/bin/python tests/duckdb-1.4.txt
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target .venv/duckdb-1.4 --requirement tests/duckdb-1.4.txt
	@touch $@

.venv/installed-dev: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) '.[dev]'
	@touch $@ .venv/installed
