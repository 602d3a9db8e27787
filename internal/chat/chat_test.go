package chat

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/notify"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "T0001/B0002/sUpErSeCrEtToKeN"

// A request is what a receiver got.
type request struct {
	header http.Header
	path   string
	body   []byte
}

// receiver is a real HTTP server that answers as told and keeps what it got.
func receiver(t *testing.T, answer http.HandlerFunc) (url string, got func() []request) {
	t.Helper()
	requests := make(chan request, 16)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		requests <- request{r.Header, r.URL.Path, body}
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/services/" + token, func() []request {
		var out []request
		for {
			select {
			case r := <-requests:
				out = append(out, r)
			default:
				return out
			}
		}
	}
}

var message = notify.Message{
	Key: "k1", Fabric: "dc1", Severity: event.SeverityWarning, Title: "[dc1] Drift on leaf1 & <leaf2>",
	Sections: []notify.Section{
		{
			Heading:  "1 difference on leaf1 since 2026-11-21 08:00:01 UTC",
			Lines:    []string{"Drift policy propose: the plan against it waits for approval."},
			Changes:  []string{`~ /interfaces/interface[name=Ethernet1]/config/description: up -> <!channel> ` + "```", `+ /x: ""`},
			Commands: []string{"tenter drift show e1"},
		},
		{Heading: "Plan p1 for leaf1, risk low", Commands: []string{"tenter plan show p1", "tenter plan approve p1"}},
	},
	Events: []json.RawMessage{json.RawMessage(`{"specversion":"1.0","id":"e1"}`)},
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, got, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

func TestSlackBytes(t *testing.T) {
	url, got := receiver(t, nil)
	s, err := NewSlack(url + "\n") // as read from a file
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	r := got()
	if len(r) != 1 || r[0].path != "/services/"+token || !strings.HasPrefix(r[0].header.Get("Content-Type"), "application/json") {
		t.Fatalf("%+v", r)
	}
	golden(t, "slack.json", r[0].body)
}

func TestWebhookBytesAndSignature(t *testing.T) {
	url, got := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	w, err := NewWebhook(url, []byte("shared secret"))
	if err != nil {
		t.Fatal(err)
	}
	w.post.now = func() time.Time { return time.Unix(1795248001, 0) }
	for range 2 {
		if err := w.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	r := got()
	if len(r) != 2 || !bytes.Equal(r[0].body, r[1].body) {
		t.Fatalf("a repeat differs: %+v", r)
	}
	golden(t, "webhook.json", r[0].body)
	mac := hmac.New(sha256.New, []byte("shared secret"))
	fmt.Fprintf(mac, "%s.%s", "1795248001", r[0].body)
	h := r[0].header
	if got, want := h.Get("X-Tenter-Signature"), "sha256="+hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	if h.Get("X-Tenter-Timestamp") != "1795248001" || h.Get("Idempotency-Key") != "k1" {
		t.Errorf("headers: %v", h)
	}
}

func TestLongMessagesStayInSlacksLimits(t *testing.T) {
	m := message
	m.Title = strings.Repeat("é", 500)
	m.Sections = nil
	for range 60 {
		long := make([]string, 40)
		for i := range long {
			long[i] = strings.Repeat("<", 200)
		}
		m.Sections = append(m.Sections, notify.Section{Heading: "h", Lines: []string{strings.Repeat("x", 5000)}, Changes: long})
	}
	body := slackBody(m)
	if n := len(body.Blocks); n > 50 {
		t.Errorf("%d blocks", n)
	}
	for i, b := range body.Blocks {
		most := 3000
		if b.Type == "header" {
			most = 150
		}
		if n := len([]rune(b.Text.Text)); n > most || n == 0 {
			t.Errorf("block %d (%s): %d characters", i, b.Type, n)
		}
	}
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name      string
		answer    http.HandlerFunc
		permanent bool
		after     time.Duration
		want      string
	}{
		{"no such hook", status(404, "no_service", ""), true, 0, "receiver answered 404: no_service"},
		{"bad payload", status(400, "invalid_payload", ""), true, 0, "receiver answered 400: invalid_payload"},
		{"elsewhere", status(302, "", ""), true, 0, "receiver answered 302"},
		{"throttled", status(429, "", "7"), false, 7 * time.Second, "receiver answered 429"},
		{"throttled for ever", status(429, "", "99999999999"), false, maxAfter, "receiver answered 429"},
		{"throttled until", status(429, "", "Sat, 21 Nov 2026 08:00:31 GMT"), false, 30 * time.Second, "receiver answered 429"},
		{"throttled until yesterday", status(429, "", "Fri, 20 Nov 2026 08:00:31 GMT"), false, 0, "receiver answered 429"},
		{"broken", status(503, "try\nlater", "nonsense"), false, 0, "receiver answered 503: try later"},
		{"repeats the URL", status(400, "no hook at /services/"+token, ""), true, 0, "receiver answered 400: no hook at /(hidden)/T0001/B0002/(hidden)"},
		{"hangs up", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		}, false, 0, "receiver not reached: EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := receiver(t, tt.answer)
			s, err := NewSlack(url)
			if err != nil {
				t.Fatal(err)
			}
			s.post.now = func() time.Time { return time.Date(2026, 11, 21, 8, 0, 1, 0, time.UTC) }
			err = s.Send(t.Context(), message)
			var f notify.Failure
			if !errors.As(err, &f) {
				t.Fatalf("got %v", err)
			}
			if f.Permanent() != tt.permanent || f.After() != tt.after || f.Error() != tt.want {
				t.Errorf("permanent %v, after %v, %q; want %v, %v, %q", f.Permanent(), f.After(), f.Error(), tt.permanent, tt.after, tt.want)
			}
		})
	}
}

func status(code int, body, after string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		if code == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func TestURLIsInNoError(t *testing.T) {
	closed, _ := receiver(t, nil)
	hanging, _ := receiver(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for _, url := range []string{
		strings.Replace(closed, "127.0.0.1", "127.0.0.1.invalid", 1),
		strings.Replace(closed, "http://", "https://", 1),
		hanging,
	} {
		w, err := NewWebhook(url, []byte("shared secret"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err = w.Send(ctx, message)
		cancel()
		var f notify.Failure
		if !errors.As(err, &f) || f.Permanent() {
			t.Errorf("%v: not a failure to be tried again", err)
		}
		for _, bad := range []string{"sUpErSeCrEtToKeN", "B0002", "shared secret"} {
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), bad) {
				t.Errorf("%q is in %v", bad, err)
			}
		}
	}
	for _, url := range []string{"", "ftp://x/" + token, "https:///" + token, "://" + token} {
		if _, err := NewSlack(url); err == nil || strings.Contains(err.Error(), "sUpErSeCrEtToKeN") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := NewWebhook(closed, nil); err == nil {
		t.Error("a webhook without a secret was accepted")
	}
}

func ExampleWebhook_Send() {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get(HeaderKey), strings.HasPrefix(r.Header.Get(HeaderSignature), "sha256="))
	}))
	defer srv.Close()
	w, err := NewWebhook(srv.URL, []byte("shared secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Send(context.Background(), notify.Message{Key: "k1", Title: "Drift on leaf1"}))
	// Output:
	// k1 true
	// <nil>
}

// Whatever a receiver answers, no part of the URL that could be a token gets through.
func FuzzClean(f *testing.F) {
	p, err := newPoster("https://hooks.example.net/services/" + token + "?key=0123456789")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("no_service", 0)
	f.Add("see ", 3)
	f.Add("\x00\n\t<b>", 1)
	f.Fuzz(func(t *testing.T, answer string, at int) {
		at = min(max(at, 0), len(answer))
		got := p.clean(answer[:at] + p.url + answer[at:])
		for _, bad := range []string{"sUpErSeCrEtToKeN", "0123456789", "\n"} {
			if strings.Contains(got, bad) && !strings.Contains(answer, bad) {
				t.Errorf("%q gets through: %q", bad, got)
			}
		}
	})
}
