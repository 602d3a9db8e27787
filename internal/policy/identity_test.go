package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/view"
)

func TestImpostor(t *testing.T) {
	enrolled := view.Identity{Serial: "S1", CertificateSHA256: "aa", Software: "1"}
	tests := []struct {
		name   string
		want   fabric.Identity
		pinned view.Identity
		fresh  bool // nobody enrolled it
		now    view.Identity
		why    string
	}{
		{name: "the same", pinned: enrolled, now: enrolled},
		{name: "other software is the same device", pinned: enrolled, now: view.Identity{Serial: "S1", CertificateSHA256: "aa", Software: "2"}},
		{name: "another serial number", pinned: enrolled, now: view.Identity{Serial: "S2", CertificateSHA256: "aa"}, why: "serial number S2, enrolled was S1"},
		{name: "another certificate", pinned: enrolled, now: view.Identity{Serial: "S1", CertificateSHA256: "bb"}, why: "certificate bb"},
		{name: "another host key", pinned: view.Identity{HostKeySHA256: "SHA256:a"}, now: view.Identity{HostKeySHA256: "SHA256:b"}, why: "SSH host key SHA256:b"},
		{name: "another chassis", pinned: view.Identity{ChassisMAC: "00:00:00:00:00:01"}, now: view.Identity{ChassisMAC: "00:00:00:00:00:02"}, why: "chassis MAC"},
		{name: "it tells a part", pinned: enrolled, now: view.Identity{CertificateSHA256: "aa"}},
		{name: "it tells more", pinned: view.Identity{CertificateSHA256: "aa"}, now: enrolled},
		{name: "it tells nothing any more", pinned: enrolled, why: "does not tell its serial number and certificate"},
		{name: "it never told anything", now: view.Identity{Software: "2"}},
		{name: "it tells now", now: enrolled, why: "told nothing"},
		{name: "nobody enrolled it", fresh: true, now: enrolled},
		{name: "as the intents name it", fresh: true, want: fabric.Identity{Serial: "S1", CertificateSHA256: "aa"}, now: enrolled},
		{name: "not as the intents name it", fresh: true, want: fabric.Identity{Serial: "S9"}, now: enrolled, why: "the intents name S9"},
		{name: "the intents name what it does not tell", fresh: true, want: fabric.Identity{ChassisMAC: "00:00:00:00:00:01"}, now: enrolled, why: "does not tell its chassis MAC"},
		{name: "as enrolled, but not as named", pinned: enrolled, want: fabric.Identity{Serial: "S9"}, now: enrolled, why: "the intents name S9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			row := view.Device{Identity: tt.pinned}
			if !tt.fresh {
				row.Enrolled = time.Unix(1, 0)
			}
			if got := Impostor(tt.want, row, tt.now); (got == "") != (tt.why == "") || !strings.Contains(got, tt.why) {
				t.Errorf("%q, want %q", got, tt.why)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	var got []time.Duration
	for n := range 5 {
		got = append(got, RetryAfter(n))
	}
	for n, want := range []time.Duration{30, 30, 60, 120, 120} {
		if got[n] != want*time.Second {
			t.Errorf("after %d failures: %s", n, got[n])
		}
	}
}
