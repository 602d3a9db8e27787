package store

import "github.com/tenter-net/tenter/internal/event"

// ahead is what a Do begins with, where it is known before its function runs: it ends the delivery before that is made when it is the
// ordinary case: owed, never tried and the first of its subject. That is one statement instead of two and a savepoint, of which it
// needs none, for it can be taken back. On PostgreSQL one statement does it for all Dos that wait, which is most of what
// delivering an event costs there.
type ahead struct {
	group string
	event event.Event
}

// ordinary are deliveries that an ahead may end, if they are the first of their subject, too.
const ordinary = "state = 'pending' AND not_before = 0 AND attempts = 0"

// takeOne and takeFirst are what an ahead begins with, for an event without a subject and with one. What must not be there is said
// with arguments, not with the columns of the row to delete: PostgreSQL would join the two, and then it reads all that waits for the
// subject, however long that queue is, instead of asking the index for what is before this one.
const (
	takeOne   = "DELETE FROM delivery WHERE grp = ? AND subject = ? AND seq = ? AND " + ordinary
	takeFirst = takeOne + " AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.grp = ? AND e.subject = ? AND e.seq < ? AND e.state <> 'dead')"
)

// take ends the delivery and returns how many there were.
func (a *ahead) take(t *transaction) (int64, error) {
	group, subject, seq := a.group, a.event.Subject, int64(a.event.Seq)
	if subject == "" {
		return t.raw(takeOne, group, subject, seq)
	}
	return t.raw(takeFirst, group, subject, seq, group, subject, seq)
}

// undo takes back what take did.
func (a *ahead) undo(w writer) error {
	_, err := w.exec("INSERT INTO delivery (grp, subject, seq, stream) VALUES (?, ?, ?, ?)",
		[]any{a.group, a.event.Subject, int64(a.event.Seq), a.event.Stream})
	return err
}

// aheadSize is how many Dos begin together.
const aheadSize = 64

// gather returns the request with those that wait behind it and begin with it, of which there are none where nothing is run ahead.
func (s *Store) gather(r *request, room int) []*request {
	list := []*request{r}
	for s.engine.aheads() && len(list) < min(room, aheadSize) {
		select {
		case next := <-s.queue:
			list = append(list, next)
		default:
			return list
		}
	}
	return list
}

// takeAhead runs what the requests begin with. An error means that the whole transaction is lost.
func (s *Store) takeAhead(list []*request) error {
	var some []*request
	for _, r := range list {
		if r.ahead != nil {
			some = append(some, r)
		}
	}
	if len(some) < 2 {
		return nil
	}
	changed, err := s.w.takeAll(some)
	for i, n := range changed {
		some[i].taken = n
	}
	return err
}

// takeBack undoes what the requests began with, in reverse, so that each begins when its turn comes: one before them was undone,
// or did not find what it began with and looks around.
func (s *Store) takeBack(list []*request) error {
	for i := len(list) - 1; i >= 0; i-- {
		r := list[i]
		if r.taken > 0 {
			if err := r.ahead.undo(s.w); err != nil {
				return err
			}
		}
		r.taken = -1
	}
	return nil
}
