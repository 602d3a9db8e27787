package plan

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/intent"
)

// Text returns the plan for people: a line with its numbers, then grouped by device and by subtree, with + for what is
// added, ~ for what changes, - for what is deleted and = for what is only sent again, each with the intent that asks for
// it, and the numbers again at the end, where a long plan is read first. Devices of which there is nothing to tell are
// only named.
func (p Plan) Text() string {
	var b strings.Builder
	if p.ID == "" {
		fmt.Fprintf(&b, "Reverse: %s\n", p.headline())
	} else {
		fmt.Fprintf(&b, "Plan %s: %s\n", p.ID, p.headline())
	}
	if credit := p.credit(); credit != "" {
		fmt.Fprintf(&b, "%s\n", credit)
	}
	for _, line := range p.standing() {
		b.WriteString(line + "\n")
	}
	if len(p.Reasons) > 0 {
		fmt.Fprintf(&b, "Risk: %d of 100\n", p.Score)
	}
	for _, r := range p.Reasons[:min(len(p.Reasons), mostReasons)] {
		fmt.Fprintf(&b, "  %s\n", plain(r.String()))
	}
	if more := len(p.Reasons) - mostReasons; more > 0 {
		fmt.Fprintf(&b, "  and %s\n", plural(more, "more reason"))
	}
	var same []string
	for _, d := range p.Devices {
		if d.silent() {
			same = append(same, string(d.Device))
			continue
		}
		b.WriteByte('\n')
		d.text(&b)
	}
	if len(same) > 0 && len(same) < len(p.Devices) {
		fmt.Fprintf(&b, "\nNo changes on %s.\n", list(same))
	}
	if c := p.Counts(); p.Changes() > 0 {
		fmt.Fprintf(&b, "\nPlan: %d to add, %d to change, %d to delete on %s.\n", c.Add, c.Change, c.Delete, plural(p.devices(), "device"))
	}
	return b.String()
}

// headline is the plan in one line: its numbers, its risk and where it comes from.
func (p Plan) headline() string {
	var parts []string
	unread, refused := p.unread(), len(p.Refused())
	switch {
	case p.Changes() > 0:
		parts = append(parts, p.Counts().String()+fmt.Sprintf(" on %s", plural(p.devices(), "device")), p.Risk.String()+" risk")
	case unread+refused < max(len(p.Devices), 1):
		parts = append(parts, "no changes on "+plural(len(p.Devices)-unread-refused, "device"))
	}
	if unread > 0 {
		parts = append(parts, plural(unread, "device")+" could not be read")
	}
	if refused > 0 {
		parts = append(parts, plural(refused, "device")+" refused")
	}
	if p.Partial {
		parts = append(parts, "partial")
	}
	if p.Cause.Part == Reverse {
		parts = append(parts, "takes back plan "+p.Cause.Ref)
	}
	if p.Cause.Trigger != ByManual {
		parts = append(parts, "for "+string(p.Cause.Trigger))
	}
	if p.Commit != "" {
		parts = append(parts, "commit "+shortCommit(p.Commit))
	} else if p.Generation != "" {
		parts = append(parts, "generation "+short(p.Generation))
	}
	return strings.Join(parts, ", ")
}

// standing says what the plan tells of the fabric as a whole: in sync only if all of it was looked at, and nothing is different.
func (p Plan) standing() []string {
	switch {
	case p.InSync():
		return []string{"The fabric is in sync."}
	case p.Partial:
		return []string{fmt.Sprintf("Partial: %s asked for; this tells nothing of the other %d.", ofDevices(len(p.Devices), p.FabricDevices), p.FabricDevices-len(p.Devices))}
	}
	return nil
}

// ofDevices is "1 of 6 devices was" or "2 of 6 devices were".
func ofDevices(n, of int) string {
	if n == 1 {
		return fmt.Sprintf("1 of %s was", plural(of, "device"))
	}
	return fmt.Sprintf("%d of %s were", n, plural(of, "device"))
}

// String is the reason in a line: "shuts an interface, 3 times, on leaf1, leaf2".
func (r RiskReason) String() string {
	text := r.Text
	if r.Count > 1 {
		text += fmt.Sprintf(", %d times", r.Count)
	}
	if len(r.Devices) > 0 {
		var all []string
		for _, d := range r.Devices {
			all = append(all, string(d))
		}
		text += ", on " + list(all)
	}
	return text
}

// silent reports whether there is nothing to tell of the device.
func (d DevicePlan) silent() bool {
	return len(d.Changes) == 0 && d.Unread == "" && d.Refused == "" && d.Claims == 0 && d.Releases == 0 && len(d.Notes) == 0
}

// list names the first few of many.
func list(names []string) string {
	const most = 8
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

func (p Plan) devices() int {
	n := 0
	for _, d := range p.Devices {
		if len(d.Changes) > 0 {
			n++
		}
	}
	return n
}

func (p Plan) unread() int {
	n := 0
	for _, d := range p.Devices {
		if d.Unread != "" {
			n++
		}
	}
	return n
}

// Refused returns the devices that cannot be sent what would change on them.
func (p Plan) Refused() []intent.DeviceName {
	var names []intent.DeviceName
	for _, d := range p.Devices {
		if d.Refused != "" {
			names = append(names, d.Device)
		}
	}
	return names
}

// String returns the numbers as "+3 ~1 -2".
func (c Counts) String() string { return fmt.Sprintf("+%d ~%d -%d", c.Add, c.Change, c.Delete) }

func (d DevicePlan) text(b *strings.Builder) {
	switch {
	case d.Unread != "":
		fmt.Fprintf(b, "%s  could not be read: %s\n", d.Device, d.Unread)
	case d.Refused != "":
		fmt.Fprintf(b, "%s  refused, nothing of it is planned: %s\n", d.Device, d.Refused)
	case len(d.Changes) == 0:
		fmt.Fprintf(b, "%s  no changes\n", d.Device)
	case d.Phases > 1:
		fmt.Fprintf(b, "%s  %s  in %d phases, which is not all or nothing: what fails later is rolled back\n", d.Device, d.Counts(), d.Phases)
	default:
		fmt.Fprintf(b, "%s  %s\n", d.Device, d.Counts())
	}
	last := ""
	for _, ch := range d.Changes {
		if ch.Subtree != last {
			fmt.Fprintf(b, "  %s%s\n", d.mark(ch.Subtree), plain(ch.Subtree))
			last = ch.Subtree
		}
		fmt.Fprintf(b, "    %s %s", marks[ch.Action], plain(ch.rest()))
		if v := ch.values(" -> "); v != "" {
			b.WriteString("  " + v)
		}
		if ch.Source != nil {
			fmt.Fprintf(b, "  (%s)", ch.Source)
		}
		if ch.Risk > Low && ch.Action != Delete || ch.Risk == High {
			fmt.Fprintf(b, "  ! %s: %s", ch.Risk, ch.Reason)
		}
		b.WriteByte('\n')
	}
	if d.Claims > 0 {
		fmt.Fprintf(b, "  %s already as intended: taken into care\n", plural(d.Claims, "leaf"))
	}
	if d.Releases > 0 {
		fmt.Fprintf(b, "  %s gone already: let go\n", plural(d.Releases, "leaf"))
	}
	for _, n := range d.Notes {
		fmt.Fprintf(b, "  note: %s: %s\n", n.Path, n.Text)
	}
}

var marks = map[Action]string{Add: "+", Modify: "~", Delete: "-", Replace: "="}

// mark says of a subtree that it goes or is replaced as a whole.
func (d DevicePlan) mark(subtree string) string {
	for _, p := range d.Deletes {
		if p == subtree {
			return "- "
		}
	}
	return ""
}

// rest returns the path below the subtree that the change is shown under.
func (ch Change) rest() string {
	if rest, ok := strings.CutPrefix(ch.Path, ch.Subtree+"/"); ok {
		return rest
	}
	return ch.Path
}

// values shows what is there before and after.
func (ch Change) values(arrow string) string {
	before, after := quote(ch.Before), quote(ch.After)
	switch ch.Action {
	case Add:
		return after
	case Delete:
		return before
	case Modify, Replace:
	}
	return before + arrow + after
}

// quote makes a value stand on one line and shows where it begins and ends if that is not clear.
func quote(v string) string {
	if v == "" || strings.TrimSpace(v) != v || plain(v) != v {
		return strconv.Quote(v)
	}
	return v
}

// quoted shows a value that stands in a sentence.
func quoted(v string) string { return strconv.Quote(v) }

// String returns the position as "vlans/web.yaml:3".
func (s *Source) String() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// plural counts things: "1 leaf", "2 leaves".
func plural(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "f"):
		noun = strings.TrimSuffix(noun, "f") + "ves"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// shortCommit shortens a commit; files that are not as they were committed stay marked.
func shortCommit(id string) string {
	if rest, changed := strings.CutSuffix(id, "-dirty"); changed {
		return short(rest) + "-dirty"
	}
	return short(id)
}

// credit says who made the commit that the plan is of, and what for; empty if that is not known.
func (p Plan) credit() string {
	if p.Author == "" {
		return ""
	}
	return fmt.Sprintf("%q by %s", p.Subject, p.Author)
}

func short(hash string) string { return hash[:min(len(hash), 8)] }
