// Package internal_test holds the rules of which package may import which, and why.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tenter-net/tenter/"

// The tiers, lowest first. A package imports lower tiers, its own tier only where the table below says so, and never a
// higher one.
const (
	data        = iota // embedded files, no behaviour
	vocabulary         // pure: words
	logic              // pure: functions of values
	engine             // goroutines; what they need is a small interface of their own
	adapter            // I/O
	composition        // wiring only
	testOnly           // what tests of several packages share; imported by tests only
)

// A rule is what one package may import directly beyond lower tiers, and why the package is there.
type rule struct {
	tier int
	also []string // packages of the same tier or, for data, of a higher one
	uses []string // third-party prefixes, and those of the standard library, that have an owner
	why  string
}

var rules = map[string]rule{
	"schemas": {tier: data, also: []string{"internal/schema"}, why: "compiled YANG and JSON Schemas, embedded and loaded once"},
	"intents": {tier: data, why: "the example fabric, embedded for the demo"},
	"lab":     {tier: data, why: "containerlab topologies, embedded for the demo"},

	"internal/suggest":        {tier: vocabulary, why: "the name that was meant, for hints"},
	"internal/path":           {tier: vocabulary, why: "paths name everything else"},
	"internal/schema":         {tier: vocabulary, also: []string{"internal/path", "internal/suggest"}, why: "canonical values of paths"},
	"internal/schema/compile": {tier: vocabulary, also: []string{"internal/schema"}, uses: []string{"github.com/openconfig/goyang"}, why: "YANG text to compact schema"},
	"internal/tree":           {tier: vocabulary, also: []string{"internal/path", "internal/schema"}, why: "leaves are paths with canonical values"},
	"internal/blocks":         {tier: vocabulary, also: []string{"internal/path", "internal/schema", "internal/tree"}, why: "configuration text to leaves, and edits to commands"},
	"internal/wire":           {tier: vocabulary, also: []string{"internal/path", "internal/schema", "internal/tree"}, uses: []string{"github.com/openconfig/gnmi/proto", "google.golang.org/protobuf"}, why: "gNMI messages to leaves and back"},
	"internal/condition":      {tier: vocabulary, uses: []string{"cel.dev/cel-go"}, why: "conditions of policies: compiled and evaluated; owner of cel-go"},
	"internal/intent":         {tier: vocabulary, also: []string{"internal/condition", "internal/path", "internal/tree", "internal/suggest", "internal/timetable"}, uses: []string{"go.yaml.in/yaml/v4"}, why: "documents with positions"},
	"internal/timetable":      {tier: vocabulary, uses: []string{"github.com/robfig/cron/v3"}, why: "when cron expressions fire, by the clock on a wall; owner of cron"},
	"internal/event":          {tier: vocabulary, also: []string{"internal/intent"}, why: "the catalogue and its envelope; devices have their names"},
	"internal/event/local":    {tier: vocabulary, also: []string{"internal/event"}, why: "events within one process: goroutines and queues, but no I/O, and time only as deadlines and as a given function"},

	"internal/fabric":               {tier: logic, why: "intents to models"},
	"internal/profile":              {tier: logic, uses: []string{"go.yaml.in/yaml/v4"}, why: "device families as data"},
	"internal/render":               {tier: logic, also: []string{"internal/fabric", "internal/profile", "internal/render/dialect", "internal/render/eos", "internal/render/frr", "internal/render/openconfig", "internal/render/srlinux"}, why: "chooses the dialect"},
	"internal/render/dialect":       {tier: logic, also: []string{"internal/fabric", "internal/profile"}, why: "what every dialect is made of: items, and the writer that takes their leaves"},
	"internal/render/frr":           {tier: logic, also: []string{"internal/fabric", "internal/profile", "internal/render/dialect"}, why: "FRRouting's configuration text"},
	"internal/render/openconfig":    {tier: logic, also: []string{"internal/fabric", "internal/profile", "internal/render/dialect", "internal/render/openconfig/oc"}, uses: []string{"github.com/openconfig/ygot"}, why: "authors OpenConfig with generated structs"},
	"internal/render/eos":           {tier: logic, also: []string{"internal/fabric", "internal/profile", "internal/render/dialect"}, why: "Arista EOS's one tree, and command lines for what it lacks"},
	"internal/render/srlinux":       {tier: logic, also: []string{"internal/fabric", "internal/profile", "internal/render/dialect"}, why: "SR Linux's native configuration"},
	"internal/render/openconfig/oc": {tier: logic, uses: []string{"github.com/openconfig/ygot"}, why: "generated"},
	"internal/plan":                 {tier: logic, also: []string{"internal/fabric", "internal/profile"}, why: "scope and protection come from model and profile"},
	"internal/run":                  {tier: logic, also: []string{"internal/fabric"}, why: "the run protocol as a step machine: it knows writes and answers, not plans"},
	"internal/gate":                 {tier: logic, also: []string{"internal/fabric", "internal/profile", "internal/render/dialect", "internal/run"}, why: "what works on a device before and after a change"},
	"internal/drift":                {tier: logic, also: []string{"internal/fabric"}, why: "folds what a device tells into findings; modes and scope come from the model"},
	"internal/policy":               {tier: logic, also: []string{"internal/fabric", "internal/plan", "internal/profile", "internal/view"}, why: "judges plans, drift and devices"},
	"internal/infer/edit":           {tier: logic, uses: []string{"go.yaml.in/yaml/v4"}, why: "edits of YAML text, byte by byte"},
	"internal/infer/adopt":          {tier: logic, also: []string{"internal/infer/edit"}, uses: []string{"go.yaml.in/yaml/v4"}, why: "a device's values to edits of the intents"},
	"internal/infer":                {tier: logic, also: []string{"internal/fabric", "internal/infer/edit", "internal/profile"}, uses: []string{"go.yaml.in/yaml/v4"}, why: "topologies and devices to intents"},
	"internal/backup":               {tier: logic, also: []string{"internal/view"}, why: "whole configurations as files"},
	"internal/view":                 {tier: logic, why: "read models: what the store keeps and the faces show"},

	"internal/assign":             {tier: engine, why: "which devices this process serves: workers, claims, elections"},
	"internal/loader":             {tier: engine, why: "intents to stored generations"},
	"internal/reconcile":          {tier: engine, also: []string{"internal/reconcile/approval", "internal/reconcile/vote"}, why: "plans, approvals and runs, by device"},
	"internal/reconcile/approval": {tier: engine, also: []string{"internal/reconcile/vote"}, why: "plans that wait: people's approvals, counted by policies"},
	"internal/reconcile/vote":     {tier: engine, why: "validators' votes on a plan, before it is approved"},
	"internal/monitor":            {tier: engine, why: "watches devices, opens and closes episodes of drift"},
	"internal/rebuild":            {tier: engine, why: "the log to read models: of the past, to prove the live ones, for snapshots"},
	"internal/schedule":           {tier: engine, why: "commands on time, windows that open and close"},
	"internal/notify":             {tier: engine, why: "events to messages for people"},

	"internal/device/fault":   {tier: adapter, why: "what can go wrong with a call to a device, the same for every transport"},
	"internal/device/gnmi":    {tier: adapter, also: []string{"internal/device/fault", "internal/device/poll"}, uses: []string{"google.golang.org/grpc", "google.golang.org/protobuf", "github.com/openconfig/gnmi/proto"}, why: "owner of grpc towards devices"},
	"internal/device/cli":     {tier: adapter, also: []string{"internal/device/fault", "internal/device/poll", "internal/device/ssh"}, uses: []string{"github.com/scrapli/scrapligo"}, why: "command lines over SSH; owner of scrapligo's network driver"},
	"internal/device/netconf": {tier: adapter, also: []string{"internal/device/fault", "internal/device/poll", "internal/device/ssh"}, why: "NETCONF, strictly parsed, on a connection of our own"},
	"internal/device/poll":    {tier: adapter, why: "the last rung of every transport: reading again and again"},
	"internal/device/ssh":     {tier: adapter, uses: []string{"golang.org/x/crypto"}, why: "whose host key to trust: SSH connections for NETCONF and CLI; owner of x/crypto"},
	"internal/source":         {tier: adapter, also: []string{"internal/device/ssh"}, uses: []string{"github.com/fsnotify/fsnotify", "github.com/go-git/go-git"}, why: "where intents come from; owner of go-git and fsnotify"},
	"internal/store":          {tier: adapter, also: []string{"internal/store/archive"}, uses: []string{"database/sql", "modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", "github.com/fsnotify/fsnotify"}, why: "owner of database/sql; hears by fsnotify that another process wrote"},
	"internal/audit":          {tier: adapter, why: "signed heads of the log, in files: owner of the key that signs them"},
	"internal/store/archive":  {tier: adapter, why: "the files that the beginning of the log is moved to"},
	"internal/bus":            {tier: adapter, also: []string{"internal/bus/delivery"}, uses: []string{"github.com/redis/go-redis/v9"}, why: "owner of go-redis"},
	"internal/bus/logbus":     {tier: adapter, also: []string{"internal/bus/delivery"}, why: "the same contract without Redis"},
	"internal/bus/delivery":   {tier: adapter, why: "what both distributions share: retries, order, claims"},
	"internal/chat":           {tier: adapter, why: "messages to chat services and webhooks"},
	"internal/api":            {tier: adapter, why: "the unix socket between command line and server"},
	"internal/secret":         {tier: adapter, why: "credentials and keys from files and environment"},
	"internal/telemetry":      {tier: adapter, uses: []string{"github.com/prometheus/client_golang", "go.opentelemetry.io/otel"}, why: "metrics, health and traces; owner of client_golang and OpenTelemetry"},
	"internal/settings":       {tier: adapter, uses: []string{"github.com/spf13/viper", "github.com/spf13/pflag", "go.yaml.in/yaml/v4"}, why: "owner of viper"},
	"internal/sim":            {tier: adapter, also: []string{"internal/sim/conf", "internal/sim/native", "internal/sim/plane"}, uses: []string{"google.golang.org/grpc", "google.golang.org/protobuf", "github.com/openconfig/gnmi/proto", "go.yaml.in/yaml/v4"}, why: "real gNMI servers that can contradict us"},
	"internal/sim/conf":       {tier: adapter, also: []string{"internal/sim/cli", "internal/sim/native", "internal/sim/oc"}, uses: []string{"github.com/openconfig/gnmi/proto", "github.com/openconfig/goyang", "github.com/openconfig/ygot"}, why: "configuration as received, judged by ytypes or by goyang's trees"},
	"internal/sim/cli":        {tier: adapter, why: "configuration as commands and lines, judged by a grammar"},
	"internal/sim/native":     {tier: adapter, uses: []string{"github.com/openconfig/goyang"}, why: "vendors' trees as goyang reads them, generated"},
	"internal/sim/plane":      {tier: adapter, also: []string{"internal/sim/cli", "internal/sim/conf"}, why: "links, sessions and routes that follow from all configurations"},
	"internal/sim/hand":       {tier: adapter, uses: []string{"google.golang.org/grpc", "github.com/openconfig/gnmi/proto"}, why: "the stranger: its own gNMI client"},
	"internal/sim/oc":         {tier: adapter, uses: []string{"github.com/openconfig/ygot", "github.com/openconfig/goyang"}, why: "generated"},

	"internal/app": {tier: composition, why: "puts the parts together: everything that Tenter does, without a face"},
	"internal/cli": {tier: composition, also: []string{"internal/app"}, why: "the commands"},
	"cmd/tenter":   {tier: composition, also: []string{"internal/cli"}, why: "the one binary"},

	"internal/device/ssh/sshtest": {tier: testOnly, uses: []string{"golang.org/x/crypto"}, why: "an SSH server, polite or hostile, for the tests of everything on SSH"},

	"internal/loopback": {tier: testOnly, why: "addresses for servers of tests"},

	"internal/e2ereal/frr":      {tier: testOnly, why: "Tenter against FRRouting"},
	"internal/e2ereal/netconfd": {tier: testOnly, why: "Tenter against netconfd"},
	"internal/bus/bustest":      {tier: testOnly, also: []string{"internal/store/storetest"}, why: "the suite that every distribution of events passes"},
	"internal/bus/busbench":     {tier: testOnly, also: []string{"internal/bus/redistest", "internal/store/pgtest"}, why: "the bus beside raw go-redis, in one table"},
	"internal/bus/redistest":    {tier: testOnly, also: []string{"internal/loopback"}, why: "Redis servers to start, stop and break"},
	"internal/store/storetest":  {tier: testOnly, also: []string{"internal/store/pgtest"}, uses: []string{"database/sql"}, why: "a test on each kind of store"},
	"internal/store/pgtest":     {tier: testOnly, also: []string{"internal/loopback"}, uses: []string{"github.com/jackc/pgx/v5"}, why: "PostgreSQL servers to start, stop and break"},
	"internal/e2e":              {tier: testOnly, why: "the binary as its users see it"},
	"internal/faults":           {tier: testOnly, why: "what Tenter stands on, broken for real"},
	"internal/property":         {tier: testOnly, why: "chance plays with a fabric, and each device ends as its policy says"},
}

// What does I/O, is random, or writes logs: nothing for a pure package. Engines may log and be random.
var (
	outside = []string{"os", "net", "net/http", "database/sql", "syscall", "google.golang.org/grpc", "github.com/redis", "github.com/spf13/viper"}
	impure  = slices.Concat(outside, []string{"log", "math/rand", "crypto/rand", "github.com/google/uuid", "go.uber.org/zap"})
)

// harmless are packages of the standard library below those that do I/O.
var harmless = []string{"net/netip", "net/url"}

// Libraries that each have an owner; every other package is refused.
var owned = []string{
	"github.com/spf13/viper", "github.com/spf13/cobra", "github.com/redis/go-redis", "database/sql", "modernc.org/sqlite", "github.com/jackc/pgx",
	"github.com/pressly/goose", "google.golang.org/grpc", "github.com/openconfig", "github.com/robfig/cron", "github.com/go-git",
	"github.com/fsnotify", "go.yaml.in/yaml", "google.golang.org/protobuf",
	"cel.dev/cel-go", "golang.org/x/crypto", "github.com/scrapli/scrapligo", "github.com/prometheus", "go.opentelemetry.io",
}

// What the simulator judges, and so must not use.
var product = []string{
	"internal/path", "internal/schema", "internal/tree", "internal/wire", "internal/blocks", "internal/profile", "internal/render",
	"internal/render/dialect", "internal/render/eos", "internal/render/frr", "internal/render/openconfig", "internal/render/srlinux",
}

type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	GoFiles    []string
	Imports    []string
	name       string // the path below the module
}

func TestImports(t *testing.T) {
	used := map[string]bool{} // "package imports package" by what rules allow
	for _, p := range listPackages(t) {
		r, ok := rules[p.name]
		if !ok {
			t.Errorf("%s: no rule: say in layout_test.go which tier it is and why", p.name)
			continue
		}
		used[p.name] = true
		for _, imp := range p.Imports {
			own := strings.TrimPrefix(imp, module)
			if strings.HasPrefix(p.name, "internal/sim") && slices.Contains(product, own) {
				t.Errorf("%s imports %s: the simulator must be able to contradict the product", p.name, own)
			}
			if why := refuse(r, imp); why != "" {
				t.Errorf("%s imports %s: %s", p.name, own, why)
			}
			for _, allowed := range slices.Concat(r.also, r.uses) {
				if within(own, allowed) {
					used[p.name+" imports "+allowed] = true
				}
			}
		}
	}
	for name, r := range rules {
		if !used[name] {
			t.Errorf("%s: a rule for a package that is not there", name)
			continue
		}
		if r.why == "" {
			t.Errorf("%s: say why it is there", name)
		}
		for _, allowed := range slices.Concat(r.also, r.uses) {
			if !used[name+" imports "+allowed] {
				t.Errorf("%s does not import %s: take it out of its rule", name, allowed)
			}
		}
	}
}

// refuse says why a package under rule r may not import imp, or nothing.
func refuse(r rule, imp string) string {
	if own, ok := strings.CutPrefix(imp, module); ok {
		return refuseOwn(r, own)
	}
	among := func(list []string) bool {
		return slices.ContainsFunc(list, func(l string) bool { return within(imp, l) })
	}
	switch {
	case among(r.uses) || among(harmless):
		return ""
	case r.tier <= logic && among(impure):
		return "pure packages do no I/O, are not random and log nothing"
	case r.tier == engine && among(outside):
		return "engines do I/O through interfaces of their own"
	case r.tier < composition && among(owned):
		return "another package owns that library"
	}
	return ""
}

// refuseOwn is refuse for a package of this module.
func refuseOwn(r rule, own string) string {
	other, known := rules[own]
	switch {
	case slices.Contains(r.also, own):
		return ""
	case !known:
		return "that package has no rule"
	case other.tier == testOnly && r.tier != testOnly:
		return "only tests may import it"
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

// within reports whether an import path is prefix or below it.
func within(imp, prefix string) bool { return imp == prefix || strings.HasPrefix(imp, prefix+"/") }

// listPackages returns every package of the module but this one and the generators: package main below internal is
// wiring of its own.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list output: %v", err)
		}
		p.name = strings.TrimPrefix(p.ImportPath, module)
		if p.name != "internal" && path.Base(p.name) != "generate" {
			all = append(all, p)
		}
	}
}
