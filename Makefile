# Needs Python 3.11 to 3.13, make and git; everything else is installed into environments here.
PYTHON ?= python3
RUN_ENV := .venv
TEST_ENV := .venv-test
# tflite-runtime's last wheels are for Python 3.11.
TFLITE_PYTHON ?= python3.11
TFLITE_ENV := .venv-tflite-runtime
# Tests wait more than they compute: two at a time. One by one, and some: PYTEST_ARGS='-n 0 -k name'.
PYTEST := $(TEST_ENV)/bin/python -m pytest -n 2 --dist worksteal
PACKAGE_ENV := .venv-package
FER_ENV := .venv-fer
# Where torch is for the CPU alone; empty: PyPI, whose torch for x86-64 brings gigabytes of CUDA.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
# What make bench plays: a clip of one face in 720p, where it is there, or the demo clip.
CLIP ?= $(firstword $(wildcard ../shared/clips/smiling-man-720p.mp4) edge/demo/astronaut.mp4)
# Of make install, uninstall and purge: DESTDIR stands before every path; of make deb: which box it is for.
export DESTDIR BINDIR UNITDIR PYTHON WHEEL DEB_PYTHON DEB_ARCH
# The scenarios of make chaos; each has options: python -m tests.e2e.chaos soak --help
CHAOS ?= restarts freeze refusals sizes neighbours broker damaged soak

.DEFAULT_GOAL := help
.PHONY: help run install uninstall purge dist deb deb-check wheels test chaos bench tflite-runtime fer-package lint format debian-packages schemas metrics-docs demo-clip pictures clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

run: $(RUN_ENV)/installed  ## Start the daemon on config.yaml: demo clip, broker and page on loopback
	@echo "Starting edge-fer on config.yaml; Ctrl-C stops it."
	@exec $(RUN_ENV)/bin/edge-fer run --config config.yaml

install:  ## Install the daemon as a service, or upgrade it (as root)
	@packaging/install.sh install

uninstall:  ## Remove what make install put there, but configuration and state (as root)
	@packaging/install.sh uninstall

purge:  ## Remove these too (as root)
	@packaging/install.sh purge

dist: $(PACKAGE_ENV)/installed  ## Build sdist and wheel in dist/
	@UV=$(PACKAGE_ENV)/bin/uv packaging/dist.sh dist

deb: $(PACKAGE_ENV)/installed  ## Build the Debian package in dist/: DEB_ARCH=arm64 DEB_PYTHON=3.13 for another box
	@UV=$(PACKAGE_ENV)/bin/uv packaging/deb.sh dist

deb-check:  ## Install, edit, upgrade, remove and purge DEB=dist/....deb in a fresh Debian, and show what is left (as root)
	@packaging/deb-check.sh "$(DEB)"

wheels: $(PACKAGE_ENV)/installed  ## Look up anew which wheels there are for whom: the table of docs/install.md
	@$(PACKAGE_ENV)/bin/python packaging/wheels.py

test: $(TEST_ENV)/installed  ## Run all tests (more of them with the packages of debian-packages)
	@echo "Running the tests; parts of the system that are missing are named at the end."
	$(PYTEST) $(PYTEST_ARGS)

chaos: $(TEST_ENV)/installed  ## Break everything around a running daemon for 1 1/2 hours, and measure
	$(TEST_ENV)/bin/python -m tests.e2e.chaos --out chaos $(CHAOS)

bench: $(RUN_ENV)/installed $(TEST_ENV)/installed  ## Measure how fast we are and others are, into docs/speed/: CLIP=... BENCH_ARGS=...
	@mkdir -p docs/speed
	$(RUN_ENV)/bin/edge-fer bench $(CLIP) --history docs/speed/history.jsonl \
	    --against 'classic=$(TEST_ENV)/bin/python -m tests.benchmarks.classic' \
	    $(if $(wildcard $(FER_ENV)/installed),--against 'fer=$(FER_ENV)/bin/python -m tests.benchmarks.pypi_fer') \
	    $(BENCH_ARGS)
	$(TEST_ENV)/bin/python -m tests.benchmarks.plot docs/speed/history.jsonl docs/speed/history.png

tflite-runtime: $(TFLITE_ENV)/installed  ## Make the environment that tests of tflite-runtime use

fer-package: $(FER_ENV)/installed  ## Make the environment with PyPI's fer, for make bench to compare with

lint: $(TEST_ENV)/installed  ## Check style and types
	$(TEST_ENV)/bin/ruff check .
	$(TEST_ENV)/bin/ruff format --check .
	$(TEST_ENV)/bin/mypy

format: $(TEST_ENV)/installed  ## Format the code
	$(TEST_ENV)/bin/ruff check --fix .
	$(TEST_ENV)/bin/ruff format .

debian-packages:  ## Install the Debian packages that the end-to-end tests use (as root)
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	    $$(grep -v '^#' tests/debian-packages.txt)

schemas: $(RUN_ENV)/installed  ## Write the JSON Schema files of the MQTT messages and of config.yaml anew
	$(RUN_ENV)/bin/python -m edge.publish.messages
	$(RUN_ENV)/bin/edge-fer config schema --out config.schema.json

metrics-docs: $(RUN_ENV)/installed  ## Write docs/metrics.md anew
	$(RUN_ENV)/bin/python -m edge.metrics.reference > docs/metrics.md

demo-clip: $(TEST_ENV)/installed  ## Make the demo clip anew
	$(TEST_ENV)/bin/python docs/make_demo_clip.py edge/demo/astronaut.mp4

pictures: $(TEST_ENV)/installed  ## Make the README's pictures anew, with a real browser
	$(TEST_ENV)/bin/python -m docs.make_page_pictures

clean:  ## Remove the environments and what builds leave
	rm -rf $(RUN_ENV) $(TEST_ENV) $(TFLITE_ENV) $(PACKAGE_ENV) $(FER_ENV) build dist edge_fer.egg-info

$(RUN_ENV)/installed: pyproject.toml
	@echo "Making the daemon's environment in $(RUN_ENV); this takes a minute, once."
	$(PYTHON) -m venv $(RUN_ENV)
	$(RUN_ENV)/bin/python -m pip install --quiet --editable .
	@touch $@

$(PACKAGE_ENV)/installed: pyproject.toml
	@echo "Making the environment that packages in $(PACKAGE_ENV); this takes seconds, once."
	$(PYTHON) -m venv $(PACKAGE_ENV)
	$(PACKAGE_ENV)/bin/python -m pip install --quiet 'uv>=0.9,<0.14'
	@touch $@

$(TEST_ENV)/installed: pyproject.toml
	@echo "Making the test environment in $(TEST_ENV), with TensorFlow; this takes minutes, once."
	$(PYTHON) -m venv $(TEST_ENV)
	$(TEST_ENV)/bin/python -m pip install --quiet --editable '.[train,test,dev]'
	@touch $@

$(TFLITE_ENV)/installed: pyproject.toml
	@echo "Making the environment with tflite-runtime in $(TFLITE_ENV); this takes a minute, once."
	$(TFLITE_PYTHON) -m venv $(TFLITE_ENV)
	$(TFLITE_ENV)/bin/python -m pip install --quiet --editable '.[tflite-runtime]'
	@touch $@

$(FER_ENV)/installed: tests/benchmarks/pypi_fer.txt
	@echo "Making the environment with PyPI's fer in $(FER_ENV); this takes minutes, once."
	$(PYTHON) -m venv $(FER_ENV)
	$(FER_ENV)/bin/python -m pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) \
	    $$(grep -oE '^torch(vision)?==[^ ]*' $<)
	$(FER_ENV)/bin/python -m pip install --quiet -r $<
	@touch $@
