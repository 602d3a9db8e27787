package policy

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/fabric"
)

// A Deletion is how much a plan deletes of one device, and how much it may without anybody's word.
type Deletion struct {
	Leaves int // that the plan deletes
	Of     int // leaves that are applied
	Bounds []fabric.DeleteBound
}

// fewDeletes is how many deleted leaves are never too large a share: of a device with forty leaves, ten percent are less
// than one small thing.
const fewDeletes = 10

// beyond says beyond which bound the deletion is, empty if it is within all of them.
func (d Deletion) beyond() string {
	if len(d.Bounds) == 0 {
		return d.past(fabric.UsualDeletes, "what goes without asking")
	}
	for _, b := range d.Bounds {
		if why := d.past(b, fmt.Sprintf("maxDeletes of Scope %s (%s:%d)", b.Source.Name, b.Source.File, b.Source.Line)); why != "" {
			return why
		}
	}
	return ""
}

func (d Deletion) past(b fabric.DeleteBound, by string) string {
	switch {
	case d.Leaves == 0:
		return ""
	case d.Leaves > b.Leaves:
		return fmt.Sprintf("it deletes %d leaves, and %s is %d", d.Leaves, by, b.Leaves)
	case d.Leaves > fewDeletes && d.Leaves*100 > b.Percent*d.Of:
		return fmt.Sprintf("it deletes %d of %d leaves, and %s is %d percent", d.Leaves, d.Of, by, b.Percent)
	}
	return ""
}

func judgeDeletion(f Facts) (Decision, bool) {
	why := f.Deletes.beyond()
	if why == "" {
		return passes("it deletes %d leaves", f.Deletes.Leaves)
	}
	return Decision{Verdict: Wait, Rule: TooManyDeletes, Reason: why + ": it waits for approval"}, true
}
