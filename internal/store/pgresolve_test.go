package store

import "testing"

func TestWhatBecameOfALostCommit(t *testing.T) {
	const era, later = "started at noon, counted since noon", "started at noon, counted since one"
	with := unanswered{end: tip{7, []byte("mine")}, xid: "100", era: era}
	without := unanswered{xid: "100", era: era}
	for name, c := range map[string]struct {
		of   unanswered
		in   found
		want fate
	}{
		"its last event is there":                   {with, found{hash: []byte("mine"), era: era}, fateCommitted},
		"the same after a crash":                    {with, found{hash: []byte("mine"), era: later}, fateCommitted},
		"its place is empty":                        {with, found{era: era}, fateUndone},
		"its place is empty, and its id another's":  {with, found{status: "committed", era: later}, fateUndone},
		"its place is another's":                    {with, found{hash: []byte("theirs"), era: era}, fateUndone},
		"its place is archived":                     {with, found{floor: 7, era: era}, fateUnknown},
		"what is before it is archived":             {with, found{floor: 6, era: era}, fateUndone},
		"archived and not yet taken away":           {with, found{hash: []byte("mine"), floor: 9, era: era}, fateCommitted},
		"no events: committed":                      {without, found{status: "committed", era: era}, fateCommitted},
		"no events: undone":                         {without, found{status: "aborted", era: era}, fateUndone},
		"no events: still runs":                     {without, found{status: "in progress", era: era}, fateOpen},
		"no events: too long ago":                   {without, found{status: "forgotten", era: era}, fateUnknown},
		"no events: an id given again after":        {without, found{status: "committed", era: later}, fateUnknown},
		"no events: given again, and that one runs": {without, found{status: "in progress", era: later}, fateUndone},
		"no events: crashed and undone":             {without, found{status: "aborted", era: later}, fateUndone},
		"no events: crashed, not given again":       {without, found{status: "future", era: later}, fateUndone},
		"no events: nothing is known of the server": {unanswered{xid: "100"}, found{status: "committed"}, fateUnknown},
	} {
		if got := c.of.fate(c.in); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
