package reconcile

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// toldPlan names the event that tells of a plan first, and toldRun that of a run: whatever follows from them, in whichever
// process, names its cause without a look into the log. The time is part of it, for the same plan may be made again after
// it was forgotten.
func toldPlan(p view.Plan) event.ID { return told("plan", p.ID, p.Created) }

func toldRun(r view.Run) event.ID { return told("run", r.ID, r.Created) }

func told(kind, id string, at time.Time) event.ID {
	name := kind + "/" + id + "/" + strconv.FormatInt(at.UnixNano(), 10)
	return event.ID(uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String())
}
