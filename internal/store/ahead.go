package store

// ahead is the statement that a Do begins with, where it is known before its function runs. On PostgreSQL those of all Dos
// that wait are run in one round trip, which is most of what delivering an event costs there.
type ahead struct {
	text string
	args []any
	undo func() error // takes back what it changed
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
	changed, err := s.w.execAll(some)
	for i, n := range changed {
		some[i].taken = n
	}
	return err
}

// takeBack undoes what the requests began with, in reverse, so that each begins when its turn comes: one before them was undone,
// or did not find what it began with and looks around.
func takeBack(list []*request) error {
	for i := len(list) - 1; i >= 0; i-- {
		r := list[i]
		if r.taken > 0 {
			if err := r.ahead.undo(); err != nil {
				return err
			}
		}
		r.taken = -1
	}
	return nil
}
