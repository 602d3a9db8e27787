package reconcile

import (
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
)

// discreet returns in without the secrets that a device's words may quote. It is the one place between what a device
// says and what is recorded: the session knows secrets by the names of leaves only, not which leaves the intents mark.
func (h *hand) discreet(in run.Input) run.Input {
	switch in := in.(type) {
	case run.Gone:
		in.Err = h.strike(in.Err)
		return in
	case run.Answered:
		in.Said = h.strike(in.Said)
		return in
	case run.Stored:
		in.Err = h.strike(in.Err)
		return in
	case run.Unconfirmed:
		in.Err = h.strike(in.Err)
		return in
	case run.Seen:
		for i, text := range in.Odd {
			in.Odd[i] = h.strike(text)
		}
		return in
	}
	return in
}

// strike takes out of text what is wanted, what the device was read to have, and what a run writes or puts back.
func (h *hand) strike(text string) string {
	if text == "" || h.picture == nil { // without a picture nothing was sent
		return text
	}
	in := h.picture.input
	return in.Secrets.Strike(text, func(yield func(tree.Leaf) bool) {
		for _, t := range []*tree.Tree{in.Desired, in.Observed} {
			for l := range t.All() {
				if !yield(l) {
					return
				}
			}
		}
		for _, w := range h.writes {
			if !yield(tree.Leaf{Path: w.Path, Value: w.Before}) || !yield(tree.Leaf{Path: w.Path, Value: w.After}) {
				return
			}
		}
	})
}
