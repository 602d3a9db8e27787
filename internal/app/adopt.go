package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/infer/adopt"
	"github.com/tenter-net/tenter/internal/infer/edit"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/source"
	"github.com/tenter-net/tenter/internal/tree"
)

// An AdoptRequest asks for edits of the intents after which they want what a device has.
type AdoptRequest struct {
	Device   intent.DeviceName
	Findings []event.Finding // of the device's open drift
	Paths    []string        // only what is at or under these; all of it if there are none
	Shared   bool            // also by edits that concern other devices
}

// An Adoption is what would become of the intents.
type Adoption struct {
	adopt.Result
	Patch   string // for git apply, from the top of the repository or else of the directory
	changed map[string][]byte
	work    *source.WorkTree // nil where there is none
	device  intent.DeviceName
}

// Adopt finds the edits. Nothing is written. The intents are those of the settings' directory, or what was fetched last from
// their repository.
func Adopt(ctx context.Context, set *settings.Settings, req AdoptRequest) (*Adoption, error) {
	files, work, err := filesOf(ctx, set)
	if err != nil {
		return nil, err
	}
	c, err := newCompiler(set, func(string) (string, bool) { return "secret", true }, nil)
	if err != nil {
		return nil, err
	}
	now, diags := c.compile(files, "")
	if diags.HasErrors() {
		return nil, &IntentsError{fmt.Errorf("intents %s: %s:\n%s", IntentsOf(set), "they have mistakes", strings.Join(diags.Lines(), "\n"))}
	}
	t, err := now.target(req.Device)
	if err != nil {
		return nil, err
	}
	findings, err := chosen(req, t)
	if err != nil {
		return nil, err
	}
	a := &Adoption{changed: map[string][]byte{}, work: work, device: req.Device}
	a.Result = adopt.Adopt(adopt.Request{
		Device: req.Device, Dialect: t.model.Access.Dialect, Findings: findings, Files: files, World: world{now}, Shared: req.Shared,
		Render: func(files map[string][]byte) (adopt.World, error) {
			out, diags := c.compile(files, "")
			if diags.HasErrors() {
				return nil, errors.New(diags[0].Message)
			}
			return world{out}, nil
		},
	})
	for _, name := range slices.Sorted(maps.Keys(a.Files)) {
		if old, had := files[name]; !had || string(old) != string(a.Files[name]) {
			if !had {
				old = nil
			}
			a.changed[name] = a.Files[name]
			a.Patch += edit.Diff(a.gitName(name), old, a.Files[name])
		}
	}
	return a, nil
}

// filesOf reads the documents, and the work tree that they are in.
func filesOf(ctx context.Context, set *settings.Settings) (map[string][]byte, *source.WorkTree, error) {
	if FromGit(set) {
		g, err := newRemote(set, nil, zap.NewNop()).Last(ctx)
		return g.Files, nil, err
	}
	g, err := source.NewDirectory(set.Intents, sourcePoll, zap.NewNop()).Snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	work, err := source.OpenWorkTree(set.Intents)
	if errors.Is(err, source.ErrNoWorkTree) {
		return g.Files, nil, nil
	}
	return g.Files, work, err
}

// chosen are the findings that are asked for.
func chosen(req AdoptRequest, t *target) ([]adopt.Finding, error) {
	var out []adopt.Finding
	under := make([]path.Path, len(req.Paths))
	hits := make([]int, len(req.Paths))
	for i, text := range req.Paths {
		p, err := path.Parse(text)
		if err == nil {
			under[i], err = t.result.Desired.Table().Roots().Normalize(p)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, f := range req.Findings {
		p, err := path.Parse(f.Path)
		if err != nil {
			return nil, err
		}
		wanted := len(under) == 0
		for i, u := range under {
			if p.HasPrefix(u) {
				wanted = true
				hits[i]++
			}
		}
		if wanted {
			out = append(out, adopt.Finding{Path: f.Path, Before: f.Before, After: f.After, Secret: t.watch.Secrets.Is(p) || strings.HasPrefix(f.After, "(secret ")})
		}
	}
	for i, n := range hits {
		if n == 0 {
			return nil, fmt.Errorf("device %q: nothing at %s has drifted", req.Device, req.Paths[i])
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("device %q: nothing has drifted", req.Device)
	}
	return out, nil
}

// A world is what the intents come to, as package adopt sees it.
type world struct{ *Compiled }

// Leaf returns what is wanted of a leaf.
func (w world) Leaf(device intent.DeviceName, at string) (string, tree.Source, bool) {
	t, ok := w.targets[device]
	if !ok {
		return "", tree.Source{}, false
	}
	p, err := path.Parse(at)
	if err != nil {
		return "", tree.Source{}, false
	}
	l, ok := t.result.Desired.Get(p)
	return l.Value.Text(), w.Sources.Get(l.Source), ok
}

// Changes returns what is different from another state.
func (w world) Changes(from adopt.World) []adopt.Change {
	before := from.(world)
	names := slices.Collect(maps.Keys(w.targets))
	for name := range before.targets {
		if w.targets[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []adopt.Change
	for _, name := range names {
		a, b := before.targets[name], w.targets[name]
		switch {
		case a == nil || b == nil || a.result.Desired.Table() != b.result.Desired.Table():
			out = append(out, adopt.Change{Device: name, Path: "/", Before: "as it was", After: "another device"})
		case a.result != b.result:
			for ch := range tree.Diff(a.result.Desired, b.result.Desired) {
				out = append(out, adopt.Change{Device: name, Path: ch.Path.String(), Before: ch.Before.Text(), After: ch.After.Text()})
			}
		}
	}
	return out
}

// gitName is a document's name in the patch.
func (a *Adoption) gitName(name string) string {
	if a.work == nil {
		return name
	}
	return a.work.Path(name)
}

// InGit reports whether Commit can work: the intents are in a git work tree.
func (a *Adoption) InGit() bool { return a.work != nil }

// Top is the work tree's directory, empty without git.
func (a *Adoption) Top() string {
	if a.work == nil {
		return ""
	}
	return a.work.Top
}

// A DirtyError says that a document that would be edited is not as it was committed, so that a commit would carry more than the edit.
type DirtyError struct{ File string }

// Error names the document.
func (e *DirtyError) Error() string {
	return e.File + " is not as it was committed: a commit would carry more than what is adopted"
}

// Commit makes a commit of the edits on a branch of its own, and leaves work tree, index and HEAD as they are.
func (a *Adoption) Commit(now time.Time) (branch, commit string, err error) {
	for _, name := range slices.Sorted(maps.Keys(a.changed)) {
		was, err := a.work.Committed(name)
		if err != nil {
			return "", "", err
		}
		if ok := a.patched(name, was); !ok {
			return "", "", &DirtyError{a.gitName(name)}
		}
	}
	return a.work.Commit(fmt.Sprintf("tenter/adopt-%s-%s", a.device, now.UTC().Format("20060102-150405")), a.message(), a.changed, now)
}

// patched reports whether the edit of a document was made from what is committed.
func (a *Adoption) patched(name string, committed []byte) bool {
	return edit.Diff(a.gitName(name), committed, a.changed[name]) != "" && strings.Contains(a.Patch, edit.Diff(a.gitName(name), committed, a.changed[name]))
}

// message tells a reviewer what the commit is about.
func (a *Adoption) message() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: adopt what was changed on the device\n\n", a.device)
	for _, f := range a.Adopted {
		fmt.Fprintf(&b, "%s: %s -> %s\n", oneLine(f.Path), orAbsent(f.Before), orAbsent(f.After))
	}
	if len(a.Others) > 0 {
		fmt.Fprintf(&b, "\nThis changes besides:\n")
	}
	for _, c := range a.Others[:min(len(a.Others), mostOthers)] {
		fmt.Fprintf(&b, "%s: %s: %s -> %s\n", c.Device, oneLine(c.Path), orAbsent(c.Before), orAbsent(c.After))
	}
	if more := len(a.Others) - mostOthers; more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	return b.String()
}

// mostOthers is how many leaves a commit's message names.
const mostOthers = 50

func orAbsent(v string) string {
	if v == "" {
		return "(absent)"
	}
	return oneLine(v)
}

// oneLine quotes what is more than a line of text: a device's value must not write lines of its own into a commit's message, which
// may mean something there.
func oneLine(v string) string {
	if strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(v)
	}
	return v
}
