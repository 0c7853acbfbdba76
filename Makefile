# kk2-visma: `make` explains itself. Every target that needs it begins with `make install`, which does nothing when
# it is up to date.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help install browser demo demo-kill pictures test faults recovery check format bench bench-reader bench-chain bench-transfer bench-desk fuzz soak mutants lock licences sbom clean

help: ## what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## a virtual environment in .venv with the command kk2, from locked and hashed packages

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "kk2-visma needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || ops/debian-venv.sh $(PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## the whole bridge on this machine: a bank file becomes vouchers in Visma (KEEP=1 leaves it running)
	@$(BIN)/kk2 demo $(if $(KEEP),--keep) $(if $(SEED),--seed $(SEED))

demo-kill: install ## the same under 50 kills of its processes (SEED=… repeats one)
	@$(BIN)/kk2 demo --kills 50 $(if $(SEED),--seed $(SEED))

pictures: install ## the handbook's pictures, taken of the demo (wants Debian's chromium)
	@$(BIN)/python -m ops.demo.pictures
	@KK2_PICTURES=ops/handbook/pictures $(BIN)/python -m pytest tests/browser/test_the_walk.py

browser: ## Debian's Chromium for the tests of the pages, where this user may install it
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; }; } \
	  || echo "no Chromium, and this user may not install it: the tests of the pages in a browser are left out (apt-get install chromium)"

test: install browser ## the whole test suite, on servers that it starts itself on free ports
	@$(BIN)/python -m pytest -n 2 --dist loadfile

faults: install ## the whole fault suite: a kill at every crash point, and every other fault (KK2_FAULT_SEED=… repeats one)
	@KK2_FAULTS=all $(BIN)/python -m pytest -m "faults or not faults" tests/faults tests/house/test_crash_points.py tests/workers/test_crash_points.py tests/workers/test_watch_faults.py tests/workers/accounting/test_voucher_file.py

recovery: install ## with a real site's settings: seconds until the work of each killed process is done (some ten minutes)
	@$(BIN)/python -m pytest -m "faults or not faults" tests/faults/test_recovery.py -s | grep -v "^$$"

check: install ## format, lint, types, import contracts, house rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/house

format: install ## put the code in order
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: bench-reader bench-chain bench-transfer bench-desk ## every measurement of the handbook, with ratios in one run

bench-reader: install ## the OCR giro reader against netsgiro
	@$(BIN)/python -m ops.bench.reader

bench-chain: install ## file to vouchers, against a bare floor over the same tables
	@$(BIN)/python -m ops.bench.chain

bench-transfer: install ## new cases from Visma and their numbers back, answered at once and slowly
	@$(BIN)/python -m ops.bench.transfer

bench-desk: install ## the console's page queries among a million payments and 100,000 failed deliveries
	@$(BIN)/python -m ops.bench.desk

fuzz: install ## a million damaged OCR files, 100,000 of camt.054, 200,000 answers of Visma: none may end in a traceback
	@KK2_FUZZ=1000000 $(BIN)/python -m pytest -n 2 tests/pipeline/test_ocr_giro_fuzz.py --timeout 0
	@KK2_FUZZ=100000 $(BIN)/python -m pytest -n 2 tests/pipeline/test_camt054_fuzz.py --timeout 0
	@KK2_FUZZ=200000 $(BIN)/python -m pytest -n 2 tests/workers/accounting/test_hostile_answers.py --timeout 0

soak: fuzz ## `make fuzz`, and 10,000 steps of random days; the seed is printed, SEED=… repeats it, STEPS=… says how many
	@KK2_STEPS=$(or $(STEPS),10000) $(if $(SEED),KK2_SEED=$(SEED)) $(BIN)/python -m pytest tests/days --timeout 0

mutants: install ## 300 seeded mutants of each part on which money hangs; its quick tests must kill nine tenths (PART=… SEED=… COUNT=…)
	@$(if $(SEED),KK2_SEED=$(SEED)) $(if $(COUNT),KK2_MUTANTS=$(COUNT)) $(BIN)/python -m tests.mutants $(PART)

lock: install ## lock the dependencies anew
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra dev --extra embedded pyproject.toml --output-file requirements-dev.lock

licences: install ## the handbook's page of the licences of what a server runs
	@$(BIN)/python -m tests.house.licences

sbom: install ## a bill of materials (CycloneDX) of what a server runs, in build/
	@mkdir -p build && $(BIN)/cyclonedx-py requirements requirements.lock --output-reproducible --of JSON --output-file build/sbom.cdx.json

clean: ## take away what was made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
