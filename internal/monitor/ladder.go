package monitor

import (
	"time"

	"github.com/tenter-net/tenter/internal/profile"
)

// The waits between attempts to watch by a better rung, doubled from the first to the last, with jitter. While a rung is tried
// nothing streams, for as long as the profile's syncTimeout at most: a few times a day is what a device that stays slow costs.
const (
	firstClimb = 10 * time.Minute
	lastClimb  = 4 * time.Hour
	// probation is how long after it was climbed to a rung is audited as one that need not tell everything: it was left for a
	// reason, and that it tells of changes only changes can show.
	probation = time.Hour
)

// A ladder is where a device stands on the ladder of rungs by which it is watched, and when a better one is tried again. It is
// kept from one session to the next.
type ladder struct {
	first profile.Stage // the rung to begin at, empty for the profile's
	stage profile.Stage // the rung that it stands on, or that is tried
	why   string        // why it is not the profile's first
	// refused holds the rungs that the device said it does not have. They are not tried again before it is another one, or has
	// other software.
	refused map[profile.Stage]bool

	home  profile.Stage // while a better rung is tried, the one that carried; else empty
	tries int           // which of the better rungs is next
	wait  time.Duration // before the next attempt, without jitter
	next  time.Time     // when that is, zero for never
	risen time.Time     // when an attempt succeeded last
}

// entered takes in that a watch enters a rung. It reports whether what was tried is to be given up for the rung that carried.
func (l *ladder) entered(h heard, top profile.Stage) (back bool) {
	if h.reason == "" { // the first rung of a watch
		l.stage = h.stage
		return false
	}
	if h.refused {
		l.refuse(l.stage)
	}
	l.why = h.reason
	if l.home != "" {
		l.giveUp(top)
		return h.stage != l.stage
	}
	l.stand(h.stage, top)
	return false
}

func (l *ladder) refuse(s profile.Stage) {
	if l.refused == nil {
		l.refused = map[profile.Stage]bool{}
	}
	l.refused[s] = true
}

// fell takes in that a rung, which had come as far as a snapshot, does not carry.
func (l *ladder) fell(why string, top profile.Stage) {
	l.why = why
	l.stand(l.stage.Next(), top)
}

// stand makes a rung the one to begin at, and sets the time of the next attempt.
func (l *ladder) stand(s, top profile.Stage) {
	l.first, l.stage = s, s
	if !l.risen.IsZero() && time.Since(l.risen) > lastClimb {
		l.wait = 0 // the better rung carried for long: this is another trouble
	}
	l.risen = time.Time{}
	l.plan(top)
}

func (l *ladder) plan(top profile.Stage) {
	l.next = time.Time{}
	if len(l.better(top)) > 0 {
		l.next = time.Now().Add(jitter(max(l.wait, firstClimb)))
	}
}

// better returns the rungs above the one that it stands on that may carry, best first.
func (l *ladder) better(top profile.Stage) []profile.Stage {
	var list []profile.Stage
	for s := top; s != l.stage; s = s.Next() {
		if s == s.Next() { // the profile begins below it
			return nil
		}
		if !l.refused[s] {
			list = append(list, s)
		}
	}
	return list
}

// climb makes the next watch begin at a better rung: at each in turn, so that one attempt costs one silence at most.
func (l *ladder) climb(top profile.Stage) bool {
	list := l.better(top)
	if len(list) == 0 {
		return false
	}
	l.home, l.first = l.stage, list[l.tries%len(list)]
	l.tries++
	l.wait = min(2*max(l.wait, firstClimb), lastClimb)
	return true
}

// giveUp goes back to the rung that carried, if another one was being tried.
func (l *ladder) giveUp(top profile.Stage) {
	if l.home == "" {
		return
	}
	l.first, l.stage, l.home = l.home, l.home, ""
	l.plan(top)
}

// carried takes in that the rung gave a whole snapshot.
func (l *ladder) carried(top profile.Stage) {
	if l.stage == top {
		l.why = ""
	}
	if l.home == "" {
		return
	}
	l.home, l.first, l.risen, l.tries = "", l.stage, time.Now(), 0
	if l.next = (time.Time{}); len(l.better(top)) > 0 { // it is better than it was: so may be what is above
		l.next = time.Now().Add(jitter(firstClimb))
	}
}

// onProbation reports whether the rung was climbed to just now.
func (l *ladder) onProbation() bool { return !l.risen.IsZero() && time.Since(l.risen) < probation }
