package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile"
)

// whyNot shows the walk through the table of what can stop a write to a device.
func whyNot(cmd *cobra.Command, s Streams, device intent.DeviceName) error {
	return withOperator(cmd, func(ctx context.Context, o *operator) error {
		reply, err := call(ctx, o, app.OpWhyNot, (*app.App).WhyNot, app.WhyNotRequest{Device: device})
		if err != nil {
			return o.about(err, "tenter device ls")
		}
		if output(cmd) == formatJSON {
			return printJSON(s.Out, reply)
		}
		return printWhyNot(s.Out, reply)
	})
}

func printWhyNot(w io.Writer, r reconcile.WhyNot) error {
	var b strings.Builder
	for i, walk := range r.Walks {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %s\n", walk.Occasion, walk.About)
		t := newTable("", "ROW", "SAYS", "FACT")
		after := false
		for _, step := range walk.Steps {
			mark, says := "", dash(string(step.Verdict))
			switch {
			case step.First:
				mark = "->"
			case after && step.Verdict != "":
				says = "(" + says + ")" // it is not asked any more
			}
			after = after || step.Decides
			t.add(mark, string(step.Rule), says, step.Fact)
		}
		if err := t.print(&b); err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s: %s\n", sentence(walk.Verdict), walk.Reason)
		if walk.Next != "" {
			fmt.Fprintf(&b, "next:  %s\n", walk.Next)
		}
	}
	for _, line := range append(r.Windows, r.Beside...) {
		fmt.Fprintf(&b, "\n%s", line)
	}
	if len(r.Windows)+len(r.Beside) > 0 {
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func sentence(v policy.Verdict) string {
	switch v {
	case policy.Run:
		return "it is written"
	case policy.Later:
		return "it is written later"
	case policy.Wait:
		return "it waits for approval"
	case policy.Refuse:
	}
	return "it is not written"
}
