# Outrigger: `make help` says what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test kube e2e cluster check format bench bench-decisions install

# seed of failing properties, colours, backtraces: the same everywhere, unless asked otherwise
export RUST_BACKTRACE ?= 0
CARGO ?= cargo

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: toolchain ## the main job without a cluster: injects and places three stream jobs on forty nodes
	@$(CARGO) run --quiet --locked -- demo

test: toolchain ## everything that needs no control plane: unit, property, golden, loopback HTTPS, doc tests
	$(CARGO) test --locked --lib --test it
	$(CARGO) test --locked --doc

kube: ## builds the real control plane once, into a cache folder outside the checkout
	@tests/cluster/build.sh

e2e: toolchain ## the end-to-end tests on that control plane, with a real Prometheus
	@bin=$$(tests/cluster/build.sh --print); test -x "$$bin/kube-apiserver" || \
	  { echo "no control plane in $$bin: run \`make kube\` first" >&2; exit 1; }
	$(CARGO) test --locked --test e2e

cluster: toolchain ## a running control plane with KWOK nodes and Outrigger installed, to try with kubectl
	@$(CARGO) run --locked --quiet --example cluster

check: toolchain ## format, lints, pure half, no demo, docs, dependencies, spelling, shell and YAML
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- --deny warnings
	$(CARGO) clippy --locked --lib --no-default-features -- --deny warnings
	$(CARGO) clippy --locked --lib --bins --no-default-features --features server -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' $(CARGO) doc --locked --no-deps --document-private-items
	@tools=$$(.ci/tools.sh); export PATH="$$tools:$$PATH"; set -x; \
	  cargo-deny --locked check --hide-inclusion-graph bans licenses sources; \
	  cargo-shear --deny-warnings; \
	  typos; \
	  yamllint --strict .; \
	  shellcheck .ci/run .ci/tools.sh tests/cluster/build.sh

format: toolchain ## formats the code
	$(CARGO) fmt

bench: toolchain ## the benchmarks
	$(CARGO) bench --locked --bench cost

bench-decisions: toolchain ## what comes of decisions: two weeks of real load, beside other rules
	$(CARGO) bench --locked --bench decisions -- --equal

install: toolchain ## installs the program `outrigger` for the current user
	$(CARGO) install --locked --path .

.PHONY: toolchain
toolchain:
	@command -v $(CARGO) >/dev/null || { echo 'needs Rust 1.95 or newer (https://rustup.rs) and a C compiler' >&2; exit 1; }
