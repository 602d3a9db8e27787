package faults

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// fabricFaults are done to the program itself while it serves devices. Effects are ends of runs in the log and changes on the
// devices; external calls are Sets.
var fabricFaults = []fault{
	{name: "crash between device Set and acknowledge", done: "tenter serve is killed when leaf1 has taken the Set and not answered", short: true, run: crashAfterSet},
	{name: "kill -9 during compensation", done: "tenter serve is killed when leaf2 was put back and has not answered", run: killInRollback},
	{name: "two replicas on one device", done: "two tenter serve on one store; drift on every device, then the one that serves leaf1 is killed", run: twoReplicas},
	{name: "SIGSTOP of a replica across its lease", done: "tenter serve is stopped with a Set under way, and wakes up when another serves the device", run: sleepingReplica},
	{name: "a replica without the intent directory", done: "one tenter serve loads intents, another without any plans and writes", run: withoutIntents},
}

// judge compares what the devices should have with what they have, and counts Sets beyond the wanted.
func (s *site) judge(description string, wanted map[string]int, before map[string]int) {
	s.Helper()
	for device, n := range wanted {
		if !s.has(device, description) {
			s.row.Lost++
			s.Errorf("%s does not have %q", device, description)
		}
		if more := s.sets(device) - before[device] - n; more > 0 {
			s.row.Repeated += more
		}
	}
}

// ends is how many ends of the run the log has, which must be one.
func (s *site) ends(runs int) {
	s.Helper()
	n := len(s.events(event.TypeApplyCompleted, event.TypeApplyFailed))
	if n < runs {
		s.row.Lost += runs - n
		s.Errorf("%d runs have ended, of %d", n, runs)
	}
	if n > runs {
		s.row.Doubled += n - runs
		s.Errorf("%d ends of %d runs", n, runs)
	}
}

func crashAfterSet(t *testing.T, r *row) {
	s := newSite(t, r)
	s.do("device", "enroll", "--all")
	s.do("apply", "--yes")
	before := s.sets("leaf1")
	s.want("change", "{names: [leaf1]}", "after-crash")
	s.control("leaf1", "hang-after-set", "once")
	first := s.serve("first")
	apply := s.spawn("apply", "apply", "--yes", "--device", "leaf1")
	s.until("leaf1 has it", func() bool { return s.has("leaf1", "after-crash") })
	first.kill()
	crashed := time.Now()
	s.serve("second")
	select {
	case <-apply.gone:
	case <-time.After(2 * patience):
		t.Fatalf("the one who waits for the run is not told\n%s\n%s", s.tail("apply"), s.tail("second"))
	}
	r.Normal = time.Since(crashed)
	s.judge("after-crash", map[string]int{"leaf1": 1}, map[string]int{"leaf1": before})
	s.ends(2)
	r.Note = "found on the device by reading; the Set was not sent again"
	if r.Repeated > 0 {
		r.Note = fmt.Sprintf("%d Sets were sent again", r.Repeated)
	}
	s.finish()
}

func killInRollback(t *testing.T, r *row) {
	s := newSite(t, r)
	s.env = append(s.env, "TENTER_APPLY_READBACK_WINDOW=1s", "TENTER_APPLY_PARALLEL=1")
	s.do("device", "enroll", "--all")
	s.do("apply", "--yes")
	s.want("leaves", "{labels: {role: leaf}}", "changed")
	s.want("spine", "{names: [spine1]}", "changed")
	first := s.serve("first")
	s.control("spine1", "delay-set", "3s", "once")
	s.control("spine1", "ignore-set", "once")
	apply := s.spawn("apply", "apply", "--yes", "--on-failure", "rollback-all")
	s.until("both leaves have it", func() bool { return s.has("leaf1", "changed") && s.has("leaf2", "changed") })
	before := map[string]int{"leaf1": s.sets("leaf1"), "leaf2": s.sets("leaf2")}
	s.until("the leaves are done", func() bool { return len(s.events(event.TypeStepCompleted)) > 0 && s.sets("spine1") > 0 })
	s.control("leaf2", "hang-after-set", "once")
	s.until("leaf2 is put back", func() bool { return !s.has("leaf2", "changed") })
	first.kill()
	crashed := time.Now()
	s.serve("second")
	select {
	case <-apply.gone:
	case <-time.After(2 * patience):
		t.Fatalf("the one who waits for the run is not told\n%s\n%s", s.tail("apply"), s.tail("second"))
	}
	r.Normal = time.Since(crashed)
	for _, device := range []string{"leaf1", "leaf2"} {
		if s.has(device, "changed") {
			r.Lost++
			t.Errorf("%s was not put back", device)
		}
		r.Repeated += max(0, s.sets(device)-before[device]-1)
	}
	back := s.events(event.TypeRolledBack)
	if len(back) != 2 || back[0].Subject != "leaf2" || back[1].Subject != "leaf1" {
		t.Errorf("%d devices are told to be put back: %v", len(back), back)
	}
	s.ends(2)
	r.Note = "went on in reverse order: leaf2, leaf1"
	s.finish()
}

const replicaLease = 5 * time.Second

// replicas starts two servers on one store, with a fabric that is in sync.
func replicas(t *testing.T, r *row) (s *site, both map[string]*program) {
	s = newSite(t, r)
	s.share()
	s.env = append(s.env, "TENTER_LEASE="+replicaLease.String(), "TENTER_APPLY_SET_TIMEOUT=10s")
	s.do("device", "enroll", "--all")
	s.do("apply", "--yes")
	both = map[string]*program{"first": s.serve("first"), "second": s.serve("second")}
	for _, device := range []string{"leaf1", "leaf2", "spine1"} {
		s.says(device+` +InSync +Healthy`, "device", "ls")
	}
	return s, both
}

// server is which of the replicas serves the device, or none.
func (s *site) server(device string, both map[string]*program) string {
	holder := s.holder(device)
	for name, p := range both {
		if holder == p.worker {
			return name
		}
	}
	return ""
}

func twoReplicas(t *testing.T, r *row) {
	s, both := replicas(t, r)
	before := map[string]int{}
	for _, device := range []string{"leaf1", "leaf2"} {
		before[device] = s.sets(device)
		s.drift(device)
	}
	s.until("every drift is put back", func() bool { return len(s.events(event.TypeDriftRemediated)) >= 2 })
	var holder string
	s.until("somebody serves leaf1", func() bool { holder = s.server("leaf1", both); return holder != "" })
	both[holder].kill()
	killed := time.Now()
	s.drift("leaf1")
	s.until("another serves leaf1", func() bool {
		now := s.server("leaf1", both)
		return now != "" && now != holder
	})
	taken := time.Since(killed)
	s.until("the drift is put back", func() bool { return len(s.events(event.TypeDriftRemediated)) >= 3 })
	r.Normal = time.Since(killed)
	if taken > replicaLease+60*time.Second {
		t.Errorf("taken over after %v", taken)
	}
	for device, n := range map[string]int{"leaf1": 4, "leaf2": 2} { // the stranger's Sets are counted too
		if s.has(device, "oops") {
			r.Lost++
			t.Errorf("the drift of %s is still there", device)
		}
		r.Repeated += max(0, s.sets(device)-before[device]-n)
	}
	if n := len(s.events(event.TypeDriftRemediated)); n != 3 {
		r.Doubled += n - 3
		t.Errorf("%d drifts are told to be put back, of 3", n)
	}
	r.Note = fmt.Sprintf("leaf1 was taken over after %.1f s, lease %v", taken.Seconds(), replicaLease)
	s.finish()
}

// drift changes the device behind Tenter's back.
func (s *site) drift(device string) {
	s.Helper()
	s.do("sim", "--dir", "sim", "hand", device, "set", "/interfaces/interface[name=Loopback0]/config/description", "oops")
}

func sleepingReplica(t *testing.T, r *row) {
	s, both := replicas(t, r)
	var holder string
	s.until("somebody serves leaf1", func() bool { holder = s.server("leaf1", both); return holder != "" })
	before := s.sets("leaf1")
	s.want("change", "{names: [leaf1]}", "while-asleep")
	plan := s.requested()
	s.control("leaf1", "hang-set", "once") // the Set under way: it changes nothing, and is not answered
	s.do("plan", "approve", plan)
	s.until("a Set is under way", func() bool {
		return !strings.Contains(s.do("sim", "--dir", "sim", "control", "leaf1"), "hang-set")
	})
	both[holder].signal(syscall.SIGSTOP)
	asleep := time.Now()
	s.until("another serves leaf1", func() bool {
		now := s.server("leaf1", both)
		return now != "" && now != holder
	})
	taken := time.Since(asleep)
	s.until("the run has ended", func() bool { return len(s.events(event.TypeApplyCompleted)) >= 2 })
	done := time.Since(asleep)
	both[holder].signal(syscall.SIGCONT)
	woken := time.Now()
	s.says(`leaf1 +InSync +Healthy`, "device", "ls")
	r.Normal = time.Since(woken)
	s.judge("while-asleep", map[string]int{"leaf1": 1}, map[string]int{"leaf1": before})
	s.ends(2)
	r.Note = fmt.Sprintf("taken over after %.1f s, lease %v, and the run ended by the other after %.1f s", taken.Seconds(), replicaLease, done.Seconds())
	s.finish()
}

// requested waits until a plan waits for approval, and returns it.
func (s *site) requested() (plan string) {
	s.Helper()
	s.until("a plan waits for approval", func() bool {
		for _, e := range s.events(event.TypeApprovalRequested) {
			if d, err := event.Decode[event.Approval](e); err == nil {
				plan = d.Plan
			}
		}
		return plan != ""
	})
	return plan
}

func withoutIntents(t *testing.T, r *row) {
	s := newSite(t, r)
	s.share()
	s.do("device", "enroll", "--all")
	s.do("apply", "--yes")
	before := map[string]int{"leaf1": s.sets("leaf1"), "leaf2": s.sets("leaf2")}
	s.run("loads", "--roles", "loader")
	s.run("writes", "--roles", "monitor,reconciler,scheduler,notifier", "--intents", s.dir+"/nowhere")
	begun := time.Now()
	s.want("change", "{labels: {role: leaf}}", "from-afar")
	plan := s.requested()
	s.do("plan", "approve", plan)
	s.until("the run has ended", func() bool { return len(s.events(event.TypeApplyCompleted)) >= 2 })
	r.Normal = time.Since(begun)
	s.judge("from-afar", map[string]int{"leaf1": 1, "leaf2": 1}, before)
	s.ends(2)
	r.Note = "from the file's change to both devices"
	s.finish()
}
