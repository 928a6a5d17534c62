# What a contributor may do here. `make` alone lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
OUT    := var/simulation

.PHONY: help demo test soak lint format docs golden bench words lock screenshots clean

help: ## list what can be done
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | column -ts '	'

demo: $(VENV)/.run ## simulate the year 2017 on the example publication
	@$(BIN)/sparkpub simulate --from 2017-01-01 --until 2018-01-01 --out $(OUT)

test: $(VENV)/.dev system ## run all tests but the long ones
	$(BIN)/pytest -m "not soak" --numprocesses auto

soak: TRIALS := soak
soak: $(VENV)/.dev system ## run the long tests: kills, races, big inputs
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest -m "soak or not soak"

lint: $(VENV)/.dev ## style, types, layers, documents that must not drift
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog --check -r $(COGGED)

format: $(VENV)/.dev ## put code and generated documents in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/cog -r $(COGGED)

docs: $(VENV)/.dev ## write the generated parts of the documents anew
	$(BIN)/cog -r $(COGGED)

golden: $(VENV)/.dev system ## accept what the golden tests see now; read the diff
	$(BIN)/pytest -m "not soak" --update-golden -p no:randomly || true
	git diff --stat -- tests/golden

bench: $(VENV)/.dev ## measure, as ratios to peers in the same run
	$(BIN)/python tools/bench.py

screenshots: $(VENV)/.dev system ## draw the pictures in docs/ again
	$(BIN)/python tools/screenshots.py

words: $(VENV)/.dev ## bring the catalogues of readers' languages up to date with the templates
	$(BIN)/python tools/words.py

lock: $(VENV)/.dev ## pin every dependency anew, with hashes
	tools/lock.sh

clean: ## remove everything that can be made again
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

COGGED := docs/reference/*.md

.PHONY: system
system: $(VENV)/.dev
	@tools/system-packages.sh $(TRIALS)
	@tools/node-tools.sh $(TRIALS)

$(VENV)/.run: requirements.lock pyproject.toml
	@tools/install.sh $(PYTHON) $(VENV) requirements.lock
	@touch $@

$(VENV)/.dev: requirements.lock requirements-dev.lock pyproject.toml
	@tools/install.sh $(PYTHON) $(VENV) requirements-dev.lock
	@touch $(VENV)/.run $@
