package api_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/api"
)

// A stream ends when the token of who follows it is good no more, or allows it no more; that nobody can say for a while ends none.
func TestStreamEndsWithItsToken(t *testing.T) {
	for name, tt := range map[string]struct {
		token, may error
		want       string
	}{
		"revoked": {token: &api.TokenError{}, want: "was revoked"},
		"less":    {may: errors.New("a viewer no more"), want: "a viewer no more"},
	} {
		t.Run(name, func(t *testing.T) {
			var ended atomic.Bool
			trouble := make(chan struct{}, 1)
			o := options()
			looks := atomic.Int32{}
			o.Token = func(context.Context, string) (api.Caller, error) {
				switch n := looks.Add(1); {
				case n == 1:
				case n < 4:
					return api.Caller{}, errors.New("the store is not there")
				default:
					select {
					case trouble <- struct{}{}:
					default:
					}
				}
				if ended.Load() {
					return api.Caller{}, tt.token
				}
				return api.Caller{}, nil
			}
			o.May = func(string, api.Caller) error {
				if ended.Load() {
					return tt.may
				}
				return nil
			}
			s := api.NewServer(o)
			s.Recheck(time.Millisecond)
			var begun atomic.Int32
			s.Stream("log", func(ctx context.Context, _ api.Following, out chan<- api.Told) error {
				begun.Add(1)
				select {
				case out <- api.Told{ID: 1, Type: "n", Data: []byte(`{}`)}:
				case <-ctx.Done():
					return nil
				}
				<-trouble
				ended.Store(true)
				<-ctx.Done()
				return nil
			})
			url, ca := runHTTPS(t, s)
			err := client(t, url, ca, good).Follow(t.Context(), "log", nil, func(api.Told) (bool, error) { return false, nil })
			if err == nil || !strings.Contains(err.Error(), tt.want) || begun.Load() != 1 {
				t.Errorf("%v, after %d streams", err, begun.Load())
			}
		})
	}
}
