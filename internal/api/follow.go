package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// reconnect is how long Follow waits until it tries a server again that it lost.
const reconnect = time.Second

// Follow reads the stream name from after the given id on, and calls each with every message until that says stop, or ctx
// ends, which is no error. A stream that breaks is resumed where it was; one that is refused is a *Problem.
func Follow(ctx context.Context, c *Client, name string, query url.Values, after uint64, each func(Told) (stop bool, err error)) error {
	for connected := false; ; {
		q := url.Values{"after": {strconv.FormatUint(after, 10)}}
		for k, v := range query {
			q[k] = v
		}
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
				after = t.ID
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
