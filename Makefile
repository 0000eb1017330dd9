# Every task of a developer. `make quickstart` and `make test` are all that a newcomer needs; both
# install what is missing, build, and may be run again at any time.

PYTHON := .venv/bin/python
JOBS := $(shell nproc)

.PHONY: help setup build quickstart test lint tidy format wheel coverage fuzz asan tsan clean

help:
	@sed -n 's/^## /  make /p' Makefile

## setup       installs the Debian packages and Python wheels that are missing
setup:
	@tools/setup.sh

# Configures a build tree once (Ninja does it again when a CMake file changes) and builds it.
define compile
@[ -f $(2)/build.ninja ] || cmake --preset $(1) --log-level=WARNING >/dev/null
@ninja -C $(2) $(3)
endef

## build       the command at build/featly, the wheel in dist/, and featly itself in .venv
build: setup
	$(call compile,release,build,featly featly_python)
	@$(MAKE) --silent .venv/.featly

# The wheel, from the one tree that was built, and its installation.
.venv/.featly: build/featly $(wildcard build/python/featly/*.so) pyproject.toml VERSION \
		packaging/CMakeLists.txt $(shell find python/featly -name '*.py' -o -name '*.pyi' -o -name py.typed)
	@echo "packing and installing the wheel"
	@rm -rf dist
	@$(PYTHON) -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps \
		--no-index --wheel-dir dist .
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-index \
		--force-reinstall dist/featly-*.whl
	@touch $@

## wheel       dist/featly-*.whl
wheel: build

## quickstart  from nothing to a prediction from online features, on real data
quickstart:
	@tools/quickstart.sh

## test        every check and every test
test: build
	$(call compile,release,build)
	$(call compile,asan,build-asan)
	@$(PYTHON) tools/run_checks.py test

## lint        the quick checks alone: format, ruff, mypy, rooms
lint: setup
	@$(PYTHON) tools/run_checks.py lint

## tidy        clang-tidy on every file (make test takes those that changed)
tidy: build
	@$(PYTHON) tools/run_checks.py tidy

## format      rewrites the sources in the project's format
format: setup
	@$(PYTHON) tools/run_checks.py format

## coverage    which lines of src/ the tests run: build-coverage/coverage.txt
coverage: build
	$(call compile,coverage,build-coverage)
	@find build-coverage -name '*.gcda' -delete
	@ctest --test-dir build-coverage --output-on-failure
	@cmake --install build-coverage --component module --prefix build-coverage/sdk >/dev/null
	@cp -r python/featly build-coverage/sdk/
	@FEATLY_BIN=$(CURDIR)/build-coverage/featly PYTHONPATH=$(CURDIR)/build-coverage/sdk \
		$(PYTHON) -m pytest tests -q
	@$(PYTHON) -m gcovr --root . --filter src/ --exclude '.*_test\.(cc|h)' --exclude '.*test_[a-z_]+\.h' \
		--exclude-throw-branches --print-summary --txt build-coverage/coverage.txt build-coverage

# Each reader is fuzzed this long, in seconds.
FUZZ_SECONDS := 600

## fuzz        libFuzzer on what reads bytes from outside (FUZZ_SECONDS=600 each)
fuzz:
	@tools/setup.sh clang-19 libclang-rt-19-dev
	$(call compile,fuzz,build-fuzz)
	@tools/fuzz.sh build-fuzz $(FUZZ_SECONDS)

## asan        the unit tests under the address and undefined-behaviour sanitizers
asan: setup
	$(call compile,asan,build-asan)
	@ctest --test-dir build-asan --output-on-failure -j $(JOBS)

## tsan        the unit tests under the thread sanitizer
tsan: setup
	$(call compile,tsan,build-tsan)
	@ctest --test-dir build-tsan --output-on-failure -j $(JOBS)

## clean       removes what was built (not .venv)
clean:
	rm -rf build build-* dist .venv/.featly
