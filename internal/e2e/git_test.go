package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// webhookVerb tells of a push as GitHub does, signed with a secret, and expects a status.
//
//	webhook 202 http://$HOOK/hooks/git s3cret
func webhookVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: webhook STATUS URL SECRET")
	}
	const body = `{"ref":"refs/heads/main"}`
	mac := hmac.New(sha256.New, []byte(args[2]))
	_, _ = mac.Write([]byte(body)) // a hash takes everything
	req, err := http.NewRequest(http.MethodPost, args[1], strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	req.Header.Set("X-GitHub-Event", "push")
	res, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	ts.Check(err)
	ts.Check(res.Body.Close())
	if strconv.Itoa(res.StatusCode) != args[0] {
		ts.Fatalf("webhook: %s, want %s", res.Status, args[0])
	}
}
