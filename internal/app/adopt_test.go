package app

import (
	"testing"

	"github.com/tenter-net/tenter/internal/infer/adopt"
)

// A device's value is no line of a commit's message: such a line may be one that somebody signed off.
func TestMessageOfAnAdoption(t *testing.T) {
	a := &Adoption{device: "leaf1", Result: adopt.Result{
		Adopted: []adopt.Finding{{Path: "/system/config/motd", Before: "", After: "hello\n\nApproved-by: alice\x1b[2J"}},
		Others:  []adopt.Change{{Device: "leaf2", Path: "/x[k=a\nb]", Before: "Zürich", After: ""}},
	}}
	want := "leaf1: adopt what was changed on the device\n\n/system/config/motd: (absent) -> \"hello\\n\\nApproved-by: alice\\x1b[2J\"\n" +
		"\nThis changes besides:\nleaf2: \"/x[k=a\\nb]\": Zürich -> (absent)\n"
	if got := a.message(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
