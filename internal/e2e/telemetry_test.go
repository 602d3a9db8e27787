package e2e

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.yaml.in/yaml/v4"
	"google.golang.org/protobuf/proto"

	"github.com/tenter-net/tenter/internal/loopback"
)

// freeVerb names an address of loopback on which nobody listens in a variable.
//
//	free METRICS
func freeVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: free VARIABLE")
	}
	addr, err := loopback.Free()
	ts.Check(err)
	ts.Setenv(args[0], addr)
}

// fetchVerb gets a URL again and again until the answer has a status and matches, and keeps it in a file.
//
//	fetch 30s http://$METRICS/readyz 200 '"ready":true' ready.json
func fetchVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: fetch DURATION URL STATUS PATTERN FILE")
	}
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	pattern, err := regexp.Compile("(?m)" + args[3])
	ts.Check(err)
	client := &http.Client{Timeout: 20 * time.Second}
	var last string
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		res, err := client.Get(args[1])
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err == nil && fmt.Sprint(res.StatusCode) == args[2] && pattern.Match(body) {
			ts.Check(os.WriteFile(ts.MkAbs(args[4]), body, 0o600))
			return
		}
		last = res.Status + "\n" + string(body)
	}
	ts.Fatalf("fetch %s: no %s with %s within %s; the last answer was\n%s", args[1], args[2], args[3], args[0], last)
}

// metric finds the names of metrics in a query, and at the beginning of a line of a scrape.
var metric = regexp.MustCompile(`\b(tenter|process|go)_[a-z0-9_]+`)

// queriesVerb loads the alert rules and dashboards of configs/, and holds every metric that their queries name to be in a
// scrape.
//
//	queries scrape.txt
func queriesVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: queries SCRAPE")
	}
	have := map[string]bool{}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		have[metric.FindString(line)] = !strings.HasPrefix(line, "#") || have[metric.FindString(line)]
	}
	queries := append(alertQueries(ts), dashboardQueries(ts)...)
	if len(queries) < 30 {
		ts.Fatalf("queries: only %d were found", len(queries))
	}
	for _, q := range queries {
		names := metric.FindAllString(q, -1)
		if len(names) == 0 {
			ts.Fatalf("no metric in %q", q)
		}
		for _, name := range names {
			if !have[name] {
				ts.Fatalf("%q: the scrape has no %s", q, name)
			}
		}
	}
}

func alertQueries(ts *testscript.TestScript) (queries []string) {
	data, err := os.ReadFile(filepath.Join(root, "configs/prometheus/alerts.yml"))
	ts.Check(err)
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	dec.KnownFields(true)
	ts.Check(dec.Decode(&file))
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				ts.Fatalf("alert %q says too little", r.Alert)
			}
			if _, err := time.ParseDuration(r.For); r.For != "" && err != nil {
				ts.Fatalf("alert %q: for: %v", r.Alert, err)
			}
			queries = append(queries, r.Expr)
		}
	}
	return queries
}

func dashboardQueries(ts *testscript.TestScript) (queries []string) {
	data, err := os.ReadFile(filepath.Join(root, "configs/grafana/tenter.json"))
	ts.Check(err)
	var board struct {
		UID, Title string
		Panels     []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	ts.Check(json.Unmarshal(data, &board))
	seen := map[int]bool{}
	for _, p := range board.Panels {
		if p.Title == "" || seen[p.ID] || len(p.Targets) == 0 {
			ts.Fatalf("panel %d %q: a panel needs a title, a number of its own and a query", p.ID, p.Title)
		}
		seen[p.ID] = true
		for _, t := range p.Targets {
			queries = append(queries, t.Expr)
		}
	}
	return queries
}

// A span as the receiver of traces keeps it.
type span struct {
	Trace, ID, Parent, Name, Process string
}

// traces is a receiver of OTLP/HTTP with protobuf (OTLP specification 1.x, §OTLP/HTTP).
type traces struct {
	mu    sync.Mutex
	spans []span
}

func (r *traces) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var in collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &in)
	}
	if err != nil || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, fmt.Sprintf("%s %s: %v", req.URL.Path, req.Header.Get("Content-Type"), err), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range in.ResourceSpans {
		process := ""
		for _, a := range resource.Resource.Attributes {
			if a.Key == "service.instance.id" {
				process = a.Value.GetStringValue()
			}
		}
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				r.spans = append(r.spans, span{hex.EncodeToString(s.TraceId), hex.EncodeToString(s.SpanId), hex.EncodeToString(s.ParentSpanId), s.Name, process})
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	out, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
	_, _ = w.Write(out)
}

// tracesVerb receives traces, and looks for one that has all of the spans named, of so many processes, and with every
// parent of a span in it.
//
//	traces start
//	traces 60s 2 drift.detected 'handle reconciler drift.detected' drift.remediated
func tracesVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: traces start | traces DURATION PROCESSES SPAN...")
	}
	received, ok := ts.Value(key("traces")).(*traces)
	if !ok {
		ts.Fatalf("traces: no setup")
	}
	if args[0] == "start" {
		s := httptest.NewServer(received)
		ts.Defer(s.Close)
		ts.Setenv("TENTER_TRACING_ENDPOINT", s.URL)
		return
	}
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(limit); ; time.Sleep(100 * time.Millisecond) {
		received.mu.Lock()
		why, ok := whole(received.spans, args[1], args[2:])
		all := fmt.Sprintf("%d spans", len(received.spans))
		for _, s := range received.spans {
			all += fmt.Sprintf("\n%s %s < %s  %s  %s", s.Trace, s.ID, s.Parent, s.Process, s.Name)
		}
		received.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("traces: %s; %s", why, all)
		}
	}
}

// whole reports whether one trace has all of the spans.
func whole(spans []span, processes string, names []string) (why string, ok bool) {
	by := map[string][]span{}
	for _, s := range spans {
		by[s.Trace] = append(by[s.Trace], s)
	}
	why = "no trace has a span " + names[0]
	for _, of := range by {
		has := func(name string) bool { return slices.ContainsFunc(of, func(s span) bool { return s.Name == name }) }
		if !has(names[0]) {
			continue
		}
		if i := slices.IndexFunc(names, func(n string) bool { return !has(n) }); i >= 0 {
			why = "a trace has " + names[0] + " and lacks " + names[i]
			continue
		}
		from := map[string]bool{}
		orphan := ""
		for _, s := range of {
			from[s.Process] = true
			if s.Parent != "" && !slices.ContainsFunc(of, func(p span) bool { return p.ID == s.Parent }) {
				orphan = s.Name
			}
		}
		if orphan != "" {
			why = "nobody sent the parent of " + orphan
			continue
		}
		if fmt.Sprint(len(from)) == processes {
			return "", true
		}
		why = fmt.Sprintf("it is of %d processes", len(from))
	}
	return why, false
}
