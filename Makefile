# `make` lists the targets.
SWIFT ?= swift
RELEASE := .build/release
PYTHON := .venv/bin/python
SWIFT_SOURCES := Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources \
    Benchmarks/Table/Package.swift

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

.PHONY: build
build: ## Build the release binaries, installing missing system packages.
	@Scripts/install-dependencies build
	$(SWIFT) build -c release --product lehr

.PHONY: demo
demo: build ## Train, export, serve and measure on this machine. DATA=DIR, KEEP=1, JSON=FILE.
	$(RELEASE)/lehr demo --job Examples/two-tower.yaml \
	    $(if $(DATA),--data '$(DATA)') $(if $(KEEP),--keep) $(if $(JSON),--json '$(JSON)')

.PHONY: test
test: lint protos-check unit simulate end-to-end helm-verify fuzz-check ## Everything: lint, generated code, unit, simulation, end to end, the chart, fuzzing.

.PHONY: unit
unit: $(PYTHON) ## Unit, simulation and integration tests: the inner loop.
	@Scripts/install-dependencies build
	$(SWIFT) build --build-tests --explicit-target-dependency-import-check error
	LEHR_INTEROP_PYTHON=$(CURDIR)/$(PYTHON) $(SWIFT) test --skip-build

.PHONY: simulator
simulator:
	@Scripts/install-dependencies build
	$(SWIFT) build -c release --product lehr-sim

# Two processes, as a run uses one core.
.PHONY: simulate
simulate: simulator ## Simulate twice SEEDS=200 seeds, from FIRST=0: some minutes at most.
	@$(RELEASE)/lehr-sim --seeds $(or $(SEEDS),200) --first $(or $(FIRST),0) & first=$$!; \
	$(RELEASE)/lehr-sim --seeds $(or $(SEEDS),200) \
	    --first $$(($(or $(FIRST),0) + $(or $(SEEDS),200))); second=$$?; \
	wait $$first && test $$second = 0

.PHONY: soak-sim
soak-sim: simulator ## Simulate seeds from FIRST on until one breaks a promise, or you stop it.
	$(RELEASE)/lehr-sim --seeds 0 --first $(or $(FIRST),$(shell date +%s)000)

.PHONY: end-to-end
end-to-end: build $(PYTHON) ## Real processes, SIGKILL, foreign clients, replays from a seed.
	$(SWIFT) build -c release --product lehr-sim
	$(SWIFT) build -c release --product lehr-soak
	$(PYTHON) -m pytest -q Tests/EndToEnd Tests/Interop Tests/Containers

$(PYTHON): Tests/requirements.txt
	@Scripts/install-dependencies test
	$$(Scripts/find-python) -m venv .venv
	.venv/bin/pip install -q -r Tests/requirements.txt
	@touch $@

.PHONY: helm-verify
helm-verify: build $(PYTHON) ## Check the Helm chart with the real engine, without a cluster.
	helm/verify

.PHONY: docker-verify
docker-verify: build $(PYTHON) ## Build the image without an engine, and run a cluster from it. Needs root; KEEP=1.
	docker/verify

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

.PHONY: bench-table
bench-table: ## Measure the shard's table against its references. ARGS='--rows 1000000 --only pull'.
	@Scripts/install-dependencies build bench
	$(SWIFT) build -c release --product lehr
	$(SWIFT) build -c release --package-path Benchmarks/Table
	$(RELEASE)/lehr bench table $(ARGS)

.PHONY: bench-membership
bench-membership: ## Measure what members cost the coordinator. ARGS='--members 1000 --only sockets'.
	@Scripts/install-dependencies build
	$(SWIFT) build -c release --product lehr
	$(RELEASE)/lehr bench membership $(ARGS)

.PHONY: bench-placement
bench-placement: ## Measure placements against their lower bound. ARGS='--only equal --json'.
	@Scripts/install-dependencies build
	$(SWIFT) build -c release --product lehr
	$(RELEASE)/lehr bench placement $(ARGS)

.PHONY: bench-moves
bench-moves: ## Measure what moving partitions costs those who train. ARGS='--only pause --json'.
	@Scripts/install-dependencies build
	$(SWIFT) build -c release --product lehr
	$(RELEASE)/lehr bench moves $(ARGS)

# The program of the fuzzer, with AddressSanitizer; both are Swift's and come with it.
FUZZ_TARGETS := server-bytes server-frames client-bytes client-frames messages wire metadata identity segment formats yaml
FUZZ_FLAGS := -max_len=4096 -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=256 -print_final_stats=1

.PHONY: fuzz-build
fuzz-build:
	@Scripts/install-dependencies build
	LEHR_FUZZ=1 $(SWIFT) build -c release --scratch-path .build/fuzz --product lehr-fuzz \
	    --sanitize fuzzer --sanitize address \
	    -Xswiftc -sanitize=fuzzer,address -Xswiftc -enable-testing -Xswiftc -DLEHR_PLAIN_MALLOC

.PHONY: fuzz
fuzz: fuzz-build ## Fuzz for TIME=3600 seconds each: TARGET="server-frames wire"; all by default.
	@Scripts/fuzz -max_total_time=$(or $(TIME),3600) $(FUZZ_FLAGS) -- $(or $(TARGET),$(FUZZ_TARGETS))

.PHONY: fuzz-check
fuzz-check: fuzz-build ## A fixed number of runs of every fuzz target, from its seeds.
	@Scripts/fuzz -runs=$(or $(RUNS),2000) -seed=1 $(FUZZ_FLAGS) -- $(or $(TARGET),$(FUZZ_TARGETS))

.PHONY: soak
soak: ## CALLS=10000000 calls, many of them broken, after which nothing may be left.
	@Scripts/install-dependencies build
	$(SWIFT) build -c release --product lehr-soak
	$(RELEASE)/lehr-soak --calls $(or $(CALLS),10000000)

ASAN_FLAGS := --sanitize=address --scratch-path .build/asan -Xswiftc -DLEHR_PLAIN_MALLOC

.PHONY: protocol
protocol: ## Model-check the protocols of leases, acknowledgement and migration, and that their mutations are found.
	@Scripts/install-dependencies protocol
	Tests/Protocol/check $(MODEL)

# Simulated clusters that are dropped in the middle of their work leave cycles: theirs are not leaks.
.PHONY: nightly
nightly: protocol docker-verify ## The protocols' models, the image, the tests under AddressSanitizer and ThreadSanitizer, 5,000 simulated seeds, a soak, and TIME=600 seconds of fuzzing a target.
	@Scripts/install-dependencies build
	LSAN_OPTIONS="suppressions=$(CURDIR)/Tests/lsan-suppressions.txt" \
	    $(SWIFT) test $(ASAN_FLAGS) --skip LehrTestKitTests
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test $(ASAN_FLAGS) --filter LehrTestKitTests
	TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/tsan-suppressions.txt" \
	    $(SWIFT) test --sanitize=thread --scratch-path .build/tsan
	@$(MAKE) simulate SEEDS=2500 FIRST=1000
	@$(MAKE) soak
	@$(MAKE) fuzz TIME=$(or $(TIME),600)

.PHONY: clean
clean: ## Remove what was built.
	rm -rf .build .venv
