package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/logbus"
	"github.com/tenter-net/tenter/internal/chat"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/notify"
	"github.com/tenter-net/tenter/internal/store"
)

const (
	secret = "shared secret"
	token  = "/services/T0001/B0002/sUpErSeCrEtToKeN"
)

// A got is one request that a receiver took.
type got struct {
	key  string
	body []byte
}

// receiver answers 503 to the first requests, then 200, and checks every signature.
func receiver(t *testing.T, signed bool, failures int32) (string, <-chan got) {
	t.Helper()
	requests := make(chan got, 16)
	var n atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%s.%s", r.Header.Get("X-Tenter-Timestamp"), body)
		if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); signed && r.Header.Get("X-Tenter-Signature") != want {
			t.Errorf("signature %s, want %s", r.Header.Get("X-Tenter-Signature"), want)
		}
		requests <- got{r.Header.Get("Idempotency-Key"), body}
		if n.Add(1) <= failures {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "try later, not at "+token, http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL + token, requests
}

func await(t *testing.T, requests <-chan got) got {
	t.Helper()
	select {
	case g := <-requests:
		return g
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was received")
		return got{}
	}
}

// From events in the log over the bus to bytes at two receivers, one of which fails at first.
func TestFromLogToReceivers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	st, err := store.Open(ctx, store.Options{Dir: t.TempDir(), Alone: true, Fabric: "dc1", Worker: "w1", Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	hookURL, hooks := receiver(t, true, 2)
	slackURL, slacks := receiver(t, false, 0)
	hook, err := chat.NewWebhook(hookURL, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	slack, err := chat.NewSlack(slackURL)
	if err != nil {
		t.Fatal(err)
	}
	n := notify.New(notify.Options{
		Store: st, Leases: st, GroupWait: 200 * time.Millisecond, Worker: "w1", Log: zap.NewNop(),
		Receivers: []notify.Receiver{{Name: "tickets", Sender: hook}, {Name: "noc", Severity: "warning", Sender: slack}},
	})
	bus := logbus.New(logbus.Options{Store: st, Worker: "w1"})
	bus.Replay(notify.Group, nil, notify.Types(), n.Handle)
	done := make(chan error, 2)
	go func() { done <- bus.Run(ctx) }()
	go func() { done <- n.Run(ctx) }()

	finding := event.Finding{Path: "/interfaces/interface[name=Ethernet49]/config/enabled", Class: "changed", Before: "true", After: "false", Source: "fabric.yaml:31"}
	tell := func(kind event.Type, data func(d intent.DeviceName) any) {
		t.Helper()
		err := st.Do(ctx, func(tx event.Tx) error {
			for _, d := range []intent.DeviceName{"leaf1", "leaf2"} {
				if err := tx.Append(ctx, event.Draft{Type: kind, Subject: string(d), Data: data(d)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	tell(event.TypeDriftDetected, func(d intent.DeviceName) any {
		return event.Drift{Episode: "ep-" + string(d), Device: d, Findings: []event.Finding{finding}, Total: 1, Mode: "enforce", FirstSeen: time.Now()}
	})
	check(t, await(t, slacks).body, "Drift on leaf1 and leaf2", "true -&gt; false")
	first := await(t, hooks)
	check(t, first.body, `"schema":"tenter.notification/v1"`, "Drift on leaf1 and leaf2", "tenter drift show", "true -> false")
	for range 2 {
		if diff := cmp.Diff(first, await(t, hooks), cmp.AllowUnexported(got{})); diff != "" {
			t.Errorf("a repeat differs: %s", diff)
		}
	}
	tell(event.TypeDriftRemediated, func(d intent.DeviceName) any {
		return event.DriftRemediated{Episode: "ep-" + string(d), Device: d, Plan: "p1", Run: "r1", By: "tenter", Findings: []event.Finding{finding}, Duration: 4200 * time.Millisecond}
	})
	check(t, await(t, slacks).body, "✓ [dc1] Drift is over on leaf1 and leaf2", "after 4.2s")
	last := await(t, hooks)
	check(t, last.body, `"resolved":true`, "put right by Tenter (plan p1, run r1)")
	if last.key == first.key || first.key == "" {
		t.Errorf("keys %q and %q", first.key, last.key)
	}
	cancel()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	recorded(t, st)
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}

func check(t *testing.T, body []byte, want ...string) {
	t.Helper()
	if !json.Valid(body) {
		t.Errorf("no JSON: %s", body)
	}
	for _, w := range want {
		if !strings.Contains(string(body), w) {
			t.Errorf("%q is not in %s", w, body)
		}
	}
}

// recorded checks that every message that arrived is in the log as sent, and that no secret is.
func recorded(t *testing.T, st *store.Store) {
	t.Helper()
	events, err := st.Events(context.Background(), event.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	sent := map[string]int{}
	for _, e := range events {
		for _, bad := range []string{secret, "sUpErSeCrEtToKeN"} {
			if strings.Contains(string(e.Envelope), bad) {
				t.Errorf("%s holds %q", e.Type, bad)
			}
		}
		if e.Type == event.TypeNotificationSent {
			n, err := event.Decode[event.Notification](e)
			if err != nil {
				t.Fatal(err)
			}
			sent[n.Receiver] += n.Count
		}
	}
	if sent["noc"] < 4 || sent["tickets"] < 2 {
		t.Errorf("recorded: %v", sent)
	}
}

func ExampleMessage_Text() {
	m := notify.Message{Title: "[dc1] Drift on leaf1", Sections: []notify.Section{{
		Heading:  "1 difference on leaf1 since 2026-11-21 08:00:01 UTC",
		Changes:  []string{"~ /interfaces/interface[name=Ethernet49]/config/enabled: true -> false  (fabric.yaml:31)"},
		Commands: []string{"tenter drift show ep-1"},
	}}}
	fmt.Println(m.Text())
	// Output:
	// [dc1] Drift on leaf1
	//
	// 1 difference on leaf1 since 2026-11-21 08:00:01 UTC
	//   ~ /interfaces/interface[name=Ethernet49]/config/enabled: true -> false  (fabric.yaml:31)
	//   $ tenter drift show ep-1
}
