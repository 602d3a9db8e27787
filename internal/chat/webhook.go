package chat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"

	"github.com/tenter-net/tenter/internal/notify"
)

// The headers of a signed webhook. The signature is "sha256=" and the hex HMAC-SHA256, keyed with the shared secret,
// of the timestamp, a dot and the body. A receiver should refuse timestamps (Unix seconds) that are minutes old, and
// take a message whose idempotency key it has seen for a repeat.
const (
	HeaderSignature = "X-Tenter-Signature"
	HeaderTimestamp = "X-Tenter-Timestamp"
	HeaderKey       = "Idempotency-Key"
)

// WebhookSchema names the form of the body.
const WebhookSchema = "tenter.notification/v1"

// A Webhook sends messages as signed JSON.
type Webhook struct {
	post   *poster
	secret []byte
}

// NewWebhook returns the sender to a URL. The secret must not be empty: an unsigned message proves nothing.
func NewWebhook(url string, secret []byte) (*Webhook, error) {
	p, err := newPoster(url)
	if err != nil {
		return nil, err
	}
	if len(secret) == 0 {
		return nil, errors.New("a webhook needs a secret to sign with")
	}
	return &Webhook{post: p, secret: secret}, nil
}

type webhookBody struct {
	Schema string `json:"schema"`
	notify.Message
	Text string `json:"text"`
}

// Send implements notify.Sender.
func (w *Webhook) Send(ctx context.Context, m notify.Message) error {
	body, err := encode(webhookBody{Schema: WebhookSchema, Message: m, Text: m.Text()})
	if err != nil {
		return wrap("webhook", err)
	}
	stamp := strconv.FormatInt(w.post.now().Unix(), 10)
	return wrap("webhook", w.post.post(ctx, body, map[string]string{
		HeaderTimestamp: stamp,
		HeaderSignature: "sha256=" + w.sign(stamp, body),
		HeaderKey:       m.Key,
	}))
}

func (w *Webhook) sign(stamp string, body []byte) string {
	mac := hmac.New(sha256.New, w.secret)
	_, _ = mac.Write([]byte(stamp + ".")) // a hash never fails
	_, _ = mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
