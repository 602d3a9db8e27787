package blocks_test

import (
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/blocks"
)

// What a device has, what it is to have, and the commands between the two.
func Example() {
	syntax := &blocks.Syntax{}
	have, _ := blocks.Parse("interface eth1\n description old\n", syntax)
	want, _ := blocks.Parse("interface eth1\n ip address 10.0.0.1/31\nhostname leaf1\n", syntax)
	fmt.Println(strings.Join(blocks.Commands(have, want, syntax), "\n"))
	// Output:
	// interface eth1
	// no description old
	// exit
	// hostname leaf1
	// interface eth1
	// ip address 10.0.0.1/31
	// exit
}
