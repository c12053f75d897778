# `make` lists the targets.
SWIFT ?= swift
RELEASE := .build/release
PYTHON := .venv/bin/python
SWIFT_SOURCES := Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.PHONY: build
build: ## Build the release binaries, installing missing system packages.
	@Scripts/install-dependencies build
	$(SWIFT) build -c release --product lehr

.PHONY: demo
demo: build ## Train, export, serve and measure on this machine. DATA=DIR, KEEP=1, JSON=FILE.
	$(RELEASE)/lehr demo --job Examples/two-tower.yaml \
	    $(if $(DATA),--data '$(DATA)') $(if $(KEEP),--keep) $(if $(JSON),--json '$(JSON)')

.PHONY: test
test: lint protos-check unit end-to-end ## Everything: lint, generated code, unit, simulation, end to end.

.PHONY: unit
unit: $(PYTHON) ## Unit, simulation and integration tests: the inner loop.
	@Scripts/install-dependencies build
	$(SWIFT) build --build-tests --explicit-target-dependency-import-check error
	LEHR_INTEROP_PYTHON=$(CURDIR)/$(PYTHON) $(SWIFT) test --skip-build

.PHONY: end-to-end
end-to-end: build $(PYTHON) ## Real processes, SIGKILL, foreign clients, replays from a seed.
	$(SWIFT) build -c release --product lehr-sim
	$(PYTHON) -m pytest -q Tests/EndToEnd Tests/Interop

$(PYTHON): Tests/requirements.txt
	@Scripts/install-dependencies test
	python3 -m venv .venv
	.venv/bin/pip install -q -r Tests/requirements.txt
	@touch $@

.PHONY: lint
lint: ## Format and style, without changing anything.
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_SOURCES)

.PHONY: fix
fix: ## Format the Swift code.
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_SOURCES)

.PHONY: check
check: test ## The same as test.

.PHONY: protos
protos: ## Regenerate the committed code from Protos/.
	@Scripts/install-dependencies protos
	Scripts/generate-protos

.PHONY: protos-check
protos-check: ## Fail when the committed code is stale.
	@Scripts/install-dependencies protos
	Scripts/generate-protos --check

.PHONY: bench
bench: ## Measure the RPC layer against its references. ARGS='--only nghttpd --json'.
	@Scripts/install-dependencies build bench
	$(SWIFT) build -c release --product lehr
	$(SWIFT) build -c release --package-path Benchmarks
	$(RELEASE)/lehr bench rpc $(ARGS)

.PHONY: nightly
nightly: ## The tests under AddressSanitizer and ThreadSanitizer, each in a build of its own.
	@Scripts/install-dependencies build
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --sanitize=address --scratch-path .build/asan
	TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/tsan-suppressions.txt" \
	    $(SWIFT) test --sanitize=thread --scratch-path .build/tsan

.PHONY: clean
clean: ## Remove what was built.
	rm -rf .build .venv
