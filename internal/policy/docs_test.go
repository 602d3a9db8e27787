package policy

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDocs holds the table in docs/policy.md to the rows of the code, in their order.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| row | when it applies, and what it does |\n| --- | --- |\n")
	for _, r := range table() {
		fmt.Fprintf(&want, "| %s | %s |\n", r.Rule, r.Doc)
	}
	if !strings.Contains(string(page), want.String()+"\n") {
		t.Errorf("docs/policy.md has another table; it is to be\n%s", want.String())
	}
}
