package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// adoptFlags say what becomes of the edits.
type adoptFlags struct{ patch, shared bool }

func newDriftAdopt(s Streams) *cobra.Command {
	var f adoptFlags
	cmd := &cobra.Command{
		Use:   "adopt DEVICE [PATH...]",
		Short: "Write what was changed on a device back into the intents",
		Long: "Finds the edit of the intents after which they want what the device has: the document that says the value, else a field of\n" +
			"the device's own document that is there to differ, else a Config document of its own. Comments and order stay. The edit\n" +
			"becomes a commit on a new branch tenter/adopt-…, beside the work tree; without git, or with --patch, a patch on standard\n" +
			"output. Nothing is written to the device: once the branch is merged, the drift is none any more.",
		Example: "  tenter drift adopt leaf1\n  tenter drift adopt leaf1 '/interfaces/interface[name=Ethernet5]' --patch | git apply",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := loadSettings(cmd)
			if err != nil {
				return err
			}
			var found []event.Finding
			err = withStore(cmd, func(ctx context.Context, st *store.Store) error {
				found, err = drifted(ctx, st, args[0])
				return err
			})
			if err != nil {
				return err
			}
			a, err := app.Adopt(cmd.Context(), set, app.AdoptRequest{Device: intent.DeviceName(args[0]), Findings: found, Paths: args[1:], Shared: f.shared})
			if err != nil {
				return aboutIntents(err, set, "tenter drift show %s", args[0])
			}
			return printAdoption(s, a, f, output(cmd))
		},
	}
	cmd.Flags().BoolVar(&f.patch, "patch", false, "print a patch instead of making a commit")
	cmd.Flags().BoolVar(&f.shared, "shared", false, "edit a document that speaks for other devices too, and change these as well")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

// aboutIntents hints at validate when the intents are what is wrong, else at next.
func aboutIntents(err error, set *settings.Settings, next string, args ...any) error {
	if code(err) == app.CodeIntents {
		return hint(err, "%s", mendIntents(set))
	}
	return hint(err, next, args...)
}

// drifted returns what of a device has drifted now.
func drifted(ctx context.Context, st *store.Store, device string) ([]event.Finding, error) {
	list, err := st.Episodes(ctx, view.EpisodeQuery{Device: intent.DeviceName(device), Open: true, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, hint(fmt.Errorf("device %q: it has no open drift", device), "tenter drift ls")
	}
	for _, f := range list[0].Findings {
		if f.Class == "unreadable" {
			return nil, hint(fmt.Errorf("device %q: %s cannot be read: %s", device, f.Path, f.After), "tenter drift show %s", device)
		}
	}
	if more := list[0].Total - len(list[0].Findings); more > 0 {
		return nil, hint(fmt.Errorf("device %q: %d leaves have drifted, which is more than can be adopted one by one", device, list[0].Total),
			"tenter init --from-device %s, or put most of it back: tenter apply", device)
	}
	return list[0].Findings, nil
}

// adoptReply is what is told in JSON.
type adoptReply struct {
	Adopted []event.Finding `json:"adopted"`
	Edits   []adoptEdit     `json:"edits"`
	Others  []adoptOther    `json:"others,omitempty"`
	Refused []adoptRefusal  `json:"refused,omitempty"`
	Branch  string          `json:"branch,omitempty"`
	Commit  string          `json:"commit,omitempty"`
	Patch   string          `json:"patch,omitempty"`
}

type adoptEdit struct {
	File string `json:"file"`
	Line int    `json:"line"`
	What string `json:"what"`
}

type adoptOther struct {
	Device string `json:"device"`
	Path   string `json:"path"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

type adoptRefusal struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

func replyOf(a *app.Adoption) adoptReply {
	r := adoptReply{Adopted: []event.Finding{}, Edits: []adoptEdit{}, Patch: a.Patch}
	for _, f := range a.Adopted {
		r.Adopted = append(r.Adopted, event.Finding{Path: f.Path, Before: f.Before, After: f.After})
	}
	for _, e := range a.Edits {
		r.Edits = append(r.Edits, adoptEdit(e))
	}
	for _, o := range a.Others {
		r.Others = append(r.Others, adoptOther{string(o.Device), o.Path, o.Before, o.After})
	}
	for _, f := range a.Refused {
		r.Refused = append(r.Refused, adoptRefusal(f))
	}
	return r
}

func printAdoption(s Streams, a *app.Adoption, f adoptFlags, format string) error {
	r := replyOf(a)
	patch := f.patch || !a.InGit()
	if len(r.Edits) > 0 && !patch {
		var err error
		r.Branch, r.Commit, err = a.Commit(time.Now())
		var dirty *app.DirtyError
		if errors.As(err, &dirty) {
			return hint(err, "commit or stash it first, or take a patch: tenter drift adopt --patch")
		}
		if err != nil {
			return hint(err, "take a patch instead: tenter drift adopt --patch")
		}
	}
	if format == formatJSON {
		if err := printJSON(s.Out, r); err != nil {
			return err
		}
		return adoptExit(r)
	}
	tell := s.Out
	if patch { // which is the data
		tell = s.Err
		if _, err := io.WriteString(s.Out, r.Patch); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(tell, r.text()); err != nil {
		return err
	}
	switch {
	case r.Branch != "":
		fmt.Fprintf(s.Err, "\nnext:  git -C %s show %s, then: git -C %s push origin %s\n       once it is merged, the drift is none any more; nothing is written to the device\n", a.Top(), r.Branch, a.Top(), r.Branch)
	case len(r.Edits) > 0:
		fmt.Fprintf(s.Err, "\nnext:  save the patch, and in a clone of the intents: git apply FILE\n")
	case len(r.Refused) > 0:
		fmt.Fprintf(s.Err, "\nnext:  edit the documents that are named, or put it back: tenter plan, tenter apply\n")
	default:
		fmt.Fprintf(s.Err, "\nthe intents want already what the device has; next: tenter plan\n")
	}
	return adoptExit(r)
}

// adoptExit is 3 when some was refused, and 1 when all was.
func adoptExit(r adoptReply) error {
	switch {
	case len(r.Refused) == 0:
		return nil
	case len(r.Adopted) > 0:
		return exit(exitPartial)
	default:
		return exit(exitError)
	}
}

func (r adoptReply) text() string {
	var b strings.Builder
	for _, f := range r.Adopted {
		fmt.Fprintf(&b, "adopted  %s: %s -> %s\n", f.Path, shown(f.Before), shown(f.After))
	}
	for _, e := range r.Edits {
		fmt.Fprintf(&b, "  edit   %s:%d %s\n", e.File, e.Line, e.What)
	}
	if len(r.Others) > 0 {
		var devices []intent.DeviceName
		for _, o := range r.Others {
			if n := intent.DeviceName(o.Device); !slices.Contains(devices, n) {
				devices = append(devices, n)
			}
		}
		fmt.Fprintf(&b, "this changes %s besides, on %s:\n", strings.Replace(counted(len(r.Others), "other leaf"), "leafs", "leaves", 1), deviceList(devices))
	}
	for i, o := range r.Others {
		if i == mostOthers {
			fmt.Fprintf(&b, "  and %d more\n", len(r.Others)-mostOthers)
			break
		}
		fmt.Fprintf(&b, "  %s %s: %s -> %s\n", o.Device, o.Path, shown(o.Before), shown(o.After))
	}
	for _, f := range r.Refused {
		fmt.Fprintf(&b, "refused  %s: %s\n", f.Path, f.Why)
	}
	if r.Branch != "" {
		fmt.Fprintf(&b, "branch   %s\ncommit   %s\n", r.Branch, r.Commit)
	}
	return b.String()
}

// mostOthers is how many other leaves are printed.
const mostOthers = 30
