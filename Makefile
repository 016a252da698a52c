# What people type. CMake presets do the building (docs/testing.md has the list of them).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
# Many tests wait for servers and processes most of the time.
TEST_JOBS ?= $(shell echo $$((2 * $$(nproc))))
PREFIX ?= /usr/local
# For each of libFuzzer's targets.
FUZZ_SECONDS ?= 12
# What ThreadSanitizer runs: the tests of the scheduler, the engine, the stores, the notifiers, the loader and the HTTP
# providers.
TSAN_TESTS ?= scheduler|endpoints|engine|store|memory|sqlite|postgres|loader|registry|plugin|notifier|conformance|$\
	http|openai|ollama|fetch|sync
# What runs under ASan alone. What is wrong on purpose says nothing about threads of the product; and the kit's cases
# for PostgreSQL run in conformance_postgres_cases, against the same store.
NOT_TSAN := planted_faults|conformance_postgres$$
FORMATTED = git ls-files '*.h' '*.cpp'
REPORT = build/report
# Runs the rest of the line as a phase of the report.
PHASE = @python3 tests/report.py run $(REPORT)

.NOTPARALLEL:
.PHONY: help setup setup-build setup-test program build demo test check test-format test-files test-tsan test-release \
	test-fuzz test-asan fuzz docs bench rank soak format lint install clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# $(call install_sections,NAME...): installs what is missing of these sections of packages.txt.
define install_sections
	@missing=$$(awk -v wanted=" $(1) " '{ sub(/#.*/, "") } \
	    /^\[/ { gsub(/[][]/, ""); on = index(wanted, " " $$1 " "); next } on' packages.txt | \
	while read -r package command _; do \
	    [ -n "$$package" ] || continue; \
	    [ -n "$$command" ] && command -v "$$command" > /dev/null && continue; \
	    dpkg-query -W -f '$${Status}' "$$package" 2> /dev/null | grep -q 'ok installed' && continue; \
	    echo "$$package"; \
	done | sort -u | xargs); \
	if [ -z "$$missing" ]; then echo "setup: all packages for $(1) are here"; exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; elif command -v sudo > /dev/null; then sudo=sudo; \
	else echo "setup: missing: $$missing; install them as root, or install sudo" >&2; exit 1; fi; \
	echo "setup: installing $$missing"; \
	$$sudo apt-get update -q; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $$missing
endef

setup: ## Install the Debian packages of packages.txt that are missing
	$(call install_sections,build test lint)

setup-build: ## Install those alone that the program and the demo need
	$(call install_sections,build)

setup-test:
	$(call install_sections,build test)

program: setup-build ## Build the program and its plugins: build/release/bin/embedq
	cmake --preset release -DEMBEDQ_BUILD_CONFORMANCE=OFF
	cmake --build --preset release -j$(JOBS)

build: setup-test ## Build what is installed: the program, its plugins and the conformance kit
	cmake --preset release
	cmake --build --preset release -j$(JOBS)

demo: program ## Index real public API documents and find operations by questions
	tests/integration/demo.sh build/release/bin/embedq build/demo

# The pass over each file needs nothing of the others: it runs beside them, where a processor would be idle. The report
# is the last thing printed: the time of each phase, the slowest tests, the number of test cases.
test: setup-test ## Run every test: each file, under TSan, on the release build, libFuzzer, under ASan and UBSan
	@python3 tests/report.py begin $(REPORT)
	$(PHASE) format -- $(MAKE) -s test-format
	@nice -n 19 timeout 1h python3 tests/report.py run $(REPORT) files -- $(MAKE) -s test-files \
	    > $(REPORT)/files.log 2>&1 & \
	files=$$!; trap 'kill $$files 2> /dev/null || true' EXIT; status=0; \
	for phase in tsan release fuzz asan; do \
	    python3 tests/report.py run $(REPORT) $$phase -- $(MAKE) -s test-$$phase || { status=$$?; break; }; \
	done; \
	if [ $$status = 0 ]; then wait $$files || status=$$?; cat $(REPORT)/files.log; fi; exit $$status
	@python3 tests/report.py show $(REPORT)

check: setup-test ## Build what a change touches, and run its unit tests and the kit on memory and SQLite
	cmake --preset asan > /dev/null
	python3 tests/check.py build/asan -j$(JOBS)

test-format:
	$(FORMATTED) | xargs clang-format-19 --dry-run --Werror
	python3 tests/lint/lines.py
	python3 tests/lint/test_retired.py
	python3 tests/lint/retired.py

test-files: # Each source file by itself: headers are whole, and locks are held where they have to be
	cmake --preset dev
	cmake --build --preset dev -j$(JOBS) --target embedq_postgres_sql  # the one header that is made
	python3 tests/lint/each_file.py compile build/dev --jobs $(JOBS)

# Only what these tests need is built: each test is a target of its own name.
test-tsan: # The scheduler's, stores' and loader's tests under ThreadSanitizer
	cmake --preset tsan
	targets=$$(ctest --test-dir build/tsan -N -R '$(TSAN_TESTS)' -E '$(NOT_TSAN)' | awk '/Test +#/ { print $$NF }'); \
	[ -n "$$targets" ] || { echo "test-tsan: no test is named like $(TSAN_TESTS)" >&2; exit 1; }; \
	cmake --build --preset tsan -j$(JOBS) --target $$targets
	ctest --preset tsan --no-tests=error -j$(TEST_JOBS) -R '$(TSAN_TESTS)' -E '$(NOT_TSAN)' \
	    --output-junit $(abspath $(REPORT))/tsan/ctest.xml

# Integration and faults run beside each other: most of the time they wait.
test-release: # The program as it is used, driven from outside
	cmake --preset release -DEMBEDQ_WERROR=ON
	cmake --build --preset release -j$(JOBS)
	@mkdir -p $(REPORT)/release
	python3 tests/faults/run.py build/release/bin/embedq --junit $(REPORT)/release/faults.xml \
	    > $(REPORT)/faults.log 2>&1 & \
	status=0; \
	python3 tests/integration/run.py build/release/bin/embedq --junit $(REPORT)/release/integration.xml || status=$$?; \
	wait $$! || status=$$?; cat $(REPORT)/faults.log; exit $$status

test-asan: # Unit tests, conformance and integration under ASan and UBSan
	cmake --preset asan
	cmake --build --preset asan -j$(JOBS)
	status=0; ctest --preset asan --no-tests=error -j$(TEST_JOBS) --test-output-size-passed 1000000 \
	    --output-junit $(abspath $(REPORT))/asan/ctest.xml || status=$$?; \
	python3 tests/report.py shown $(REPORT)/asan/ctest.xml; exit $$status

# About a minute on two cores, with the build; `make soak` goes on for longer from what was learnt.
test-fuzz: # libFuzzer on the decoders of answers, the readers of documents and the configuration, under ASan and UBSan
	cmake --preset fuzz
	cmake --build --preset fuzz -j$(JOBS)
	python3 tests/fuzz/run.py build/fuzz $(FUZZ_SECONDS)

fuzz: setup-test test-fuzz ## libFuzzer, FUZZ_SECONDS for each target

docs: setup-test ## Write what is generated of docs/: configuration.md, errors.md, layering.md, scheduler.md
	cmake --preset dev
	cmake --build --preset dev -j$(JOBS)
	python3 docs/generate.py build/dev/bin/embedq

bench: setup-test ## Measure: benchmarks/
	cmake --preset release -DEMBEDQ_BUILD_BENCHMARKS=ON
	cmake --build --preset release -j$(JOBS)
	@if [ -x benchmarks/run.sh ]; then benchmarks/run.sh build/release; \
	else for program in build/release/bin/*_bench; do [ ! -x "$$program" ] || "$$program"; done; fi

rank: setup-test ## Measure how good the ranking is: benchmarks/ranking/
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

lint: setup test-format ## Check format and locks, and run clang-tidy on what has changed since it passed
	cmake --preset dev
	cmake --build --preset dev -j$(JOBS) --target embedq_postgres_sql
	python3 tests/lint/each_file.py whole build/dev --jobs $(JOBS)
	python3 tests/lint/each_file.py tidy build/dev --jobs $(JOBS)

install: build ## Install the program and its plugins below PREFIX (/usr/local)
	cmake --install build/release --prefix $(PREFIX)

clean: ## Delete everything that was built
	rm -rf build
