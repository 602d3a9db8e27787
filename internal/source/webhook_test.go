package source

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"
)

// TestRefusedWebhooksAreCounted sends what is not signed many times: the log tells it once, and every hundredth time.
func TestRefusedWebhooksAreCounted(t *testing.T) {
	core, seen := observer.New(zap.InfoLevel)
	w := &Webhook{Secret: say("s3cret"), Push: func() {}, Log: zap.New(core)}
	send := func(token string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, WebhookPath, nil)
		r.Header.Set("X-Gitlab-Token", token)
		w.ServeHTTP(httptest.NewRecorder(), r)
	}
	for range 250 {
		send("wrong")
	}
	if n := seen.Len(); n != 3 {
		t.Errorf("%d messages of 250 webhooks: %v", n, seen.All())
	}
	send("s3cret")
	send("wrong")
	if n := seen.FilterMessage("webhook refused").Len(); n != 4 || seen.FilterField(zap.Int64("refused", 250)).Len() != 1 {
		t.Errorf("after a good one: %v", seen.All())
	}
}

func TestWebhook(t *testing.T) {
	const secret, body = "s3cret", `{"ref":"refs/heads/main"}`
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(body))
	sum := hex.EncodeToString(mac.Sum(nil))
	pushes := 0
	w := &Webhook{Secret: say(secret), Push: func() { pushes++ }, Log: zaptest.NewLogger(t)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx, l) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tests := []struct {
		name, method, path, header, value, body string
		want, pushes                            int
	}{
		{"GitHub", "POST", WebhookPath, "X-Hub-Signature-256", "sha256=" + sum, body, 202, 1},
		{"the same again", "POST", WebhookPath, "X-Hub-Signature-256", "sha256=" + sum, body, 202, 1},
		{"Gitea, Forgejo", "POST", WebhookPath, "X-Gitea-Signature", sum, body, 202, 1},
		{"GitLab", "POST", WebhookPath, "X-Gitlab-Token", secret, body, 202, 1},
		{"unsigned", "POST", WebhookPath, "X-Nothing", "", body, 401, 0},
		{"another body", "POST", WebhookPath, "X-Hub-Signature-256", "sha256=" + sum, body + " ", 401, 0},
		{"half a signature", "POST", WebhookPath, "X-Hub-Signature-256", "sha256=" + sum[:32], body, 401, 0},
		{"an empty signature", "POST", WebhookPath, "X-Hub-Signature-256", "sha256=", body, 401, 0},
		{"the weak signature", "POST", WebhookPath, "X-Hub-Signature", "sha1=" + sum[:40], body, 401, 0},
		{"another token", "POST", WebhookPath, "X-Gitlab-Token", "s3cre", body, 401, 0},
		{"elsewhere", "POST", "/", "X-Gitlab-Token", secret, body, 404, 0},
		{"no POST", "GET", WebhookPath, "X-Gitlab-Token", secret, "", 405, 0},
	}
	for _, tt := range tests {
		pushes = 0
		req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+l.Addr().String()+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(tt.header, tt.value)
		res, err := client.Do(req)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode != tt.want || pushes != tt.pushes {
			t.Errorf("%s: %d and %d pushes, want %d and %d", tt.name, res.StatusCode, pushes, tt.want, tt.pushes)
		}
	}
	w.Secret = func() (string, error) { return "", errors.New("no such file") }
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.Addr().String()+WebhookPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusInternalServerError {
		t.Errorf("without its secret: %d", res.StatusCode)
	}
	large := httptest.NewRequestWithContext(t.Context(), http.MethodPost, WebhookPath, strings.NewReader(strings.Repeat("x", maxBody+1)))
	large.Header.Set("X-Gitlab-Token", secret)
	w.Secret = say(secret)
	answer := httptest.NewRecorder()
	if w.ServeHTTP(answer, large); answer.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", answer.Code)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
