# Targets are what CI runs. GO, FUZZTIME and BENCHTIME may be given.
GO        ?= go
FUZZTIME  ?= 30s
BENCHTIME ?= 1s
STATICCHECK = $(GO) tool -modfile=tools/go.mod staticcheck

# Modules of this repository: the product, and the tests against other
# implementations, whose dependencies must not become the product's.
CONFORMANCE = internal/conformance

.DEFAULT_GOAL := help
.PHONY: help demo build test lint unit conformance bench fuzz packages clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## run issuer, verifier and phone on this machine over a sample program
	bin/cyberbadge demo $(DEMOFLAGS)

build: bin/cyberbadge ## build bin/cyberbadge

# The go command knows what has changed, so it is always asked.
.PHONY: bin/cyberbadge
bin/cyberbadge:
	@scripts/packages cc
	$(GO) build -trimpath -o $@ ./cmd/cyberbadge

test: packages lint unit conformance ## run every check and test, installing what they need

packages: ## install the Debian packages that tests use
	@scripts/packages cc zbarimg curl node npm

lint: ## formatting, vet, staticcheck, module files
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	  test -z "$$unformatted" || { echo "not formatted; run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	cd $(CONFORMANCE) && $(GO) vet ./...
	$(STATICCHECK) -checks all ./...
	$(GO) mod tidy -diff
	cd $(CONFORMANCE) && $(GO) mod tidy -diff

unit: ## the product's own tests, with the race detector
	$(GO) test -race ./...

conformance: ## tests against published vectors and other implementations
	cd $(CONFORMANCE)/npm && npm ci --ignore-scripts --no-audit --no-fund --silent
	cd $(CONFORMANCE) && $(GO) test -race ./...

bench: ## print speed as ratios, each beside its bound
	@scripts/packages cc
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) \
	  ./credential/... ./revocation ./verifier ./verifier/server ./issuer ./issuer/policy ./issuer/store/sqlite | $(GO) run ./internal/benchtable

fuzz: ## run every fuzz target for FUZZTIME (30s)
	@scripts/fuzz $(FUZZTIME)

clean: ## remove what was built
	rm -rf bin $(CONFORMANCE)/npm/node_modules
