package monitor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenter-net/tenter/internal/profile"
)

// TestTheWaitsOfALadder is about a device that is slow on all rungs but the last, and then on none.
func TestTheWaitsOfALadder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const top = profile.StageOnChange
		var l ladder
		l.entered(heard{stage: top}, top)
		for s := top; s != profile.StagePoll; {
			s = s.Next()
			if l.entered(heard{stage: s, reason: "slow"}, top) {
				t.Fatal("nothing was tried, and it is given up")
			}
		}
		l.carried(top)
		rungs := []profile.Stage{profile.StageOnChange, profile.StageTargetDefined, profile.StageSample}
		begun, attempts := time.Now(), 0
		for want := firstClimb; time.Since(begun) < 7*24*time.Hour; want = min(2*want, lastClimb) {
			if wait := time.Until(l.next); wait < want/2 || wait > want*3/2 {
				t.Fatalf("attempt %d comes after %s, want about %s", attempts, wait, want)
			}
			time.Sleep(time.Until(l.next))
			if !l.climb(top) || l.first != rungs[attempts%3] {
				t.Fatalf("attempt %d is at %q", attempts, l.first)
			}
			attempts++
			tried := l.first
			l.entered(heard{stage: tried}, top)
			if back := l.entered(heard{stage: tried.Next(), reason: "slow"}, top); back != (tried != profile.StageSample) {
				t.Fatalf("from %s: back %t", tried, back)
			}
			if l.first != profile.StagePoll || l.stage != profile.StagePoll {
				t.Fatalf("after an attempt at %s it stands on %s", tried, l.stage)
			}
			l.carried(top)
		}
		if attempts < 7*4 || attempts > 7*13 {
			t.Errorf("%d attempts in a week", attempts)
		}
		l.tries = 0
		l.climb(top)
		l.entered(heard{stage: top}, top)
		l.carried(top)
		if l.stage != top || !l.next.IsZero() || !l.onProbation() || l.why != "" {
			t.Errorf("after it carried: %+v", l)
		}
		l.fell("silent", top) // at once: it is no better than before
		if wait := time.Until(l.next); wait < lastClimb/2 {
			t.Errorf("the next attempt comes after %s", wait)
		}
		l.tries = 0
		l.climb(top)
		l.entered(heard{stage: top}, top)
		l.carried(top)
		time.Sleep(lastClimb + time.Second)
		if l.onProbation() {
			t.Error("on probation for hours")
		}
		l.fell("silent", top)
		if wait := time.Until(l.next); wait > 2*firstClimb {
			t.Errorf("after it carried for hours, the next attempt comes after %s", wait)
		}
	})
}

// TestRungsThatADeviceDoesNotHave are left out, whenever that was learned.
func TestRungsThatADeviceDoesNotHave(t *testing.T) {
	const top = profile.StageOnChange
	var l ladder
	l.entered(heard{stage: top}, top)
	l.entered(heard{stage: profile.StageTargetDefined, reason: "Unimplemented", refused: true}, top)
	l.entered(heard{stage: profile.StageSample, reason: "slow"}, top)
	l.carried(top)
	l.climb(top)
	if l.first != profile.StageTargetDefined {
		t.Errorf("tried %s", l.first)
	}
	l.entered(heard{stage: l.first}, top)
	l.entered(heard{stage: profile.StageSample, reason: "InvalidArgument", refused: true}, top)
	l.carried(top)
	if !l.next.IsZero() || l.climb(top) || l.stage != profile.StageSample {
		t.Errorf("%+v", l)
	}
}
