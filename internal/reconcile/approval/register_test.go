package approval

import (
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/view"
)

func TestAuthorsAreBarred(t *testing.T) {
	r := Register{author: "Ann <ann@example.net>", person: func(author string) string { return strings.ToLower(author[:3]) }}
	for cause, want := range map[plan.Trigger]string{plan.ByIntent: "ann", plan.ByManual: "ann", plan.ByDrift: ""} {
		if got := r.Barred(view.Plan{Cause: string(cause)}).Author; got != want {
			t.Errorf("%s: %q, want %q", cause, got, want)
		}
	}
}
