# Everything runs in .venv, which is set up from the lock file when it is first needed: Python 3.11 or newer and
# make are enough. ARGS are handed on: make test ARGS="-k ladder"

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin

.PHONY: help demo test check format bench chaos lock clean

help: ## What can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 16

demo: .venv/ready ## See real users climb and fall; KEEP=1 leaves it running with its pages up
	$(BIN)/stagestream demo $(if $(KEEP),--keep) $(ARGS)

test: .venv/ready ## Run the tests; on Apache Kafka where Java 17 and Maven are, else on the embedded broker
	$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

check: .venv/ready ## Format, lint, types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: .venv/ready ## Put the code into its form
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: .venv/ready ## Measure the engine beside its peers; needs Java 17 and Maven, or a broker
	$(BIN)/python -m bench $(ARGS)

chaos: .venv/ready ## Kill, join and leave on Apache Kafka, and compare with the replay; needs the same
	$(BIN)/python -m tests.chaos $(ARGS)

lock: ## Resolve the dependencies anew (needs uv)
	set -e; for lock in "requirements.lock --extra fast" "requirements-dev.lock --extra dev"; do \
		uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --python-version 3.11 \
			pyproject.toml --output-file $$lock; done

clean: ## Forget the environment and all caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist tests/kafka/target

.venv/ready: requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
