package cli

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/view"
)

func TestPrintEnrolments(t *testing.T) {
	known := view.Identity{Serial: "S1", ChassisMAC: "02:00:00:00:00:01", CertificateSHA256: "aa", Software: "25.3"}
	var out bytes.Buffer
	if err := printEnrolments(&out, []reconcile.Enrolment{
		{Device: "leaf1", Address: "10.0.0.1:57400", Outcome: reconcile.Enrolled, Identity: known},
		{Device: "leaf2", Address: "10.0.0.2:57400", Outcome: reconcile.Replaced, Identity: view.Identity{HostKeySHA256: "SHA256:x"}, Changed: "it is another device"},
		{Device: "leaf3", Address: "10.0.0.3:57400", Outcome: reconcile.Denied, Identity: known, Changed: "it is another device", Detail: "it is another device; next: look at it"},
		{Device: "leaf4", Address: "10.0.0.4:57400", Outcome: reconcile.Enrolled},
		{Device: "leaf5", Address: "10.0.0.5:57400", Outcome: reconcile.Unreachable, Detail: "no route to host"},
		{Device: "leaf6", Address: "10.0.0.6:57400", Outcome: reconcile.Already, Identity: view.Identity{Serial: "S6"}},
	}); err != nil {
		t.Fatal(err)
	}
	want := `leaf1 at 10.0.0.1:57400: enrolled
  serial number  S1
  chassis MAC    02:00:00:00:00:01
  certificate    aa
  software       25.3
leaf2 at 10.0.0.2:57400: enrolled instead of another device
  SSH host key   SHA256:x
  changed        it is another device
leaf3 at 10.0.0.3:57400: NOT enrolled
  serial number  S1
  chassis MAC    02:00:00:00:00:01
  certificate    aa
  software       25.3
  why            it is another device; next: look at it
leaf4 at 10.0.0.4:57400: enrolled
  warning        nothing tells it apart from another device at its address
leaf5 at 10.0.0.5:57400: NOT enrolled: it could not be asked
  why            no route to host
leaf6 at 10.0.0.6:57400: was enrolled before, and is the same
  serial number  S6
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestEnrollExit(t *testing.T) {
	for _, tt := range []struct {
		outcomes []reconcile.EnrollOutcome
		want     int
	}{
		{[]reconcile.EnrollOutcome{reconcile.Enrolled, reconcile.Already, reconcile.Replaced}, exitDone},
		{[]reconcile.EnrollOutcome{reconcile.Enrolled, reconcile.Denied}, exitPartial},
		{[]reconcile.EnrollOutcome{reconcile.Already, reconcile.Unreachable}, exitPartial},
		{[]reconcile.EnrollOutcome{reconcile.Denied, reconcile.Unreachable}, exitDenied},
		{[]reconcile.EnrollOutcome{reconcile.Unreachable}, exitError},
	} {
		var list []reconcile.Enrolment
		for _, o := range tt.outcomes {
			list = append(list, reconcile.Enrolment{Outcome: o})
		}
		if got := report(&bytes.Buffer{}, "tenter device enroll", enrollExit(list)); got != tt.want {
			t.Errorf("%v: exit %d, want %d", tt.outcomes, got, tt.want)
		}
	}
}

func TestSayReadOnly(t *testing.T) {
	for _, tt := range []struct {
		devices []intent.DeviceName
		want    string
	}{
		{nil, ""},
		{[]intent.DeviceName{"leaf1", "leaf2"}, "\nleaf1,leaf2: read-only: not enrolled\nnext:  tenter device enroll leaf1 leaf2\n"},
		{[]intent.DeviceName{"a", "b", "c", "d"}, "\na,b,c,+1: read-only: not enrolled\nnext:  tenter device enroll --all\n"},
	} {
		var errs bytes.Buffer
		sayReadOnly(Streams{Err: &errs}, app.PlanReply{ReadOnly: tt.devices})
		if diff := cmp.Diff(tt.want, errs.String()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestNextIn(t *testing.T) {
	for text, want := range map[string]string{
		"plan p: denied: leaf1: read-only: not enrolled; next: tenter device enroll leaf1; leaf2: held": "tenter device enroll leaf1",
		"plan p: stale": "tenter plan",
	} {
		if got := nextIn(errors.New(text), "tenter plan"); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
