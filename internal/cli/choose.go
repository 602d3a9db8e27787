package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/plan"
)

// choosing says which plan to run, and what to do if it is stale.
type choosing struct {
	devices planFlags
	yes     bool
	reverse string // the plan or file of the run to take back
	onStale string
}

func (c *choosing) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.reverse, "reverse", "", "take back what the run of this plan wrote, on devices that still have it")
	cmd.Flags().StringVar(&c.onStale, "on-stale", string(app.StaleRefuse), "for a plan of which devices moved since it was made: refuse, or warn and leave those out")
}

// check says what is wrong with the flags.
func (c *choosing) check(args []string) error {
	var err error
	switch {
	case !slices.Contains([]string{string(app.StaleRefuse), string(app.StaleWarn)}, c.onStale):
		err = fmt.Errorf("--on-stale %s: it is refuse or warn", c.onStale)
	case c.reverse != "" && len(args) > 0:
		err = errors.New("--reverse makes a plan of its own; there is none to be named besides")
	default:
		return nil
	}
	return hint(err, "tenter apply --help")
}

// planNamed returns the name of a plan that is given by its name, or as a file.
func planNamed(ctx context.Context, arg string) (plan.ID, error) {
	if arg == "" {
		return "", nil
	}
	p, ok, err := planFile(ctx, arg)
	if ok {
		return p.ID, err
	}
	return plan.ID(arg), err
}

// showing is how a run is shown.
type showing struct {
	format string
	lines  *lines
}

// sayAfter says what a run leaves to be known: of devices that the plan was not for, and of intents that it went against.
func sayAfter(s Streams, r app.ApplyReply, format string) {
	if format != formatText {
		return
	}
	if r.Reverse {
		fmt.Fprintln(s.Err, "taken back; the intents still want it, so it is pending: tenter apply rolls it out again, and changing the intents keeps it as it is now")
	}
	if r.Partial {
		fmt.Fprintf(s.Err, "the plan was partial, for some of %s; whether the fabric is in sync: tenter plan\n", counted(r.FabricDevices, "device"))
	}
}
