package intent_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/intent"
)

func TestSortUnitesDevices(t *testing.T) {
	of := func(line int, message, dialect string, devices ...string) intent.Diagnostic {
		return intent.Diagnostic{Severity: intent.SeverityWarning, Code: "T0953", File: "a.yaml", Line: line, Column: 1, Message: message, Dialect: dialect, Devices: devices}
	}
	got := intent.Diagnostics{
		of(2, "no leaf", "eos", "leaf2"), of(1, "no leaf", "eos", "leaf9"), of(2, "no leaf", "frr", "leaf3"),
		of(2, "no leaf", "eos", "leaf1"), of(2, "no leaf", "eos", "leaf2"), of(2, "as such", ""), of(2, "as such", ""),
	}.Sort().Lines()
	want := []string{
		"a.yaml:1:1: warning[T0953]: leaf9 (eos): no leaf",
		"a.yaml:2:1: warning[T0953]: as such",
		"a.yaml:2:1: warning[T0953]: leaf1, leaf2 (eos): no leaf",
		"a.yaml:2:1: warning[T0953]: leaf3 (frr): no leaf",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
