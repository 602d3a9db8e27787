package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// reconnect is how long Follow waits until it tries a server again that it lost.
const reconnect = time.Second

// Follow reads the stream name, from the beginning or behind the message whose id is the query's "after", and calls each with
// every message until that says stop, or ctx ends, which is no error. A stream that breaks is resumed where it was; one that
// is refused is a *Problem.
func (c *Client) Follow(ctx context.Context, name string, query url.Values, each func(Told) (stop bool, err error)) error {
	q := url.Values{"after": {"0"}}
	maps.Copy(q, query)
	for connected := false; ; {
		reply, err := c.send(ctx, http.MethodGet, name+"?"+q.Encode(), nil)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !connected {
			return err
		}
		if err == nil {
			connected = true
			stop, err := readStream(reply, name, func(t Told) (bool, error) {
				q.Set("after", strconv.FormatUint(t.ID, 10))
				return each(t)
			})
			if err != nil || stop {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reconnect):
		}
	}
}

// readStream reads messages until each says stop or the stream breaks.
func readStream(reply *http.Response, name string, each func(Told) (bool, error)) (stop bool, err error) {
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		data, err := io.ReadAll(io.LimitReader(reply.Body, maxRequest))
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		return false, problemOf(name, reply.Status, data)
	}
	lines := bufio.NewScanner(reply.Body)
	lines.Buffer(nil, maxRequest)
	var t Told
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			if t.ID, err = strconv.ParseUint(value, 10, 64); err != nil {
				return false, fmt.Errorf("%s: %q is no id of an event", name, value)
			}
		case "event":
			t.Type = value
		case "data":
			t.Data = []byte(value)
		case "":
			if lines.Text() == "" && t.Data != nil {
				if stop, err := each(t); err != nil || stop {
					return true, err
				}
				t = Told{}
			}
		}
	}
	return false, nil // it broke: whoever follows comes back
}
