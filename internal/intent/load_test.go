package intent_test

import (
	"testing"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/intent"
)

func TestExampleIsClean(t *testing.T) {
	set, problems := intent.Load(intents.Files, intent.Options{Commit: "abc"})
	if len(problems) > 0 {
		t.Fatal(problems.Text())
	}
	if len(set.Devices) != 6 || len(set.Vlans) != 12 || len(set.Vrfs) != 2 {
		t.Errorf("devices %d, vlans %d, vrfs %d", len(set.Devices), len(set.Vlans), len(set.Vrfs))
	}
}
