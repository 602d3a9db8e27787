# Everything a contributor runs. `make` alone lists the targets.
GO      ?= go
BIN     := bin
TOOLS   := $(BIN)/tools
# A directory with openconfig/, srlinux/ and eos/ below it, for the targets that regenerate. See CONTRIBUTING.md.
YANG_DIR ?=
ARGS    ?=

.DEFAULT_GOAL := help
.PHONY: help build demo test faults e2e-real devices servers lint fmt generate check-generated bench bench-bus tools clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the one binary, bin/tenter
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o $(BIN)/tenter ./cmd/tenter

demo: build ## the whole loop on a simulated fabric (ARGS=--once to end by itself)
	$(BIN)/tenter demo $(ARGS)

test: servers ## every test, with the race detector
	$(GO) test -race -timeout 60m ./...

faults: servers ## break what Tenter stands on, and print what that cost; 15 minutes at most (ARGS="-o docs/faults.md")
	cd internal/faults && $(GO) test -count=1 -timeout 16m -parallel 6 -args -full $(ARGS)

# Real devices' software from Debian's packages, in namespaces of their own. It needs root.
e2e-real: devices ## against netconfd and FRR, in namespaces (as root)
	$(GO) test -tags real -count=1 -timeout 20m ./internal/e2ereal/...

# A missing server is an error, never a silently skipped test. Debian keeps PostgreSQL's programs out of the PATH.
servers:
	@missing=; command -v redis-server >/dev/null 2>&1 || missing=redis-server; \
	  command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	  if [ -z "$$missing" ]; then :; \
	  elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q $$missing; \
	  else \
	    echo "make test needs $$missing: sudo apt-get install $$missing, or brew install redis postgresql" >&2; exit 1; \
	  fi

devices:
	@missing=; for f in /usr/sbin/netconfd /usr/bin/vtysh /usr/sbin/sshd; do [ -x $$f ] || missing="$$missing $$f"; done; \
	  if [ -z "$$missing" ]; then :; \
	  elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q netconfd frr openssh-server; \
	  else \
	    echo "make e2e-real needs$$missing: as root on Debian, apt-get install netconfd frr openssh-server" >&2; exit 1; \
	  fi

lint: tools ## formatting, vet, staticcheck, dead code
	@out=$$(git ls-files -co --exclude-standard '*.go' | grep -v '/oc/' | xargs $(TOOLS)/gofumpt -l); \
	  if [ -n "$$out" ]; then echo "not formatted (make fmt):"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags real ./internal/e2ereal/...
	$(TOOLS)/staticcheck $$($(GO) list ./... | grep -v '/oc$$')
	@out=$$($(TOOLS)/deadcode -generated=false ./cmd/... $$($(GO) list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' ./internal/... | grep -v /busbench)); \
	  if [ -n "$$out" ]; then echo "dead code:"; echo "$$out"; exit 1; fi

fmt: tools ## format the code
	git ls-files -co --exclude-standard '*.go' | grep -v '/oc/' | xargs $(TOOLS)/gofumpt -w

generate: ## regenerate what is generated (YANG_DIR for schemas and structs)
	YANG_DIR=$(if $(YANG_DIR),$(abspath $(YANG_DIR))) $(GO) generate ./...
ifneq ($(YANG_DIR),)
	YANG_DIR=$(abspath $(YANG_DIR)) $(GO) test ./schemas -run TestSchemas -count=1 -update
endif

GENERATED := schemas internal/render/openconfig/oc internal/sim/oc internal/sim/native

check-generated: generate ## regenerating must change nothing
	@git diff --exit-code --stat -- $(GENERATED) || { echo "generated files are stale: make generate, then commit"; exit 1; }
	@new=$$(git ls-files -o --exclude-standard -- $(GENERATED)); [ -z "$$new" ] || { echo "generated and not committed:"; echo "$$new"; exit 1; }

bench: ## benchmarks of the core against the usual libraries
	$(GO) test -run '^$$' -bench . -benchmem ./internal/...

bench-bus: servers ## the bus against raw go-redis on the same server, and with the log in SQL (ARGS=-help)
	$(GO) run ./internal/bus/busbench $(ARGS)

tools: $(TOOLS)/gofumpt $(TOOLS)/staticcheck $(TOOLS)/deadcode

$(TOOLS)/gofumpt: tools.mod
	$(GO) build -modfile=tools.mod -o $@ mvdan.cc/gofumpt
$(TOOLS)/staticcheck: tools.mod
	$(GO) build -modfile=tools.mod -o $@ honnef.co/go/tools/cmd/staticcheck
$(TOOLS)/deadcode: tools.mod
	$(GO) build -modfile=tools.mod -o $@ golang.org/x/tools/cmd/deadcode

clean: ## remove what was built
	rm -rf $(BIN)
