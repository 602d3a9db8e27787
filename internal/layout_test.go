package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tenter-net/tenter/"

// The tiers of the design, lowest first. A package imports its own tier only where the table below says so,
// and never a higher one.
const (
	data        = iota // embedded files, no behaviour
	vocabulary         // pure: words
	logic              // pure: functions of values
	engine             // goroutines; what they need is a small interface of their own
	adapter            // I/O
	composition        // wiring only
)

// A rule is what one package may import directly beyond lower tiers, and why.
type rule struct {
	tier int
	also []string // packages of the same tier
	uses []string // owned third-party prefixes
	why  string
}

var rules = map[string]rule{
	"schemas": {tier: data, also: []string{"internal/schema"}, why: "compiled YANG and JSON Schemas, embedded and loaded once"},
	"intents": {tier: data, why: "the example fabric, embedded for the demo"},
	"lab":     {tier: data, why: "containerlab topologies, embedded for the demo"},

	"internal/suggest":        {tier: vocabulary, why: "the name that was meant, for hints"},
	"internal/path":           {tier: vocabulary, why: "paths name everything else"},
	"internal/schema":         {tier: vocabulary, also: []string{"internal/path", "internal/suggest"}, why: "canonical values of paths"},
	"internal/schema/compile": {tier: vocabulary, also: []string{"internal/schema", "internal/path"}, uses: []string{"github.com/openconfig/goyang"}, why: "YANG text to compact schema"},
	"internal/tree":           {tier: vocabulary, also: []string{"internal/path", "internal/schema"}, why: "leaves are paths with canonical values"},
	"internal/wire":           {tier: vocabulary, also: []string{"internal/path", "internal/schema", "internal/tree"}, uses: []string{"github.com/openconfig/gnmi/proto", "google.golang.org/protobuf"}, why: "gNMI messages to leaves and back"},
	"internal/intent":         {tier: vocabulary, also: []string{"internal/path", "internal/tree", "internal/suggest"}, uses: []string{"go.yaml.in/yaml/v4"}, why: "documents with positions"},
	"internal/event":          {tier: vocabulary, also: []string{"internal/intent"}, uses: []string{"github.com/google/uuid"}, why: "the catalogue and its envelope; devices have their names"},

	"internal/fabric":               {tier: logic, why: "intents to models"},
	"internal/profile":              {tier: logic, uses: []string{"go.yaml.in/yaml/v4"}, why: "device families as data"},
	"internal/render":               {tier: logic, also: []string{"internal/fabric", "internal/profile", "internal/render/openconfig"}, why: "chooses the dialect"},
	"internal/render/openconfig":    {tier: logic, also: []string{"internal/fabric", "internal/profile", "internal/render/openconfig/oc"}, uses: []string{"github.com/openconfig/ygot"}, why: "authors OpenConfig with generated structs"},
	"internal/render/openconfig/oc": {tier: logic, uses: []string{"github.com/openconfig/ygot", "github.com/openconfig/goyang"}, why: "generated"},
	"internal/plan":                 {tier: logic, also: []string{"internal/fabric", "internal/profile"}, why: "scope and protection come from model and profile"},
	"internal/run":                  {tier: logic, also: []string{"internal/plan", "internal/profile"}, why: "a run executes a plan"},
	"internal/drift":                {tier: logic, also: []string{"internal/plan", "internal/fabric"}, why: "scope is decided where plans are"},
	"internal/policy":               {tier: logic, also: []string{"internal/fabric", "internal/plan", "internal/drift"}, why: "judges plans and findings"},
	"internal/view":                 {tier: logic, why: "read models: what the store keeps and the faces show"},

	"internal/loader":    {tier: engine},
	"internal/reconcile": {tier: engine},
	"internal/monitor":   {tier: engine},
	"internal/schedule":  {tier: engine, uses: []string{"github.com/robfig/cron/v3"}},
	"internal/notify":    {tier: engine},

	"internal/device/gnmi":  {tier: adapter, uses: []string{"google.golang.org/grpc", "google.golang.org/protobuf", "github.com/openconfig/gnmi/proto"}, why: "owner of grpc towards devices"},
	"internal/source":       {tier: adapter, uses: []string{"github.com/fsnotify/fsnotify", "github.com/go-git/go-git"}},
	"internal/store":        {tier: adapter, uses: []string{"database/sql", "modernc.org/sqlite", "github.com/pressly/goose/v3", "github.com/google/uuid"}, why: "owner of database/sql"},
	"internal/bus":          {tier: adapter, also: []string{"internal/bus/delivery"}, uses: []string{"github.com/redis/go-redis/v9"}, why: "owner of go-redis"},
	"internal/bus/logbus":   {tier: adapter, also: []string{"internal/bus/delivery"}, why: "the same contract without Redis"},
	"internal/bus/delivery": {tier: adapter, why: "what both distributions share: retries, order, claims"},
	"internal/chat":         {tier: adapter},
	"internal/api":          {tier: adapter},
	"internal/secret":       {tier: adapter},
	"internal/settings":     {tier: adapter, uses: []string{"github.com/spf13/viper", "github.com/spf13/pflag", "github.com/go-viper/mapstructure/v2", "go.yaml.in/yaml/v4"}, why: "owner of viper"},
	"internal/sim":          {tier: adapter, also: []string{"internal/sim/conf", "internal/sim/plane"}, uses: []string{"google.golang.org/grpc", "google.golang.org/protobuf", "github.com/openconfig", "go.yaml.in/yaml/v4"}, why: "real gNMI servers that can contradict us"},
	"internal/sim/conf":     {tier: adapter, also: []string{"internal/sim/oc", "internal/sim/plane"}, uses: []string{"github.com/openconfig", "google.golang.org/grpc"}, why: "configuration as received, judged by ytypes"},
	"internal/sim/plane":    {tier: adapter, also: []string{"internal/sim/conf"}, why: "links, sessions and routes that follow from all configurations"},
	"internal/sim/hand":     {tier: adapter, uses: []string{"google.golang.org/grpc", "github.com/openconfig/gnmi/proto"}, why: "the stranger: its own gNMI client"},
	"internal/sim/oc":       {tier: adapter, uses: []string{"github.com/openconfig/ygot", "github.com/openconfig/goyang"}, why: "generated"},

	"internal/app": {tier: composition},
	"internal/cli": {tier: composition, also: []string{"internal/app"}},
	"cmd/tenter":   {tier: composition, also: []string{"internal/cli"}},
}

// What no pure package may touch: DESIGN's "no os, net, grpc, redis, sql, zap or viper".
var impure = []string{
	"os", "net", "net/http", "database/sql", "log", "syscall", "google.golang.org/grpc", "github.com/redis", "go.uber.org/zap", "github.com/spf13/viper",
}

// Third-party libraries with one owner; every other package is refused.
var owned = []string{
	"github.com/spf13/viper", "github.com/redis/go-redis", "database/sql", "modernc.org/sqlite", "google.golang.org/grpc",
	"github.com/scrapli/scrapligo", "github.com/openconfig", "github.com/robfig/cron",
}

// What the simulator judges, and so must not use.
var product = []string{"internal/path", "internal/schema", "internal/tree", "internal/wire", "internal/render", "internal/render/openconfig"}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == "internal" || name == "internal/e2e" {
			continue // only tests
		}
		r, ok := rules[name]
		if !ok {
			t.Errorf("%s: no rule: say in layout_test.go which tier it is and why", name)
			continue
		}
		for _, imp := range p.Imports {
			if strings.HasPrefix(name, "internal/sim") && slices.Contains(product, strings.TrimPrefix(imp, module)) {
				t.Errorf("%s imports %s: the simulator must be able to contradict the product", name, strings.TrimPrefix(imp, module))
			}
			if why := refuse(r, imp); why != "" {
				t.Errorf("%s imports %s: %s", name, strings.TrimPrefix(imp, module), why)
			}
		}
	}
}

// refuse says why a package under rule r may not import imp, or nothing.
func refuse(r rule, imp string) string {
	if own, ok := strings.CutPrefix(imp, module); ok {
		other, known := rules[own]
		switch {
		case slices.Contains(r.also, own):
			return ""
		case !known:
			return "that package has no rule"
		case r.tier == engine && other.tier == engine:
			return "engines never import engines"
		case r.tier == adapter && other.tier == adapter:
			return "adapters never import adapters: they meet in app"
		case other.tier > r.tier:
			return "imports point from composition down to vocabulary only"
		case other.tier == r.tier:
			return "not in this package's list"
		}
		return ""
	}
	if slices.ContainsFunc(r.uses, func(u string) bool { return imp == u || strings.HasPrefix(imp, u+"/") }) {
		return ""
	}
	if r.tier <= logic && slices.ContainsFunc(impure, func(u string) bool { return imp == u || strings.HasPrefix(imp, u+"/") && u != "net" && u != "os" }) {
		return "pure packages do no I/O and read no clock"
	}
	if r.tier < composition && slices.ContainsFunc(owned, func(u string) bool { return imp == u || strings.HasPrefix(imp, u+"/") }) {
		return "another package owns that library"
	}
	return ""
}

// listPackages returns every package of the module that links into a binary; generators and test programs
// (package main below internal) are wiring of their own and stay out.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Name", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			pkg
			Name string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list output: %v", err)
		}
		if p.Name == "main" && !strings.HasPrefix(p.ImportPath, module+"cmd/") || strings.HasSuffix(p.ImportPath, "test") {
			continue
		}
		all = append(all, p.pkg)
	}
}
