# The verbs of a developer. ./test makes the environment that they use; ENV=DIR names another one.
ENV ?= .testenv/env
BIN := $(ENV)/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-annotate --python-version 3.11

export PYTHONPATH := src

.PHONY: help check test flows bench docs assets lock changelog clean

help:  ## list these verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check:  ## format, lint, types, layers, generated documentation, change notes
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-cache >.lint-imports.out || { cat .lint-imports.out; exit 1; }
	@rm -f .lint-imports.out
	$(BIN)/python tools/reference.py --check
	$(BIN)/towncrier build --draft --version next >/dev/null

test:  ## every test (what is missing is installed first)
	./test tests -n 2

flows:  ## only the stories that run on a real Postfix
	./test tests -n 2 -m flow

bench:  ## measure; each benchmark prints ratios of one run
	@for file in bench/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

docs:  ## write docs/reference anew from the program itself
	$(BIN)/python tools/reference.py

assets:  ## bundle the scripts of the pages for this tree (needs Python packages of the group build)
	$(BIN)/python tools/assets.py

lock:  ## choose newest versions that fit pyproject.toml and write the hashed locks
	$(LOCK) --upgrade pyproject.toml -o requirements.lock
	$(LOCK) --upgrade --group dev pyproject.toml -o requirements-dev.lock
	$(LOCK) --upgrade --group build --constraint requirements-dev.lock -o requirements-build.lock
	$(BIN)/python tools/assets.py --lock

changelog:  ## what the next release would say
	$(BIN)/towncrier build --draft --version next

clean:  ## remove what tools left in this directory; the gateway in var/ stays
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	find . -name __pycache__ -type d -not -path './.*' -prune -exec rm -rf {} +
