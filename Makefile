# Every target prepares .venv itself, on a machine that has nothing but make and Python 3.11.
#
# TORCH_INDEX: where torch and torchvision come from. Unset, it is pip's own index, or PyTorch's
# index for the CPU where there is no NVIDIA GPU and pip's own has only a build for one:
#     make setup TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
# EXTRAS: what of pyproject.toml's extras to install: dev, train, vllm.
EXTRAS ?= dev,train
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet
PINNED_TORCH := $(shell grep -E '^torch(vision)?==' constraints.txt)
INPUTS := pyproject.toml constraints.txt packaging/torch_index.py \
	packaging/torchvision_repair.py packaging/torchvision_schemas.py
STAMP := $(VENV)/.stamp-$(shell { cat $(INPUTS); echo '$(EXTRAS) $(TORCH_INDEX)'; } | \
	cksum | cut -d' ' -f1)
# Two test processes share the cores, and nothing may ask a model hub.
TEST_ENV := OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
WORKERS ?= 2

DEMO_DIR := runs/demo
DEMO_MODELS := always_ground always_refuse blind tiny_base tiny_rarft
# The floors and the blind classifier are rows of every leaderboard.
DEMO_ENTRIES := tiny_base tiny_rarft
DEMO_ARGS := --tasks synth_hi --limit 200 --batch_size 16
DEMO_METRICS := f1_relevant,f1_irrelevant,f1_avg,f1_irrelevant/strong,f1_irrelevant/moderate,f1_irrelevant/weak,miou_relevant,ra_miou,rt_iou,sbert,correction_sim

# The tiny proof is hours of training (docs/tiny_proof.md); vllm_server.py is for others to import.
BENCHES := $(filter-out bench/tiny_% bench/vllm_server.py,$(sort $(wildcard bench/*.py)))

.PHONY: help setup demo test test-all check fix wheel bench clean

help:
	@echo 'make setup     prepare .venv'
	@echo 'make demo      evaluate the floors and a tiny model before and after RA-RFT; a leaderboard of them'
	@echo 'make test      run the tests, without the slow ones and those that need a GPU or network'
	@echo 'make test-all  run every test'
	@echo 'make check     formatting, lint, types, dependency direction'
	@echo 'make fix       mend formatting and lint where that is safe'
	@echo 'make wheel     build, install in a clean environment, import every module'
	@echo 'make bench     measure; results go to bench/results'
	@echo 'make clean     remove build output and tool caches'

setup: $(STAMP)

$(STAMP):
	@test -n '$(PYTHON)' || { echo 'got no python3 of version 3.11 or later:' \
		'install one, or name it: make setup PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'got a python3 without venv:' \
		'install it (on Debian: apt-get install python3-venv)' >&2; exit 1; }
	@echo 'setup: creating $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@index='$(TORCH_INDEX)'; \
	[ -n "$$index" ] || \
		index=$$($(BIN)/python packaging/torch_index.py '$(firstword $(PINNED_TORCH))'); \
	echo "setup: installing $(PINNED_TORCH)$${index:+ from $$index}"; \
	$(PIP) --no-deps $${index:+--index-url $$index} $(PINNED_TORCH) || { \
		test -n "$$index" && test -z '$(TORCH_INDEX)' && \
		echo "setup: $$index has no answer, installing from pip's own index" && \
		$(PIP) --no-deps $(PINNED_TORCH); }
	@echo 'setup: installing rarft[$(EXTRAS)] and what it needs (a few minutes)'
	@$(PIP) --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@$(BIN)/python packaging/torchvision_repair.py
	@rm -f $(VENV)/.stamp-*
	@touch $@
	@echo 'setup: done'

demo: $(STAMP)
	@for model in $(DEMO_MODELS); do \
		$(BIN)/rarft-eval run --model $$model $(DEMO_ARGS) --output_path $(DEMO_DIR)/$$model \
			|| exit 1; done
	@$(BIN)/rarft-eval report $(addprefix $(DEMO_DIR)/,$(DEMO_MODELS)) \
		--output_path $(DEMO_DIR)/report.html
	@$(BIN)/rarft-eval compare $(DEMO_DIR)/tiny_rarft $(DEMO_DIR)/tiny_base \
		--metrics '$(DEMO_METRICS)' --output_path $(DEMO_DIR)/compare.json
	@for model in $(DEMO_ENTRIES); do \
		$(BIN)/rarft-leaderboard submit $(DEMO_DIR)/$$model --partial --overwrite \
			--output $(DEMO_DIR)/entries/$$model || exit 1; done
	@$(BIN)/rarft-leaderboard build --entries $(DEMO_DIR)/entries --shown 200 \
		--output $(DEMO_DIR)/site
	@echo 'demo: open file://$(CURDIR)/$(DEMO_DIR)/site/index.html'

test: $(STAMP)
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS)

test-all: $(STAMP)
	OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false $(BIN)/python -m pytest -n $(WORKERS) -m ''

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy packaging/*.py
	$(BIN)/lint-imports --no-logo

fix: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(STAMP)
	$(BIN)/python packaging/wheel_check.py $(TORCH_INDEX)

bench: $(STAMP)
	@mkdir -p bench/results
	@for script in $(BENCHES); do echo "bench: $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf build dist src/rarft.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
