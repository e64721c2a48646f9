# `make run` sets everything up and loads a sample; `make test` proves it. All they make stays in this folder.

PYTHON ?= python3
BIN = .venv/bin
export PIP_CACHE_DIR = $(CURDIR)/.venv/cache/$(subst /,-,$@)
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Python compiles a module when it is first imported, and most of what packages hold never is.
PIP = $(BIN)/python -m pip install --quiet --no-deps --no-compile
# Python keeps what it compiled, also where the environment, as that of many containers, forbids it.
export PYTHONDONTWRITEBYTECODE =
# What pip has downloaded for a target is kept until all of it is installed: a broken connection costs little.
INSTALLED = @rm -rf $(PIP_CACHE_DIR); touch $@

.PHONY: help run test test-stand-in lint format docs lock dist lineage-client redshift-driver redshift-demo redshift-smoke vega bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/installed-run sample ## set up .venv, make a sample bucket, create the tables, load it, write report.html
	$(BIN)/python create_tables.py
	$(BIN)/python etl.py
	@echo; echo "The ten most played songs:"
	@$(BIN)/sparkify query most_played_songs
	@echo; $(BIN)/sparkify report --output report.html
	@echo; echo "Next: open report.html in a browser; '$(BIN)/sparkify query' lists more questions;"
	@echo "put your own bucket into dwh.cfg and run this again. docs/tutorial.md goes on from here."

test: .venv/installed-dev .venv/duckdb-1.4/installed .venv/tools/installed ## set up what tests need, and run them all
	$(BIN)/python -m pytest

test-stand-in: .venv/installed-dev ## run the tests of the stand-in for Redshift alone: after a change of it or of the engine
	$(BIN)/python -m pytest redshift_stand_in

lint: .venv/installed-dev ## check style, types, imports, documents, the AWS templates, the Dockerfile, SQL and the lock files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/cfn-lint infra/*.yaml
	$(BIN)/hadolint Dockerfile
	$(BIN)/sqlfluff lint --dialect duckdb src/sparkify/sql
	$(BIN)/sqlfluff lint --dialect redshift src/sparkify/sql
	$(BIN)/python -m pip check

format: .venv/installed-dev ## lay out the Python code and fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/installed-dev ## write the reference and the generated parts of other pages
	$(BIN)/python docs/generate.py

# One resolution for every platform and every Python that the package supports. `dev` is resolved first and holds all
# that the others hold; they take its versions. `tools` is resolved alone. dbt's experimental parser is left out: its
# package downloads a program while it is built, which no hash here covers, and dbt runs without it.
LOCK = $(BIN)/uv pip compile --quiet --no-config --cache-dir .venv/cache/uv --custom-compile-command 'make lock' \
	--universal --python-version 3.11 --generate-hashes --no-annotate $(if $(UPGRADE),--upgrade)

lock: .venv/installed-dev ## write locks/ after a change of dependencies; UPGRADE=1 takes the newest versions
	$(LOCK) pyproject.toml --group build --extra openlineage --extra redshift --group dev --output-file locks/dev.txt
	$(LOCK) pyproject.toml --group build --extra redshift --constraint locks/dev.txt --output-file locks/redshift.txt
	$(LOCK) pyproject.toml --group build --extra openlineage --constraint locks/dev.txt --output-file locks/openlineage.txt
	$(LOCK) pyproject.toml --group build --constraint locks/dev.txt --output-file locks/run.txt
	echo 'duckdb ~= 1.4.0' | $(LOCK) - --output-file locks/duckdb-1.4.txt
	$(LOCK) --group tools --no-emit-package dbt-core-experimental-parser --output-file locks/tools.txt

dist: .venv/installed-run ## build the wheel and the source archive into dist/, by the locked hatchling
	$(BIN)/python -m hatchling build --clean

lineage-client: .venv/installed-openlineage ## install the client of OpenLineage, which `etl` then uses

redshift-driver: .venv/installed-redshift ## install the driver for Redshift

redshift-demo: .venv/installed-dev sample ## load the sample through a stand-in for Redshift on this machine
	$(BIN)/python -m redshift_stand_in.demo sample

redshift-smoke: .venv/installed-redshift ## compare a real Redshift with DuckDB; PREFIX=s3://bucket/prefix is needed
	$(BIN)/python infra/smoke.py $(or $(PREFIX),$(error say where the sample may be written: make $@ PREFIX=s3://bucket/prefix)) \
		--config $(or $(CONFIG),dwh.cfg) $(if $(EXPORT),--export $(EXPORT))

vega: .venv/installed-dev ## write the script with which the report draws its charts, from the locked vl-convert-python
	$(BIN)/python -c 'import sys, vl_convert; sys.stdout.write(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))' \
		> $(or $(OUTPUT),src/sparkify/report/vega.js)

bench: .venv/installed-run ## time a load against a plain one
	$(BIN)/python bench/compare.py

clean: ## delete .venv, dist, the sample, its warehouse and its report
	rm -rf .venv dist sample report.html sparkify.duckdb sparkify.duckdb.wal

sample: | .venv/installed-run ## make a bucket of invented data
	$(BIN)/sparkify sample sample --songs 1000 --events 20000 --seed 1

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make run PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip uninstall -qq --yes setuptools # which Python 3.11 puts there, and nothing needs

# What .venv takes with the packages of a lock file, measured on Linux.
SIZE_run = 150 MB, and 50 MB of downloads
SIZE_openlineage = 160 MB, and 55 MB of downloads
SIZE_redshift = 175 MB, and 60 MB of downloads
SIZE_dev = 800 MB, and 250 MB of downloads
SIZE_tools = 750 MB, and 220 MB of downloads

# First the packages of a lock file, each with a hash that it must have; then this folder, which has none, built by the
# locked hatchling. All lock files hold what `run` needs.
.venv/installed-%: .venv/bin/python pyproject.toml locks/%.txt
	@echo "Installing the packages of locks/$*.txt into .venv: about $(SIZE_$*); deleting .venv removes them."
	$(PIP) --require-hashes --requirement locks/$*.txt
	$(PIP) --no-build-isolation --editable .
	$(INSTALLED) .venv/installed-run

# An older DuckDB beside ours, by which a test opens the warehouse as the tools of today do.
.venv/duckdb-1.4/installed: .venv/bin/python locks/duckdb-1.4.txt
	$(PIP) --upgrade --target .venv/duckdb-1.4 --require-hashes --requirement locks/duckdb-1.4.txt
	$(INSTALLED)

# The tools of docs/how-to/tools.md, for tests: in an environment of their own, so that their hundred packages do not
# constrain the versions of what the program needs.
.venv/tools/installed: .venv/bin/python locks/tools.txt
	@echo "Installing the packages of locks/tools.txt into .venv/tools: about $(SIZE_tools); deleting .venv removes them."
	$(BIN)/python -m venv --clear --without-pip .venv/tools
	PIP_PYTHON=.venv/tools $(PIP) --require-hashes --requirement locks/tools.txt
	$(INSTALLED)
