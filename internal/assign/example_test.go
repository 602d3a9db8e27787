package assign_test

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/assign"
	"github.com/tenter-net/tenter/internal/intent"
)

// A third worker gets its share. Of so few devices one more moves, for nobody may have more than two.
func ExampleSuggest() {
	devices := []intent.DeviceName{"leaf1", "leaf2", "leaf3", "leaf4", "spine1", "spine2"}
	before := assign.Suggest(devices, []string{"fab1", "fab2"})
	after := assign.Suggest(devices, []string{"fab1", "fab2", "fab3"})
	for _, d := range devices {
		if before[d] == after[d] {
			fmt.Println(d, before[d])
		} else {
			fmt.Println(d, before[d], "->", after[d])
		}
	}
	// Output:
	// leaf1 fab1
	// leaf2 fab1 -> fab2
	// leaf3 fab1
	// leaf4 fab2 -> fab3
	// spine1 fab2 -> fab3
	// spine2 fab2
}
