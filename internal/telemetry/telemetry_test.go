package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/telemetry"
	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves the metrics until the test ends, and returns their URL.
func serve(t *testing.T, m *telemetry.Metrics, checks ...telemetry.Check) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- m.Serve(ctx, l, checks) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestMetrics(t *testing.T) {
	m := telemetry.NewMetrics(telemetry.Process{Version: "v1", Worker: "w1"})
	bus := local.New(local.Options{})
	defer bus.Close()
	var away error
	m.Watch(telemetry.Sources{
		Lags: func(context.Context) ([]view.Lag, error) {
			return []view.Lag{
				{Group: "g", Stream: "drift", Pending: 2, Retry: 1, Dead: 4, Attempts: 3, Oldest: 7, Since: time.Now().Add(-time.Hour)},
				{Group: "g", Stream: "intent"},
			}, away
		},
		Head: func(context.Context) (event.Seq, []byte, error) { return 9, nil, away }, Local: bus.Stats,
		Failures: func() uint64 { return 5 }, Newer: func() map[event.Type]uint64 { return map[event.Type]uint64{"drift.explained": 2} }, Degraded: func() bool { return true },
	})
	m.Group("g")
	m.Handled("g", time.Second, errors.New("no"))
	m.Event(event.TypeDriftDetected)
	m.Event("of.tomorrow")
	m.RunEnded("drift", "done", time.Minute)
	m.Elected("device/leaf1")
	m.Elected("bus/relay")
	m.Elected("telemetry")
	m.Sent("chat", nil)
	m.Called("set", time.Millisecond, nil)
	m.Device("leaf9", "InSync", "Healthy") // before it leads
	m.Leads(true)
	m.Device("leaf1", "Drifted", "Healthy")
	m.Device("leaf1", "InSync", "Healthy")
	m.Device("leaf2", "Unknown", "Unreachable")
	m.DeviceGone("leaf2")
	at := serve(t, m)
	status, body := get(t, at+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d: %s", status, body)
	}
	for _, want := range []string{
		`tenter_info{version="v1",worker="w1"} 1`,
		`tenter_group_pending{group="g",stream="drift"} 3`,
		`tenter_group_retrying{group="g",stream="drift"} 1`,
		`tenter_group_dead_letters{group="g",stream="drift"} 4`,
		`tenter_group_attempts{group="g",stream="drift"} 3`,
		`tenter_group_oldest_seconds{group="g",stream="drift"} 36`,
		`tenter_group_oldest_seconds{group="g",stream="intent"} 0`,
		`tenter_log_head 9`, `tenter_store_up 1`, `tenter_publish_failures_total 5`, `tenter_events_passed_over_total{type="drift.explained"} 2`, `tenter_bus_degraded 1`,
		`tenter_deliveries_total{group="g",outcome="failed"} 1`, `tenter_deliveries_total{group="g",outcome="done"} 0`,
		`tenter_events_total{type="drift.detected"} 1`, `tenter_events_total{type="unknown"} 1`, `tenter_events_total{type="drift.held"} 0`,
		`tenter_runs_total{cause="drift",outcome="done"} 1`,
		`tenter_elections_total{election="device"} 1`, `tenter_elections_total{election="bus/relay"} 1`, `tenter_elections_total{election="telemetry"} 1`,
		`tenter_messages_total{outcome="sent",receiver="chat"} 1`, `tenter_device_calls_total{call="set",outcome="done"} 1`,
		`tenter_device_state{device="leaf1",health="Healthy",sync="InSync"} 1`, `tenter_telemetry_leads 1`,
		`tenter_requests_total{outcome="asked"} 0`,
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	for _, never := range []string{"leaf9", "leaf2", "Drifted", "tomorrow"} {
		if strings.Contains(body, never) {
			t.Errorf("there is %s", never)
		}
	}
	away = errors.New("away")
	m.Leads(false)
	if _, body = get(t, at+"/metrics"); !strings.Contains(body, "\ntenter_store_up 0") || strings.Contains(body, "\ntenter_device_state{") {
		t.Errorf("without the store, and not leading:\n%s", body)
	}
}

func TestReady(t *testing.T) {
	var bad error
	at := serve(t, telemetry.NewMetrics(telemetry.Process{Version: "v1", Worker: "w1"}),
		telemetry.Check{Name: "store", Look: func(context.Context) error { return nil }},
		telemetry.Check{Name: "bus", Look: func(context.Context) error { return bad }})
	if status, body := get(t, at+"/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, body := get(t, at+"/readyz"); status != http.StatusOK || !json.Valid([]byte(body)) {
		t.Errorf("%d %s", status, body)
	}
	bad = errors.New("redis is away")
	status, body := get(t, at+"/readyz")
	want := `{"ready":false,"checks":[{"name":"store","ok":true},{"name":"bus","ok":false,"error":"redis is away"}]}` + "\n"
	if diff := cmp.Diff(want, body); diff != "" || status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", status, diff)
	}
}

// A backend receives OTLP/HTTP with protobuf.
type backend struct {
	mu    sync.Mutex
	spans map[string]*otlp.Span
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var in collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &in)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, fmt.Sprint(r.URL.Path, err), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, res := range in.ResourceSpans {
		for _, scope := range res.ScopeSpans {
			for _, s := range scope.Spans {
				b.spans[s.Name] = s
			}
		}
	}
}

func TestTrace(t *testing.T) {
	b := &backend{spans: map[string]*otlp.Span{}}
	server := httptest.NewServer(b)
	defer server.Close()
	tr, err := telemetry.NewTracer(t.Context(), server.URL, telemetry.Process{Version: "v1", Worker: "w1"}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	first := event.Event{ID: "1", Type: event.TypeDriftDetected, Correlation: "c", TraceParent: event.TraceParent("c", "1"), Time: time.Unix(7, 0)}
	second := event.Event{ID: "2", Type: event.TypePlanGenerated, Correlation: "c", Causation: "1", TraceParent: event.TraceParent("c", "2"), Time: time.Unix(8, 0)}
	tr.Event(first)
	tr.Event(second)
	tr.Event(event.Event{Type: "no.trace"})
	ctx, end := tr.Handle(t.Context(), "handle g", first)
	_, ended := tr.Call(ctx, "device set", "tenter.device", "leaf1")
	ended(errors.New("refused"))
	end(nil)
	_, end = tr.Story(t.Context(), "run", "c")
	end(nil)
	if _, end := tr.Call(t.Context(), "nobody waits", "", ""); end != nil {
		end(nil)
	}
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, s := range b.spans {
		got[name] = fmt.Sprintf("%x < %x", s.TraceId, s.ParentSpanId)
	}
	id := func(name string) string { return fmt.Sprintf("%x", b.spans[name].GetSpanId()) }
	trace := first.TraceParent[3:35]
	want := map[string]string{
		"drift.detected":            trace + " < ",
		"reconciler.plan_generated": trace + " < " + first.TraceParent[36:52],
		"handle g drift.detected":   trace + " < " + first.TraceParent[36:52],
		"device set":                trace + " < " + id("handle g drift.detected"),
		"run":                       trace + " < ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if id("drift.detected") != first.TraceParent[36:52] || b.spans["drift.detected"].StartTimeUnixNano != 7e9 {
		t.Errorf("span %s of event %s", id("drift.detected"), first.TraceParent)
	}
	if s := b.spans["device set"].GetStatus(); s.GetCode() != otlp.Status_STATUS_CODE_ERROR || s.GetMessage() != "refused" {
		t.Errorf("status %v", s)
	}
}

func TestNoTracerDoesNothing(t *testing.T) {
	var tr *telemetry.Tracer
	tr.Event(event.Event{})
	ctx, end := tr.Handle(t.Context(), "x", event.Event{})
	_, ended := tr.Call(ctx, "x", "", "")
	_, over := tr.Story(ctx, "x", "c")
	end(nil)
	ended(nil)
	over(nil)
	if err := tr.Close(ctx); err != nil || ctx != t.Context() {
		t.Error("it did something")
	}
}

func TestEndpointIsNotShown(t *testing.T) {
	ignore := func(error) {}
	_, err := telemetry.NewTracer(t.Context(), "http://u:hunter2@h:port", telemetry.Process{}, ignore)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
	var told []error
	tr, err := telemetry.NewTracer(t.Context(), "http://hunter2:hunter2@127.0.0.1:1/hunter2", telemetry.Process{}, func(err error) { told = append(told, err) })
	if err != nil {
		t.Fatal(err)
	}
	_, end := tr.Story(t.Context(), "run", "c")
	end(nil)
	err = tr.Close(t.Context())
	if all := fmt.Sprint(told, err); len(told) == 0 && err == nil || strings.Contains(all, "hunter2") {
		t.Errorf("told %s", all)
	}
}

func ExampleMetrics_Serve() {
	m := telemetry.NewMetrics(telemetry.Process{Version: "v1", Worker: "worker-1"})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- m.Serve(ctx, l, nil) }()
	res, err := http.Get("http://" + l.Addr().String() + "/healthz")
	if err == nil {
		_, _ = io.Copy(os.Stdout, res.Body)
		_ = res.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	fmt.Println(err, <-served)
	// Output:
	// ok
	// <nil> <nil>
}
