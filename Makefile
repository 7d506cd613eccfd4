# Every target is one command a person could type. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LINT     := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 30s
SOAK      ?= 1h
SOAK_KILL ?= 5m
ROUNDS    ?= 20

SUMMARY := go tool gotestsum --format pkgname --format-hide-empty-pkg

# Packages that compare with brute force in many rounds, of which the race
# detector has only some: see flowtest.Rounds.
ROUNDED = $$(grep -rl 'flowtest\.Rounds' --include=*_test.go . | xargs -r -n 1 dirname | sort -u)

help: ## list the targets
	@grep -hE '^[a-z][a-z0-9-]*:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

build: ui go-build ## build bin/weir, dashboard included

go-build: ## build bin/weir with the dashboard as it was built last
	go build -ldflags '-s -w -X main.release=$(VERSION)' -o bin/weir .

ui: frontend/dist/index.html ## build the dashboard

frontend/dist/index.html: frontend/package-lock.json frontend/index.html frontend/graphiql.html $(shell find frontend/src -type f 2>/dev/null)
	cd frontend && npm ci --no-audit --no-fund && npm run build
	@touch $@

demo: build ## build everything and run a whole deployment on this machine
	bin/weir demo

test: test-needs build ## install what the tests need, then run them all
	CGO_ENABLED=1 $(SUMMARY) -- -race -shuffle=on -timeout 15m $(TESTFLAGS) $$(go list ./... | grep -v /integration)
	WEIR_PROGRAM=$(CURDIR)/bin/weir $(SUMMARY) -- -shuffle=on -parallel 3 -timeout 20m -count=1 $(TESTFLAGS) \
		./integration/... $(ROUNDED)

test-needs: ## install the Debian packages that the tests use
	@.ci/needs softflowd nfdump tcpdump util-linux iproute2 nftables procps

ui-test: ui ## unit tests and lint of the dashboard, whose types building it has checked
	cd frontend && npx eslint . && npm test

e2e: build ## browser tests of the dashboard against a running demo
	@.ci/needs chromium
	cd frontend && npm run e2e

lint: ## static analysis, formatting, known vulnerabilities
	$(LINT) run ./...
	go tool govulncheck ./...

generate: ## make all generated code anew
	go generate ./...
	cd frontend && npm run codegen

check-generated: generate ## fail if generated code was not current
	git diff --exit-code

fuzz: ## run every fuzz target for FUZZTIME (30s) each, one after the other
	@targets=$$(grep -rnoE '^func Fuzz[A-Za-z0-9_]*' --include=*_test.go --exclude-dir=node_modules . | sed -E 's|/[^/]*:[0-9]+:func | |' | sort -u); \
	echo "$$targets"; echo "== $$(wc -l <<<"$$targets") targets, $(FUZZTIME) each"; \
	while read -r pkg target; do \
		echo "== $$pkg $$target"; \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg </dev/null || exit 1; \
	done <<<"$$targets"

rounds: ## comparisons with brute force, ROUNDS (20) times as many as in `make test`
	WEIR_ROUNDS=$(ROUNDS) $(SUMMARY) -- -timeout 60m -count=1 $(ROUNDED)

bench: go-build ## benchmarks, next to peers where there are any
	@.ci/needs nfdump softflowd pmacct iproute2
	go test -run '^$$' -bench . -benchtime 2s ./flowio/... ./persistence/...
	WEIR_PROGRAM=$(CURDIR)/bin/weir go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./integration/...

soak: go-build ## load a deployment for SOAK (1h), killing a Slave every SOAK_KILL (5m)
	WEIR_SOAK=$(SOAK) WEIR_SOAK_KILL=$(SOAK_KILL) WEIR_PROGRAM=$(CURDIR)/bin/weir \
		go test -run '^(TestFrozenSlaves|TestSoak)$$' -v -count 1 -timeout 0 ./integration/

.PHONY: help build go-build ui demo test test-needs ui-test e2e lint generate check-generated fuzz rounds bench soak
