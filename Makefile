# What people type. CMake presets do the building: dev (sanitizers, warnings are errors), tsan, release.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
# For each of libFuzzer's targets.
FUZZ_SECONDS ?= 20
# The tests that ThreadSanitizer runs: those of the scheduler, the engine, the stores, the notifiers, the loader and the HTTP providers.
TSAN_TESTS ?= scheduler|engine|store|memory|sqlite|postgres|loader|registry|plugin|notifier|conformance|http|openai|ollama|fetch
FORMATTED = git ls-files '*.h' '*.cpp'

.NOTPARALLEL:
.PHONY: help setup build demo test test-dev test-tsan test-release fuzz docs bench rank soak format lint install clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the Debian packages of packages.txt that are missing
	@missing=$$(sed -e 's/#.*//' packages.txt | while read -r package command _; do \
	    [ -n "$$package" ] || continue; \
	    [ -n "$$command" ] && command -v "$$command" > /dev/null && continue; \
	    dpkg-query -W -f '$${Status}' "$$package" 2> /dev/null | grep -q 'ok installed' && continue; \
	    echo "$$package"; \
	done | sort -u | xargs); \
	if [ -z "$$missing" ]; then echo "setup: everything of packages.txt is here"; exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; elif command -v sudo > /dev/null; then sudo=sudo; \
	else echo "setup: missing: $$missing; install them as root, or install sudo" >&2; exit 1; fi; \
	echo "setup: installing $$missing"; \
	$$sudo apt-get update -q; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $$missing

build: setup ## Build for use: build/release/bin/embedq
	cmake --preset release
	cmake --build --preset release -j$(JOBS)

demo: build ## Index real public API documents and find operations by questions
	tests/integration/demo.sh build/release/bin/embedq build/demo

# The summary of the last ctest is the last thing said.
test: setup test-tsan test-release fuzz test-dev ## Run every test: under TSan, on the release build, under ASan and UBSan

# Only what these tests need is built: each test is a target of its own name.
test-tsan: setup ## The scheduler's, stores' and loader's tests under ThreadSanitizer
	cmake --preset tsan
	targets=$$(ctest --test-dir build/tsan -N -R '$(TSAN_TESTS)' | awk '/Test +#/ { print $$NF }'); \
	[ -n "$$targets" ] || { echo "test-tsan: no test is named like $(TSAN_TESTS)" >&2; exit 1; }; \
	cmake --build --preset tsan -j$(JOBS) --target $$targets
	ctest --preset tsan --no-tests=error -j$(JOBS) -R '$(TSAN_TESTS)'

test-release: build ## The program as it is used, driven from outside
	python3 tests/integration/run.py build/release/bin/embedq
	python3 tests/faults/run.py build/release/bin/embedq

test-dev: setup ## Unit tests and conformance under ASan and UBSan
	cmake --preset dev
	cmake --build --preset dev -j$(JOBS)
	ctest --preset dev --no-tests=error -j$(JOBS) -LE shown
	ctest --preset dev --no-tests=error -L shown -V   # those whose output says what was proven

# A minute in all on two cores, with the build; `make soak` goes on for longer from what was learnt.
fuzz: setup ## libFuzzer on the decoders of answers and the readers of documents, under ASan and UBSan
	cmake --preset fuzz
	cmake --build --preset fuzz -j$(JOBS)
	python3 tests/fuzz/run.py build/fuzz $(FUZZ_SECONDS)

docs: setup ## Write the pages that come from the program: docs/configuration.md, docs/errors.md
	cmake --preset dev
	cmake --build --preset dev -j$(JOBS)
	python3 docs/generate.py build/dev/bin/embedq

bench: build ## Measure: benchmarks/
	cmake --preset release -DEMBEDQ_BUILD_BENCHMARKS=ON
	cmake --build --preset release -j$(JOBS)
	@if [ -x benchmarks/run.sh ]; then benchmarks/run.sh build/release; \
	else for program in build/release/bin/*_bench; do [ ! -x "$$program" ] || "$$program"; done; fi

rank: setup ## Measure how good the ranking is: benchmarks/ranking/
	cmake --preset release -DEMBEDQ_BUILD_BENCHMARKS=ON
	cmake --build --preset release -j$(JOBS) --target embedq_rank_eval
	benchmarks/ranking/run.sh build/release/bin/embedq_rank_eval build/rank

soak: build ## What takes longer than CI should: kill and resume many times over, and fuzzing
	$(MAKE) fuzz FUZZ_SECONDS=600
	EMBEDQ_SOAK=1 python3 tests/integration/run.py build/release/bin/embedq
	EMBEDQ_SOAK=1 python3 tests/faults/run.py build/release/bin/embedq
	EMBEDQ_SOAK=1 python3 tests/sql/run.py build/release/bin/embedq test_plans

format: ## Format the sources
	$(FORMATTED) | xargs clang-format-19 -i

lint: ## Check format and run clang-tidy
	$(FORMATTED) | xargs clang-format-19 --dry-run --Werror
	cmake --preset dev
	git ls-files '*.cpp' | xargs -P $(JOBS) -n 4 clang-tidy-19 -p build/dev --quiet

install: build ## Install the program and its plugins below PREFIX (/usr/local)
	cmake --install build/release --prefix $(PREFIX)

clean: ## Delete everything that was built
	rm -rf build
