package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/source"
)

// againstFlags say what a plan is compared with instead of with the devices.
type againstFlags struct {
	ref      string
	observed bool
}

func (f *againstFlags) add(cmd *cobra.Command) {
	cmd.Flags().Var((*refFlag)(&f.ref), "against", "what the change since this git ref would do, for a pull request; without store, server and devices")
	cmd.Flags().BoolVar(&f.observed, "observed", false, "with --against: read the devices that the change concerns")
}

// A refFlag is a git ref. One that is empty is refused: it comes from a variable that a job does not have, and the command would plan
// something else.
type refFlag string

// String is the ref.
func (r *refFlag) String() string { return string(*r) }

// Type is how usage names the value.
func (r *refFlag) Type() string { return "REF" }

// Set takes the ref in.
func (r *refFlag) Set(ref string) error {
	if strings.TrimSpace(ref) == "" {
		return errors.New("it names no git ref; is a variable of the job empty?")
	}
	*r = refFlag(ref)
	return nil
}

// planAgainst prints the plan of a change, and returns it. Nothing of it comes into force.
func planAgainst(cmd *cobra.Command, s Streams, f planFlags, against againstFlags) (r app.PlanReply, err error) {
	for _, name := range []string{"out", "raw"} {
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed {
			return r, hint(fmt.Errorf("--%s and --against do not go together: a change is planned to be applied once it is merged", name), "tenter plan --%s, without --against", name)
		}
	}
	set, log, err := load(cmd, true)
	if err != nil {
		return r, err
	}
	if app.FromGit(set) {
		return r, hint(errors.New("the intents are those of git.url, where no change is under way"), "in a clone: tenter plan --against %s --intents DIR", against.ref)
	}
	req := f.request()
	reply, err := app.PlanAgainst(cmd.Context(), set, log, app.AgainstRequest{Ref: against.ref, Devices: req.Devices, Labels: req.Labels, Observed: against.observed})
	switch {
	case errors.Is(err, source.ErrNoWorkTree):
		return r, hint(err, "git init, or --intents DIR with a directory in a git work tree")
	case err != nil:
		return r, aboutIntents(err, set, "git fetch, so that %s is there; in CI, check out with all history", against.ref)
	}
	if err := printPlan(s.Out, reply.PlanReply, output(cmd)); err != nil {
		return r, err
	}
	how := "where this work tree and it parted"
	if !reply.Exact {
		how = "itself: the history here does not go back to where they parted"
	}
	with := "what the intents said there"
	if against.observed {
		with = "what the devices have"
	}
	fmt.Fprintf(s.Err, "\ncompared with %s: %s, commit %.8s, %s\n", with, against.ref, reply.Base, how)
	if len(reply.Unreachable) > 0 {
		fmt.Fprintf(s.Err, "%s could not be read\nnext:  mend that, or plan without --observed\n", deviceList(reply.Unreachable))
	}
	return reply.PlanReply, nil
}
