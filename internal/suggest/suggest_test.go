package suggest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/suggest"
)

func TestNearest(t *testing.T) {
	tests := []struct {
		written, known, want string
	}{
		{"gatway", "id gateway vni", "gateway"},
		{"Gateway", "id gateway vni", "gateway"},
		{"gtaeway", "id gateway vni", "gateway"}, // a swap
		{"vrf", "vni vrfs vlan", "vrfs"},
		{"vxf", "vni vrf vaf", "vaf"}, // both one away: by alphabet
		{"vrf", "vni vlan", ""},       // two of three letters
		{"interfce", "interfaces", "interfaces"},
		{"x", "a b", ""}, // nothing of it is right
		{"", "a", ""},
		{"a", "", ""},
		{strings.Repeat("a", 65), strings.Repeat("a", 66), ""},
	}
	for _, tt := range tests {
		known := strings.Fields(tt.known)
		for range 2 {
			if got := suggest.Nearest(tt.written, known); got != tt.want {
				t.Errorf("%q among %q: got %q, want %q", tt.written, known, got, tt.want)
			}
			slices.Reverse(known)
		}
	}
}

func ExampleHint() {
	known := []string{"interface", "network-instance", "system"}
	fmt.Println(suggest.Hint("sytsem", known))
	fmt.Printf("%q\n", suggest.Hint("vlan", known))
	// Output:
	// did you mean "system"?
	// ""
}
