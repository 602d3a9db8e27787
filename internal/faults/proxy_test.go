package faults

import (
	"bytes"
	"strings"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// A proxy is toxiproxy between workers and Redis.
type proxy struct {
	URL string
	w   *world
	on  *toxiproxy.Proxy
}

func (w *world) proxy() *proxy {
	w.Helper()
	on := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), w.Name(), "127.0.0.1:0", w.redis.Addr)
	w.must(on.Start())
	w.Cleanup(on.Stop)
	return &proxy{URL: "redis://" + on.Listen, w: w, on: on}
}

// deafen drops all that the server says from now on; what the client says arrives.
func (p *proxy) deafen() {
	p.w.Helper()
	_, err := p.on.Toxics.AddToxicJson(strings.NewReader(`{"name": "deaf", "type": "timeout", "stream": "downstream", "attributes": {"timeout": 0}}`))
	p.w.must(err)
}

// hear ends that, and with it the connections that have missed something.
func (p *proxy) hear() {
	p.w.Helper()
	p.w.must(p.on.Toxics.RemoveToxic(p.w.Context(), "deaf"))
}

func splitFields(line string) []string { return strings.Fields(line) }

func containsWord(b []byte, word string) bool { return bytes.Contains(b, []byte(word)) }
