package netconf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// Set makes one edit, through the candidate where the device has one, else in the running configuration, with what it
// writes to locked. It returns nil only when the running configuration was read and has it. A *fault.Error tells whether the
// device refused, cannot have changed anything, or may have done it; whatever it is, only reading tells what it has now.
func (s *Session) Set(ctx context.Context, edit tree.Edit, opts profile.SetOptions) error {
	if err := checkOptions(edit, opts); err != nil {
		return fmt.Errorf("device %q: set: %w", s.cfg.Name, err)
	}
	return s.use(ctx, func(l *link) error {
		s.secrets = plan.NewSecrets(nil, nil).Texts(edit)
		defer func() { s.secrets = nil }()
		t := &transaction{Session: s, link: l, opts: opts}
		switch {
		case opts.Commit == profile.CommitConfirm:
			return t.confirm(ctx)
		case opts.Commit == profile.CommitCancel:
			return t.cancel(ctx)
		case l.caps.has(capCandidate):
			return s.locked(ctx, l, []datastore{running, candidate}, func() error { return t.throughCandidate(ctx, edit) })
		case l.caps.has(capWritableRunning) && opts.Commit == profile.CommitPlain:
			return s.locked(ctx, l, []datastore{running}, func() error { return t.intoRunning(ctx, edit) })
		case l.caps.has(capWritableRunning):
			return s.failure("commit", fault.Unsupported, errors.New("without a candidate there is no confirmed commit"))
		}
		return s.failure("edit-config", fault.Unsupported, errors.New("the device has neither a candidate nor a running configuration to write to"))
	})
}

func checkOptions(edit tree.Edit, opts profile.SetOptions) error {
	switch {
	case opts.Commit == profile.CommitOpen && opts.Rollback < time.Second:
		return errors.New("a commit to be confirmed needs a rollback of a second or more")
	case (opts.Commit == profile.CommitConfirm || opts.Commit == profile.CommitCancel) && !edit.Empty():
		return fmt.Errorf("a commit %s carries no edit", opts.Commit)
	}
	return nil
}

// A transaction is one Set under way.
type transaction struct {
	*Session
	link   *link
	opts   profile.SetOptions
	before *tree.Tree
	after  *tree.Tree // what is to be there
	list   []tree.Change
}

// prepare reads what there is and returns what to send, nothing for nothing to do.
func (t *transaction) prepare(ctx context.Context, from datastore, edit tree.Edit) (string, error) {
	var err error
	if t.before, _, err = t.read(ctx, t.link, from, nil); err != nil {
		return "", err
	}
	if t.after, err = outcome(t.before, edit); err != nil {
		return "", t.failure("edit-config", fault.Refused, err)
	}
	t.list = changes(t.before, t.after)
	return t.config(t.before, t.after)
}

// config returns what to send to make a datastore that has before into one that has after.
func (t *transaction) config(before, after *tree.Tree) (string, error) {
	remove := "delete"
	if t.link.caps.version == "1.1" {
		remove = "remove"
	}
	config, err := configXML(before, after, changes(before, after), remove)
	if err != nil {
		return "", t.failure("edit-config", fault.Refused, err)
	}
	return config, nil
}

// throughCandidate edits the candidate, reads it back, and commits.
func (t *transaction) throughCandidate(ctx context.Context, edit tree.Edit) error {
	config, err := t.prepare(ctx, candidate, edit)
	if err != nil {
		return err
	}
	if err := t.alone(ctx, edit); err != nil {
		return err
	}
	if config == "" && len(t.list) == 0 {
		return nil
	}
	if err := t.commit(ctx, config); err != nil {
		var e *fault.Error
		if !errors.As(err, &e) || e.Lost() || t.link.broken {
			return err // a session that ends takes its edits along, or else the next one finds them to be this edit's
		}
		return t.discard(ctx, e)
	}
	return nil
}

// alone makes sure that the edit is all that a commit would change, since it commits everything that is in the candidate.
// What is there of this very edit, left by a session that broke on a device that does not discard then (as RFC 6241, section
// 8.3.5.2, wants), is nobody else's.
func (t *transaction) alone(ctx context.Context, edit tree.Edit) error {
	have, _, err := t.read(ctx, t.link, running, nil)
	if err != nil {
		return err
	}
	want, err := outcome(have, edit)
	if err != nil {
		return t.failure("edit-config", fault.Refused, err)
	}
	for c := range tree.Diff(want, t.after) {
		if n, ok := want.Table().Roots().Node(c.Path); ok && n.Kind() == schema.List && c.Before == "" {
			continue // the order of entries that the edit makes: it has them in order itself, and what they hold is compared
		}
		return t.failure("lock", fault.Locked, fmt.Errorf("the candidate holds changes that nobody committed, as at %s: commit or discard them on the device", c.Path))
	}
	t.list = changes(have, want)
	return nil
}

func (t *transaction) commit(ctx context.Context, config string) error {
	if config != "" {
		if err := t.editCandidate(ctx, config); err != nil {
			return err
		}
	}
	validated := false
	if t.cfg.Profile.NETCONF.Validate && (t.link.caps.has(capValidate10) || t.link.caps.has(capValidate11)) {
		validated = true
		if _, err := t.do(ctx, t.link, "validate", "<validate><source><candidate/></source></validate>", false); err != nil {
			return err
		}
	}
	if err := t.prove(ctx, candidate, "edit-config"); err != nil {
		return suspect(err, validated)
	}
	operation, err := t.commitXML()
	if err != nil {
		return err
	}
	if _, err := t.do(ctx, t.link, "commit", operation, true); err != nil {
		return err
	}
	t.opened = nil
	if t.opts.Commit == profile.CommitOpen {
		t.opened = &opened{id: t.opts.CommitID, link: t.link, list: t.list}
	}
	err = t.prove(ctx, running, "commit")
	if err != nil && t.opened != nil {
		if failed := t.cancel(ctx); failed != nil { // else the device waits, and lets nobody write until then
			t.log.Warn("a commit that failed could not be cancelled", zap.Error(failed))
		}
	}
	return suspect(err, validated)
}

func (t *transaction) editConfig(into datastore, config string) string {
	option := ""
	if t.link.caps.has(capRollbackOnError) {
		option = "<error-option>rollback-on-error</error-option>"
	}
	return fmt.Sprintf(`<edit-config><target><%s/></target>%s<config xmlns:nc="%s" xmlns:yang="%s">%s</config></edit-config>`,
		into, option, nsBase, nsYANG, config)
}

// intoRunning edits the running configuration.
func (t *transaction) intoRunning(ctx context.Context, edit tree.Edit) error {
	config, err := t.prepare(ctx, running, edit)
	if err != nil || config == "" {
		return err
	}
	if _, err := t.do(ctx, t.link, "edit-config", t.editConfig(running, config), true); err != nil {
		return err
	}
	return t.prove(ctx, running, "edit-config")
}

// prove reads a datastore and compares what was to change.
func (t *transaction) prove(ctx context.Context, in datastore, after string) error {
	have, _, err := t.read(ctx, t.link, in, nil)
	if err != nil && in == running {
		return t.failure("get-config", fault.Lost, fmt.Errorf("after %s: %w", after, err))
	}
	if err != nil {
		return err
	}
	if c, ok := undone(have, t.list); ok {
		return t.failure(after, fault.Untrue, fmt.Errorf("the %s configuration has %s at %s, and %s was sent",
			in, said(have, c), c.Path, shown(c)))
	}
	return nil
}

// suspect says what most likely is behind a candidate or a commit that does not have the edit: some devices drop what
// they were asked to validate.
func suspect(err error, validated bool) error {
	var e *fault.Error
	if validated && errors.As(err, &e) && e.Kind == fault.Untrue {
		e.Err = fmt.Errorf(`%w; if it drops its candidate when it validates it, set "netconf: {validate: false}" in its profile`, e.Err)
	}
	return err
}

// undone returns the first of the changes that a tree does not have.
func undone(have *tree.Tree, list []tree.Change) (tree.Change, bool) {
	for _, c := range list {
		l, _ := have.Get(c.Path)
		if l.Value == c.After {
			continue
		}
		// A device may leave out a leaf at its default, or show one that was removed.
		if n, ok := have.Table().Roots().Node(c.Path); ok && n.Default() != "" &&
			cmp.Or(l.Value, n.Default()) == cmp.Or(c.After, n.Default()) {
			continue
		}
		return c, true
	}
	return tree.Change{}, false
}

// said returns what a tree has in the place of a change, without a secret.
func said(have *tree.Tree, c tree.Change) string {
	l, ok := have.Get(c.Path)
	switch {
	case !ok:
		return "nothing"
	case l.Value == c.Before:
		return "the value from before"
	}
	return "another value"
}

// shown returns the value that was sent for an error, unless it is a secret.
func shown(c tree.Change) string {
	v := c.After
	if v != "" && plan.NewSecrets(nil, nil).Is(c.Path) {
		return "(secret)"
	}
	if v == "" {
		return "nothing"
	}
	return strconv.Quote(v.Text())
}

// discard takes the edit out of the candidate again after it failed, and makes sure of it.
func (t *transaction) discard(ctx context.Context, failed *fault.Error) error {
	how := []struct{ name, operation string }{
		{"discard-changes", "<discard-changes/>"},
		{"copy-config", "<copy-config><target><candidate/></target><source><running/></source></copy-config>"},
	}
	for _, h := range how {
		if _, err := t.do(ctx, t.link, h.name, h.operation, false); err != nil {
			t.log.Warn("the candidate could not be cleared", zap.Error(err))
			continue
		}
		have, _, err := t.read(ctx, t.link, candidate, nil)
		if err == nil {
			var now *tree.Tree
			if now, _, err = t.read(ctx, t.link, running, nil); err == nil && len(changes(now, have)) == 0 {
				return failed
			}
		}
		if err != nil {
			break
		}
		t.log.Warn("the device answered ok and its candidate still differs from what runs", zap.String("call", h.name))
	}
	// The session's end is the last means: RFC 6241, section 8.3.5.2.
	t.link.broken = true
	failed.Err = fmt.Errorf("%w; and the candidate still holds the edit: discard it on the device before anybody commits", failed.Err)
	return failed
}
