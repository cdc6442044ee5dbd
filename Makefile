# Targets are what CI runs. GO, FUZZTIME and BENCHTIME may be given.
GO        ?= go
FUZZTIME  ?= 30s
BENCHTIME ?= 1s
STATICCHECK = $(GO) tool -modfile=tools/go.mod staticcheck

# Modules of this repository: the product, and the tests against other
# implementations, whose dependencies must not become the product's.
CONFORMANCE = internal/conformance

# What other people's implementations are installed as; the console's tests sign
# officers in at one of them.
PEERS = $(CONFORMANCE)/npm/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help demo build web test lint unit conformance pages screenshots bench bench-revocation bench-web fuzz packages clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## run issuer, verifier and phone on this machine over a sample program
	bin/cyberbadge demo $(DEMOFLAGS)

build: web bin/cyberbadge ## build bin/cyberbadge and its pages

# The go command knows what has changed, so it is always asked.
.PHONY: bin/cyberbadge
bin/cyberbadge:
	@scripts/packages cc
	$(GO) build -trimpath -o $@ ./cmd/cyberbadge

# The verifier in the browser, and what Go needs there. Vite takes a while to
# compress it, so the file is only replaced by another one.
WASM = GOOS=js GOARCH=wasm $(GO)

web: web/node_modules/.package-lock.json ## build the pages into web/dist, for the program to embed
	@mkdir -p web/build
	cp "$$($(GO) env GOROOT)/lib/wasm/wasm_exec.js" web/build/new.js
	$(WASM) build -trimpath -ldflags '-s -w' -o web/build/new.wasm ./verifier/wasm
	@cd web/build && { cmp -s new.js wasm_exec.js || mv new.js wasm_exec.js; }
	@cd web/build && { cmp -s new.wasm verifier.wasm || mv new.wasm verifier.wasm; }
	@rm -f web/build/new.js web/build/new.wasm
	@$(MAKE) --no-print-directory web/dist/check.html

web/dist/check.html: $(shell find web/src web/*.html web/*.ts web/package-lock.json web/build -type f 2>/dev/null)
	cd web && npm run --silent build

web/node_modules/.package-lock.json: web/package-lock.json
	@scripts/packages node npm
	cd web && npm ci --ignore-scripts --no-audit --no-fund --silent

test: packages web lint unit conformance pages ## run every check and test, installing what they need

packages: ## install the Debian packages that tests use
	@scripts/packages cc zbarimg curl node npm chromium

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

conformance: $(PEERS) ## tests against published vectors and other implementations
	cd $(CONFORMANCE) && $(GO) test -race ./...

$(PEERS): $(CONFORMANCE)/npm/package-lock.json
	@scripts/packages node npm
	cd $(CONFORMANCE)/npm && npm ci --ignore-scripts --no-audit --no-fund --silent

# go test finds node by way of this.
IN_NODE = -exec "$$($(GO) env GOROOT)/lib/wasm/go_js_wasm_exec"

pages: web $(PEERS) ## tests of the pages: units, the verifier in WebAssembly, Chromium
	@scripts/packages chromium
	cd web && npm test --silent
	$(WASM) vet ./verifier/wasm
	$(WASM) test $(IN_NODE) ./verifier/wasm
	$(WASM) test $(IN_NODE) -run Vector ./credential
	$(GO) vet -tags pages ./web/e2e
	$(GO) test -tags pages -count=1 -timeout 30m -run TestPages ./web/e2e

screenshots: web $(PEERS) ## the pages as pictures in web/screenshots, to look at
	@scripts/packages chromium
	$(GO) test -tags pages -count=1 -run TestScreenshots ./web/e2e

bench: ## print speed as ratios, each beside its bound
	@scripts/packages cc
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -timeout 30m \
	  ./credential/... ./revocation ./verifier ./verifier/server ./issuer ./issuer/policy ./issuer/store/sqlite | $(GO) run ./internal/benchtable

# Each in as many rounds as it needs, so that all of it ends in a few minutes.
MEASURE = $(GO) test -run '^$$' -timeout 10m -benchmem

bench-revocation: ## print how fast revocation is, each figure beside its bound
	@scripts/packages cc
	{ $(MEASURE) -bench Revocation_ToTheGate -benchtime 200x ./cmd/cyberbadge; \
	  $(MEASURE) -bench Revocation_AThousandFetch -benchtime 3x ./cmd/cyberbadge; \
	  $(MEASURE) -bench 'StatusLookup|Million$$' -benchtime 1s ./revocation; \
	  $(MEASURE) -bench 'Publish_(OneRevocation|ListOfAMillion)' -benchtime 100x ./issuer; \
	  $(MEASURE) -bench Publish_TenMillion -benchtime 5x ./issuer; \
	  $(MEASURE) -bench Bundle100000 -benchtime 1s ./revocation/bundle; } | $(GO) run ./internal/benchtable revocation

bench-web: web ## print the pages' bytes and times in Chromium, each beside its bound
	@scripts/packages chromium
	$(GO) test -tags pages -count=1 -v -run TestBench ./web/e2e | grep -E ' (kB|ms)( |$$)|^(FAIL|---)'

fuzz: ## run every fuzz target for FUZZTIME (30s)
	@scripts/fuzz $(FUZZTIME)

clean: ## remove what was built
	rm -rf bin $(CONFORMANCE)/npm/node_modules web/node_modules web/build web/screenshots web/dist/assets web/dist/*.html
