package plan

import (
	"strings"

	"github.com/tenter-net/tenter/internal/tree"
)

// vlanLeaves are the leaves of OpenConfig and of its relatives that name the VLANs of a port.
var vlanLeaves = map[string]bool{"access-vlan": true, "native-vlan": true, "trunk-vlans": true}

// carriers counts, by VLAN id, the ports that carry a VLAN as the device has it.
func carriers(t *tree.Tree) map[string]int {
	of := map[string]int{}
	last := map[string]string{} // the port that was counted last
	for l := range t.All() {
		n := len(l.Path.Elems)
		if n < 2 || !vlanLeaves[l.Path.Elems[n-1].Name] {
			continue
		}
		entry, _ := entryOf(l.Path)
		port := entry.String()
		for _, id := range strings.FieldsFunc(strings.Trim(l.Value.Text(), "[]"), func(r rune) bool { return r == ',' || r == ' ' }) {
			if last[id] != port {
				of[id], last[id] = of[id]+1, port
			}
		}
	}
	return of
}
