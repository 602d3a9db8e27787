package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/tree"
)

func window(t testing.TB, name, mode, cron, zone string, d time.Duration) Window {
	ws, err := NewWindows([]fabric.Window{{
		Name: name, Source: tree.Source{File: "w.yaml", Line: 3}, Allow: mode == "allow", Cron: cron, Zone: zone, Duration: d,
		Devices: []intent.DeviceName{"leaf1"}, Overtaken: fabric.OvertakenStop,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return ws[0]
}

func at(t testing.TB, text string) time.Time {
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func show(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(zone).Format("01-02 15:04 MST")
}

// TestWindowAt holds one window to the clock on its wall, over hours that do not exist and hours that come twice.
func TestWindowAt(t *testing.T) {
	night := func(t testing.TB) Window {
		return window(t, "night", "allow", "0 1 * * *", "Europe/Berlin", 4*time.Hour)
	}
	tests := []struct {
		name string
		w    func(testing.TB) Window
		at   string
		want string // open, since, until, next
	}{
		{"before", night, "2026-06-01T00:59:59+02:00", "false - - 06-01 01:00 CEST"},
		{"the moment it opens", night, "2026-06-01T01:00:00+02:00", "true 06-01 01:00 CEST 06-01 05:00 CEST -"},
		{"the last moment", night, "2026-06-01T04:59:59+02:00", "true 06-01 01:00 CEST 06-01 05:00 CEST -"},
		{"the moment it closes", night, "2026-06-01T05:00:00+02:00", "false - - 06-02 01:00 CEST"},
		{"spring: four hours of time, five of the wall", night, "2026-03-29T05:59:00+02:00", "true 03-29 01:00 CET 03-29 06:00 CEST -"},
		{"autumn: four hours of time, three of the wall", night, "2026-10-25T03:59:00+01:00", "true 10-25 01:00 CEST 10-25 04:00 CET -"},
		{"autumn: over after them", night, "2026-10-25T04:00:00+01:00", "false - - 10-26 01:00 CET"},
		{
			"spring: an opening that does not exist is at the end of the gap",
			func(t testing.TB) Window { return window(t, "w", "allow", "30 2 * * *", "Europe/Berlin", time.Hour) },
			"2026-03-29T03:30:00+02:00", "true 03-29 03:00 CEST 03-29 04:00 CEST -",
		},
		{
			"autumn: an opening that comes twice is the first",
			func(t testing.TB) Window {
				return window(t, "w", "allow", "30 2 * * *", "Europe/Berlin", 30*time.Minute)
			},
			"2026-10-25T02:45:00+02:00", "true 10-25 02:30 CEST 10-25 02:00 CET -",
		},
		{
			"autumn: and not the second",
			func(t testing.TB) Window {
				return window(t, "w", "allow", "30 2 * * *", "Europe/Berlin", 30*time.Minute)
			},
			"2026-10-25T02:45:00+01:00", "false - - 10-26 02:30 CET",
		},
		{
			"a weekend, over a change of clocks",
			func(t testing.TB) Window {
				return window(t, "w", "deny", "0 18 * * fri", "Europe/Berlin", 62*time.Hour)
			},
			"2026-10-25T12:00:00+01:00", "true 10-23 18:00 CEST 10-26 07:00 CET -",
		},
		{
			"openings that overlap are one",
			func(t testing.TB) Window { return window(t, "w", "allow", "0 8,9,10 * * *", "UTC", 90*time.Minute) },
			"2026-06-01T09:10:00Z", "true 06-01 08:00 UTC 06-01 11:30 UTC -",
		},
		{
			"openings that touch are one",
			func(t testing.TB) Window { return window(t, "w", "allow", "0 8,9 * * *", "UTC", time.Hour) },
			"2026-06-01T09:00:00Z", "true 06-01 08:00 UTC 06-01 10:00 UTC -",
		},
		{
			"always open",
			func(t testing.TB) Window { return window(t, "w", "allow", "* * * * *", "UTC", time.Minute) },
			"2026-06-01T09:00:30Z", "true - - -",
		},
		{
			"never open",
			func(t testing.TB) Window { return window(t, "w", "allow", "0 0 30 2 *", "UTC", time.Hour) },
			"2026-06-01T09:00:30Z", "false - - -",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := tt.w(t)
			zone := w.table.Zone()
			s := w.At(at(t, tt.at))
			got := fmt.Sprintf("%t %s %s %s", s.Open, show(s.Since, zone), show(s.Until, zone), show(s.Next, zone))
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestWindows has several windows at once: deny wins, one allow window that is open is enough, and there is an answer to
// when it is time, also where it never is.
func TestWindows(t *testing.T) {
	w := func(name, mode, cron string, d time.Duration) Window { return window(t, name, mode, cron, "UTC", d) }
	manual := func(w Window) Window { w.Manual = true; return w }
	night, noon := w("night", "allow", "0 1 * * *", 4*time.Hour), w("noon", "allow", "0 12 * * *", time.Hour)
	first := w("first", "deny", "0 0 1 * *", 24*time.Hour)
	tests := []struct {
		name   string
		ws     Windows
		at     string
		byHand bool
		rule   Rule
		opens  string
	}{
		{"none", nil, "2026-06-01T09:00:00Z", false, Requested, ""},
		{"outside of the only one", Windows{night}, "2026-06-01T09:00:00Z", false, OutOfAllow, "06-02 01:00 UTC"},
		{"inside", Windows{night}, "2026-06-01T02:00:00Z", false, Requested, ""},
		{"inside one of two", Windows{night, noon}, "2026-06-02T12:30:00Z", false, Requested, ""},
		{"the sooner of two", Windows{night, noon}, "2026-06-02T09:00:00Z", false, OutOfAllow, "06-02 12:00 UTC"},
		{"deny wins", Windows{night, first}, "2026-06-01T02:00:00Z", false, InDeny, "06-02 01:00 UTC"},
		{"an opening that is denied is none", Windows{night, first}, "2026-05-31T23:00:00Z", false, OutOfAllow, "06-02 01:00 UTC"},
		{"deny alone", Windows{first}, "2026-06-01T02:00:00Z", false, InDeny, "06-02 00:00 UTC"},
		{"deny alone, over", Windows{first}, "2026-06-02T00:00:00Z", false, Requested, ""},
		{"a person, where none may", Windows{night}, "2026-06-01T09:00:00Z", true, OutOfAllow, "06-02 01:00 UTC"},
		{"a person, where people may", Windows{manual(night)}, "2026-06-01T09:00:00Z", true, Requested, ""},
		{"a policy, where people may", Windows{manual(night)}, "2026-06-01T09:00:00Z", false, OutOfAllow, "06-02 01:00 UTC"},
		{"a person past an allow window and into a deny window", Windows{manual(night), first}, "2026-06-01T09:00:00Z", true, InDeny, "06-02 00:00 UTC"},
		{"a person past both", Windows{manual(night), manual(first)}, "2026-06-01T09:00:00Z", true, Requested, ""},
		{"never", Windows{w("never", "allow", "0 0 30 2 *", time.Hour)}, "2026-06-01T09:00:00Z", false, OutOfAllow, "-"},
		{"denied for ever", Windows{night, w("always", "deny", "* * * * *", time.Minute)}, "2026-06-01T09:00:00Z", false, InDeny, "-"},
		{"always denied when it opens", Windows{night, w("nights", "deny", "0 0 * * *", 8*time.Hour)}, "2026-06-01T09:00:00Z", false, OutOfAllow, "-"},
		{"a minute now and then", Windows{w("a", "allow", "*/2 * * * *", time.Second), w("b", "deny", "*/2 * * * *", 90*time.Second)}, "2026-06-01T09:00:00Z", false, InDeny, "-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := Facts{Trigger: plan.ByDrift, Enrolled: true, Requested: true, Windows: tt.ws.Of("leaf1"), Now: at(t, tt.at), ByHand: tt.byHand}
			d := Decide(f)
			if d.Rule != tt.rule {
				t.Fatalf("%+v, want rule %s", d, tt.rule)
			}
			if d.Rule == Requested {
				return
			}
			if got := show(d.Opens, time.UTC); got != tt.opens {
				t.Errorf("opens %s, want %s", got, tt.opens)
			}
			if d.Verdict != Later || !strings.Contains(d.Reason, "w.yaml:3") || !strings.Contains(d.Reason, "opening") {
				t.Errorf("%+v: no name, or no opening", d)
			}
			f.BreakGlass = true
			if d := Decide(f); d.Verdict != Run {
				t.Errorf("with broken glass: %+v", d)
			}
		})
	}
}

// A window only puts off: what needs somebody's word is asked for at once, and what may never be written is refused.
func TestLater(t *testing.T) {
	night := Windows{window(t, "night", "allow", "0 1 * * *", "UTC", time.Hour)}
	drift := Facts{Trigger: plan.ByDrift, Enrolled: true, Mode: fabric.DriftEnforce, Now: noon, Windows: night}
	if d := Decide(drift); d.Verdict != Later || d.Rule != OutOfAllow || !d.Held() || !d.Stopped() {
		t.Errorf("enforced drift: %+v", d)
	}
	drift.Mode = fabric.DriftPropose
	if d := Decide(drift); d.Verdict != Wait || d.Rule != Propose || !strings.Contains(d.Reason, "; then it waits: outside of window night") {
		t.Errorf("proposed drift: %+v", d)
	}
	drift.Frozen = Freeze{Until: noon.Add(time.Hour), By: "ada", Reason: "audit"}
	if d := Decide(drift); !strings.Contains(d.Reason, "; then it waits: the fabric is frozen until 2026-01-02T13:00:00Z by ada: audit") {
		t.Errorf("frozen: %+v", d)
	}
	drift.Enrolled = false
	if d := Decide(drift); d.Verdict != Refuse || d.Rule != Enrolment {
		t.Errorf("not enrolled: %+v", d)
	}
	drift.Enrolled, drift.Requested, drift.ByHand = true, true, true
	if d := Decide(drift); d.Verdict != Later || d.Rule != Frozen {
		t.Errorf("a person in a freeze: %+v", d)
	}
}

// TestOvertakes has a run of the night's window, at times of its first device and of its second.
func TestOvertakes(t *testing.T) {
	inside, outside := noon.Add(-11*time.Hour+time.Minute), noon
	frozen := Freeze{Until: noon.Add(time.Hour), By: "ada", Reason: "audit"}
	tests := []struct {
		name      string
		now       time.Time
		overtaken fabric.Overtaken
		change    func(*Facts)
		want      string
	}{
		{"still inside", inside, fabric.OvertakenStop, nil, ""},
		{"stop", outside, fabric.OvertakenStop, nil, "stop by window night"},
		{"pause", outside, fabric.OvertakenPause, nil, "pause by window night"},
		{"rollback", outside, fabric.OvertakenRollback, nil, "rollback by window night"},
		{"finish", outside, fabric.OvertakenFinish, nil, ""},
		{"finish what was never allowed", outside, fabric.OvertakenFinish, func(f *Facts) { f.Late = true }, "pause by window night"},
		{"a person, and a device that was never allowed", outside, fabric.OvertakenRollback, func(f *Facts) { f.Late, f.ByHand = true, true }, "stop by window night"},
		{"a person who may", outside, fabric.OvertakenStop, func(f *Facts) { f.ByHand, f.Windows[0].Manual = true, true }, ""},
		{"frozen", inside, fabric.OvertakenFinish, func(f *Facts) { f.Frozen = frozen }, "pause by freeze"},
		{"frozen, with broken glass", outside, fabric.OvertakenStop, func(f *Facts) { f.Frozen, f.BreakGlass = frozen, true }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := window(t, "night", "allow", "0 1 * * *", "UTC", time.Hour)
			w.Overtaken = tt.overtaken
			f := Facts{Enrolled: true, Requested: true, Begun: true, Now: tt.now, Windows: Windows{w}}
			if tt.change != nil {
				tt.change(&f)
			}
			got := ""
			if o, is := Overtakes(f); is {
				if got = string(o.What) + " by " + o.By; o.Reason == "" {
					t.Error("no reason")
				}
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzWindows has windows of any kind answer in bounded time, and what they answer agree with itself.
func FuzzWindows(f *testing.F) {
	f.Add("0 1 * * *", "*/5 * * * *", uint32(3600), uint32(60), int64(1774656000))
	f.Add("* * * * *", "0 0 30 2 *", uint32(60), uint32(1), int64(1793000000))
	f.Fuzz(func(t *testing.T, allow, deny string, open, closed uint32, unix int64) {
		if unix < 0 || unix > 1<<33 {
			return
		}
		ws, err := NewWindows([]fabric.Window{
			{Name: "a", Allow: true, Cron: allow, Zone: "Europe/Berlin", Duration: time.Duration(open%1e7+1) * time.Second},
			{Name: "d", Cron: deny, Zone: "America/Sao_Paulo", Duration: time.Duration(closed%1e7+1) * time.Second},
		})
		if err != nil {
			return
		}
		now := time.Unix(unix, 0)
		_, denied := ws.denies(now, false)
		_, outside := ws.outside(now, false)
		opens := ws.Opens(now, false)
		if stopped := denied || outside; stopped == opens.Equal(now) {
			t.Errorf("denied %t, outside %t, and opens %s at %s", denied, outside, opens, now)
		}
		if !opens.IsZero() {
			if _, denied := ws.denies(opens, false); denied {
				t.Errorf("denied when it opens, %s", opens)
			}
		}
		for _, w := range ws {
			if s := w.At(now); s.Open && (s.Since.After(now) || !s.Until.IsZero() && !s.Until.After(now)) || !s.Open && !s.Next.IsZero() && !s.Next.After(now) {
				t.Errorf("%s: %+v at %s", w.Name, s, now)
			}
		}
	})
}

func TestEndless(t *testing.T) {
	for _, c := range []struct {
		cron string
		d    time.Duration
		want bool
	}{
		{"0 0 * * *", 24 * time.Hour, true},
		{"0 0 * * *", 24*time.Hour - time.Second, false},
		{"* * * * *", time.Minute, true},
		{"* * * * *", 59 * time.Second, false},
		{"* * * * mon-fri", time.Minute, false},     // 7,200 openings that run into each other
		{"0 0 1 * *", 31 * 24 * time.Hour, true},    // no month is longer
		{"0 0 1 * *", 30 * 24 * time.Hour, false},   // some are
		{"0 0 1 1 *", 366 * 24 * time.Hour, true},   // nor is a year
		{"0 0 29 2 *", 366 * 24 * time.Hour, false}, // but the next such day is further
		{"0 12 * 7 *", 24 * time.Hour, false},
	} {
		w := window(t, "w", "deny", c.cron, "UTC", c.d)
		if got := w.Endless(at(t, "2026-01-01T00:00:00Z")); got != c.want {
			t.Errorf("%q for %s: %v", c.cron, c.d, got)
		}
	}
}
