// Package chat sends messages to people: as a Slack incoming webhook, and as a signed webhook for any other receiver.
//
// A receiver's URL is a secret, for whoever knows it can write to the channel: it is in no error and no log. Errors
// say whether trying again makes sense. One Send is one request; nothing is retried here.
package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	timeout   = 10 * time.Second
	maxAnswer = 4 << 10
	maxAfter  = time.Hour // the longest wait that a receiver can ask for
)

// An Error is why a message was not taken. It never holds the receiver's URL.
type Error struct {
	text      string
	permanent bool
	after     time.Duration
	cause     error
}

// Error returns the one line that is logged and kept with the message.
func (e *Error) Error() string { return e.text }

// Unwrap returns what went wrong below, for example context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.cause }

// Permanent reports whether the same message would be refused again.
func (e *Error) Permanent() bool { return e.permanent }

// After is how long the receiver asks to wait, 0 when it does not.
func (e *Error) After() time.Duration { return e.after }

// A poster posts to one URL.
type poster struct {
	url    string
	client *http.Client
	now    func() time.Time
}

func newPoster(rawURL string) (*poster, error) {
	u, err := url.Parse(strings.TrimSpace(rawURL))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, errors.New("the receiver's URL must start with https:// or http:// and name a host")
	}
	return &poster{
		url: u.String(),
		now: time.Now,
		client: &http.Client{
			Timeout: timeout,
			// Elsewhere is not where the message, and its signature, were meant to go.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// encode writes JSON with <, > and & as they are, for people read it too.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, &Error{text: "message cannot be written as JSON", permanent: true, cause: err}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func (p *poster) post(ctx context.Context, body []byte, headers map[string]string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return &Error{text: "receiver: the request cannot be made", permanent: true}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "tenter")
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return p.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()                         // only read from
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))    // for the error's text only
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // so that the connection can be used again
	if resp.StatusCode >= http.StatusOK && resp.StatusCode < http.StatusMultipleChoices {
		return nil
	}
	return p.refused(resp, answer)
}

// unreachable leaves out the URL that every error of the client begins with.
func (p *poster) unreachable(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		err = withURL.Err
	}
	return &Error{text: "receiver not reached: " + p.clean(err.Error()), cause: err}
}

func (p *poster) refused(resp *http.Response, answer []byte) error {
	e := &Error{text: "receiver answered " + strconv.Itoa(resp.StatusCode)}
	if text := p.clean(string(answer)); text != "" {
		e.text += ": " + text
	}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= http.StatusInternalServerError:
		e.after = p.retryAfter(resp.Header.Get("Retry-After"))
	default:
		e.permanent = true
	}
	return e
}

// retryAfter reads the header's two forms (RFC 9110 §10.2.3): seconds, or a date.
func (p *poster) retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 64); err == nil {
		if seconds > int64(maxAfter/time.Second) {
			return maxAfter
		}
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(maxAfter, max(0, at.Sub(p.now())))
	}
	return 0
}

// clean makes foreign text fit for a log: short, printable, on one line, and without the URL or a part of it that is
// long enough to be a token.
func (p *poster) clean(s string) string {
	const most = 200
	for _, part := range append([]string{p.url}, strings.FieldsFunc(p.url, func(r rune) bool { return r == '/' || r == '?' || r == '&' || r == '=' })...) {
		if len(part) >= 8 && !strings.HasPrefix(p.url, "http://"+part) && !strings.HasPrefix(p.url, "https://"+part) {
			s = strings.ReplaceAll(s, part, "(hidden)")
		}
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return s
}

// wrap says which receiver an error is about; what kind of error it is stays.
func wrap(kind string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", kind, err)
}
