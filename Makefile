# `make up` to see it, `make test` to test it, `make` for the rest. Everything is installed on first use, into this folder.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up test test-all test-web check generate web bench mutate clean

PYTHON ?=
ARGS ?=
BIN := .venv/bin
DONE := .venv/.done
PIP := $(BIN)/pip install -qq --disable-pip-version-check --no-input
WEB := $(shell find web/src web/public web/index.html web/docs.html web/vite.config.ts web/tsconfig.json -type f 2>/dev/null)
RTSP := gir1.2-gst-rtsp-server-1.0 python3-gi gir1.2-gstreamer-1.0 gstreamer1.0-plugins-base \
        gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
# Beside the environment, not in it: what else it depends on exists on a Raspberry Pi only.
PICAMERA2 := picamera2==0.3.38 piexif==1.1.3 videodev2==0.0.4 'pillow>=11,<14'

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@echo; echo '  make up ARGS="--help" teaches the flags of "up".'

up: $(DONE)/runtime $(DONE)/broker engage/static/index.html ## Count people now: broker, store, worker, page and cameras
	@$(BIN)/headway up $(ARGS)

setup: $(DONE)/runtime $(DONE)/dev $(DONE)/broker $(DONE)/apt engage/static/index.html ## Install everything and do nothing else
	@$(BIN)/headway model
	@$(BIN)/headway footage

test: setup test-web ## Every test but the slow ones
	@$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-all: setup test-web ## Every test, and each time other examples where they are made up
	@HEADWAY_WORLDS=$${HEADWAY_WORLDS:-200} $(BIN)/python -m pytest --hypothesis-profile any $(ARGS)

# Heard of only when it fails.
test-web: web/node_modules/.package-lock.json
	@out=$$(scripts/npm --prefix web run --silent test 2>&1) || { printf '%s\n' "$$out"; exit 1; }

check: $(DONE)/dev web/node_modules/.package-lock.json ## Style, types, layers, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m scripts.generate --check
	scripts/npm --prefix web run --silent check

generate: $(DONE)/dev ## Write what is generated: docs/asyncapi.yaml, docs/ownership.md, web/src/wire.ts
	@$(BIN)/python -m scripts.generate

web: engage/static/index.html ## Build the web page into engage/static

bench: setup bench/node/node_modules/.package-lock.json ## Measure, and write build/bench.json
	@$(BIN)/python -m bench $(ARGS)

mutate: $(DONE)/dev ## Change the ownership code in every way and see that a test notices
	@rm -rf mutants
	@HEADWAY_WORLDS=3 $(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results

clean: ## Remove what can be made again; data/ stays
	rm -rf .venv build mutants engage/static web/node_modules bench/node/node_modules *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DONE)/venv: scripts/venv
	@scripts/venv $(PYTHON)
	@mkdir -p $(DONE) && touch $@

$(DONE)/runtime: setup.cfg | $(DONE)/venv
	@echo "Installing Headway into .venv (a minute or two, about 550 MB on disk)"
	@$(PIP) -e .
	@touch $@

$(DONE)/dev: setup.cfg | $(DONE)/runtime
	@echo "Installing what tests and checks need"
	@$(PIP) -e '.[dev]'
	@$(PIP) --no-deps --upgrade --target .venv/picamera2 $(PICAMERA2)
	@touch $@

$(DONE)/node: | $(DONE)/runtime
	@scripts/npm --version >/dev/null 2>&1 || { echo "Installing Node into .venv"; $(PIP) -e '.[web]'; }
	@touch $@

# Mosquitto is optional: without it `up` takes nats-server.
$(DONE)/broker: | $(DONE)/venv
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin"; command -v mosquitto >/dev/null || \
	 scripts/apt-install --optional "For the better broker" mosquitto
	@touch $@

$(DONE)/apt: Makefile scripts/apt-install | $(DONE)/venv
	@scripts/apt-install mosquitto nginx chromium $(RTSP)
	@touch $@

web/node_modules/.package-lock.json: web/package.json web/package-lock.json | $(DONE)/node
	@echo "Installing the web page's packages"
	@scripts/npm --prefix web ci --silent --no-progress
	@touch $@

bench/node/node_modules/.package-lock.json: bench/node/package.json bench/node/package-lock.json | $(DONE)/node
	@echo "Installing the Socket.IO server that bench compares with"
	@scripts/npm --prefix bench/node ci --silent --no-progress
	@touch $@

engage/static/index.html: $(WEB) | web/node_modules/.package-lock.json
	@echo "Building the web page"
	@scripts/npm --prefix web run --silent build -- --logLevel warn
	@touch $@
