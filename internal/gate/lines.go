package gate

import (
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/run"
)

// words returns the line that a path leads to and those of the blocks around it, outermost first, each cut into words;
// none for a path of another kind.
func words(at path.Path) [][]string {
	texts, err := blocks.Texts(at)
	if err != nil {
		return nil
	}
	out := make([][]string, len(texts))
	for i, t := range texts {
		if out[i] = strings.Fields(t); len(out[i]) == 0 {
			return nil
		}
	}
	return out
}

// unlined adds what lines take away or shut: the sessions of neighbors that go, and those that are shut, as interfaces are.
// A neighbor that is given another AS stays, whatever becomes of its session.
func unlined(writes []run.Write, sessions, ports map[string]bool) {
	gone, stays := map[string]bool{}, map[string]bool{}
	for _, w := range writes {
		at, err := path.Parse(w.Path)
		if err != nil {
			continue
		}
		lines := words(at)
		if len(lines) < 2 {
			continue
		}
		first, line := lines[0], lines[len(lines)-1]
		switch {
		case first[0] == "interface" && len(first) > 1 && len(lines) == 2 && line[0] == "shutdown":
			if w.After != "" {
				ports[first[1]] = true
			}
		case first[0] != "router" || len(line) < 3 || line[0] != "neighbor" || len(lines) != 2:
		case line[2] == "shutdown" && w.After != "":
			sessions[session(routed(first), line[1])] = true
		case line[2] == "remote-as" || line[2] == "interface" || line[2] == "peer-group":
			if w.After != "" {
				stays[session(routed(first), line[1])] = true
			} else {
				gone[session(routed(first), line[1])] = true
			}
		}
	}
	for n := range gone {
		if !stays[n] {
			sessions[n] = true
		}
	}
}

// described reports whether a line is only for people.
func described(lines [][]string) bool {
	last := lines[len(lines)-1]
	return last[0] == "description" || len(last) > 2 && last[0] == "neighbor" && last[2] == "description"
}

// routed returns the VRF of a router's line, "" for the default one.
func routed(line []string) string {
	if i := slices.Index(line, "vrf"); i >= 0 && i+1 < len(line) {
		return line[i+1]
	}
	return ""
}

// linesTouch is touches for a line: one that names the neighbor, its interface or that one's BFD profile, or one of the
// router that is for no single neighbor. A router of another VRF is another one.
func linesTouch(lines [][]string, vrf string, n fabric.Neighbor, port string) bool {
	if described(lines) || lines[0][0] == "router" && routed(lines[0]) != vrf {
		return false
	}
	bgp, whole := false, true
	for i, line := range lines {
		if len(line) > 1 && line[0] == "no" {
			line = line[1:]
		}
		switch {
		case i == 0 && slices.Equal(line[:min(2, len(line))], []string{"router", "bgp"}):
			bgp = true
		case bgp && line[0] == "neighbor" && len(line) > 1:
			whole = false
			if line[1] == n.Address.String() || line[1] == n.Group || port != "" && line[1] == port {
				return true
			}
		case bgp && line[0] == "vni", bgp && line[0] == "advertise-all-vni":
			whole = false // a service, which sessions only carry
		case i == 0 && line[0] == "interface" && len(line) > 1 && port != "":
			return line[1] == port || strings.HasPrefix(line[1], port+".")
		case i == 1 && lines[0][0] == "bfd" && line[0] == "profile" && len(line) > 1 && port != "":
			return strings.HasSuffix(line[1], "-"+port) || strings.Contains(line[1], "-"+port+".")
		}
	}
	return bgp && whole
}
