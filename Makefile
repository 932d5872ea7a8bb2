# Two commands make and check the zoo: `make zoo` and `make test`.
# Snakemake is the real interface; these targets add the environment and nothing else.

PYTHON ?= python3
VENV ?= .venv
CORES ?= 2
BASE ?= origin/main
VERSION ?=
PUBLIC ?=
MODELS ?=
ASKED = $(if $(VERSION),version=$(VERSION)) $(if $(MODELS),release='{models: $(MODELS)}')
RELEASE = $(if $(strip $(ASKED)),--config $(ASKED))
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
ONNX_JOBS ?= 2
.PHONY: help env zoo all release site changed upkeep test lint format docs bench faults suite scale startup slurm-env lock-env clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: $(VENV)/locks.sha256 ## create the environment .venv/ from the locks in envs/

$(VENV)/locks.sha256: envs/create.py envs/uv.txt envs/main.txt envs/torch.txt
	$(PYTHON) envs/create.py $(VENV)
	@touch $@

zoo: env ## build and verify the embedded models; ends with a table
	$(BIN)/snakemake --cores $(CORES)

all: env ## build every recipe; sources come from ZOO_MIRRORS or the network
	$(BIN)/snakemake --cores $(CORES) all

release: env ## build and release/<version>/: archives, index, checksums, change log
	$(BIN)/snakemake --cores $(CORES) release $(RELEASE)

changed: env ## build and verify what differs from BASE by its keys; its table in logs/changed.md
	@mkdir -p logs
	$(BIN)/python -m converters.changed --base $(BASE) --targets > logs/changed.txt
	@status=0; \
	if [ -s logs/changed.txt ]; then \
	  xargs $(BIN)/snakemake --cores $(CORES) < logs/changed.txt || status=$$?; \
	fi; \
	$(BIN)/python -m converters.summary --markdown --variants logs/changed.txt > logs/changed.md; \
	cat logs/changed.md; exit $$status

upkeep: env ## is every source and package where it was, and the same; report in logs/upkeep.md
	@mkdir -p logs
	$(BIN)/python -m converters.upkeep --pins --markdown logs/upkeep.md

site: env ## build and site/: static pages to look at, from what is built
	$(BIN)/snakemake --cores $(CORES) site $(if $(PUBLIC),--config public=true)

test: env ## run the whole test suite
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile

targets: env ## build the further targets of every recipe that has any, and their environments
	$(BIN)/snakemake --cores $(CORES) targets

targets-test: env ## test further targets with the environments that they need: makes them
	ZOO_TARGETS_TESTS=1 $(BIN)/python -m pytest -n $(CORES) --dist loadfile tests/test_targets.py tests/test_browser.py tests/test_elsewhere.py

lint: env ## formatters, linters and the type checker, without changing anything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/python -m converters.check

format: env ## let the formatters change the files
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

docs: env ## regenerate the pages in docs/ that are made from the code
	$(BIN)/python -m converters.recipes.documentation
	$(BIN)/python -m tests.incremental.page

suite: env ## hold the converter against the ONNX backend test suite; rewrites docs/coverage.md
	$(BIN)/python -m tests.onnx_suite --write --jobs $(ONNX_JOBS)

bench: env ## measure the converter beside onnx2tf on what is built; rewrites docs/benchmarks.md
	$(BIN)/python -m benchmarks.convert --zoo --tf-converter --write

scale: env ## measure planning on made-up zoos of up to 1000 recipes; rewrites docs/scale.md
	$(BIN)/python -m benchmarks.scale --write

startup: env ## measure what starting costs, with workers and without; rewrites docs/startup.md
	$(BIN)/python -m benchmarks.startup --write

slurm-env: env ## what `snakemake --executor slurm` needs beside .venv/, in .venvs/slurm
	$(BIN)/python -m pip install --quiet --target .venvs/slurm --upgrade --no-deps --require-hashes -r envs/slurm.txt

faults: env ## kill builds at 50 random moments, fill disks, break stores; rewrites docs/faults.md
	$(BIN)/python -m benchmarks.faults --write

lock-env: env ## resolve envs/*.in again into envs/*.txt
	$(BIN)/uv pip compile envs/main.in -q --upgrade --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o envs/main.txt
	$(BIN)/uv pip compile envs/uv.in -q --upgrade --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o envs/uv.txt
	$(BIN)/uv pip compile envs/peers.in -q --upgrade --python-version 3.12 --generate-hashes --no-header --no-emit-index-url -o envs/peers.txt
	$(BIN)/python -m converters.environments lock
	$(BIN)/uv pip compile envs/slurm.in -q --upgrade --constraints envs/main.txt --python-version 3.11 --generate-hashes --no-header --no-emit-index-url $$(sed -n 's/^\([a-z0-9][^=]*\)==.*/--no-emit-package \1/p' envs/main.txt) -o envs/slurm.txt

clean: ## remove what builds made (results, logs), keep downloads and the environment
	rm -rf results logs .snakemake

distclean: clean ## remove downloads and the environment too
	rm -rf sources $(VENV)
