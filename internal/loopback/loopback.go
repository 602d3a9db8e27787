// Package loopback finds addresses of loopback for tests whose servers are told where to listen, or come back where they were.
package loopback

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Free finds an address on which nobody listens, below the ports that the system gives to clients: one of these may be in use by the
// time the server wants it, also when it is started again.
func Free() (addr string, err error) {
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000)))); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("loopback: no free port: %w", err)
}
