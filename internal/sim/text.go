package sim

import (
	"context"
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/sim/plane"
)

// show waits until the control plane has caught up, and prints its result.
func (f *Fabric) show(ctx context.Context, text func(plane.Result) string) (string, error) {
	r, err := f.settled.wait(ctx)
	if err != nil {
		return "", fmt.Errorf("control plane: %w", err)
	}
	return strings.TrimSuffix(text(r), "\n"), nil
}

// routesText prints a device's routes, one a line: instance, prefix, protocol, next hops, AS path.
func routesText(routes []plane.Route) string {
	var b strings.Builder
	for _, r := range routes {
		fmt.Fprintf(&b, "%s %s %s", instanceText(r.Instance), r.Prefix, r.Protocol)
		separator := " via "
		for _, hop := range r.NextHops {
			fmt.Fprintf(&b, "%s%s", separator, hop)
			separator = ","
		}
		if len(r.ASPath) > 0 {
			fmt.Fprintf(&b, " path %s", strings.Trim(fmt.Sprint(r.ASPath), "[]"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// sessionsText prints a device's BGP neighbors, one a line.
func sessionsText(sessions []plane.Session) string {
	var b strings.Builder
	for _, s := range sessions {
		state := "not established"
		if s.Established {
			state = "ESTABLISHED with " + s.Peer + " " + strings.Join(s.Families, ",")
		}
		fmt.Fprintf(&b, "%s %s AS%d %s\n", instanceText(s.Instance), s.Neighbor, s.PeerAS, state)
	}
	return b.String()
}

func instanceText(name string) string {
	if name == "" {
		return "default"
	}
	return name
}
