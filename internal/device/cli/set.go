package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// rounds is how often commands are sent to come to what is wanted: removing one line takes others with it that only
// reading shows, and they come back in the second round.
const rounds = 2

// Set sends the commands of one edit, stopping at the first that complains, reads the device and compares. What did not
// come out as wanted is undone, by what reading it again says. A *fault.Error tells whether the device refused, cannot have
// got anything, or may have done anything; whatever it is, only reading tells what the device has now.
func (s *Session) Set(ctx context.Context, edit tree.Edit, opts profile.SetOptions) error {
	if opts.Commit != profile.CommitPlain {
		return fmt.Errorf("device %q: set: a command line has no commit %s", s.cfg.Name, opts.Commit)
	}
	return s.do(ctx, "set", func(ctx context.Context, t *terminal) error {
		before, _, err := s.lines(ctx, t)
		if err != nil {
			return &kindError{fault.Unreachable, err} // nothing was sent yet
		}
		want, err := blocks.Apply(before, edit, &s.cfg.Profile.CLI.Syntax)
		if err != nil {
			return refused("%w", err)
		}
		want = s.cfg.Profile.CLI.Syntax.Filled(want) // what holds by default comes where the edit takes its opposite away
		failed := s.make(ctx, t, before, want)
		var said *kindError
		if failed == nil || !errors.As(failed, &said) {
			return failed
		}
		return s.undo(ctx, t, before, want, failed)
	})
}

// make sends commands until the device has what is wanted. A *kindError says that it has not and still answers.
func (s *Session) make(ctx context.Context, t *terminal, before, want []blocks.Line) error {
	syntax := &s.cfg.Profile.CLI.Syntax
	have, to := before, want
	for range rounds {
		groups := blocks.Groups(have, to, syntax)
		if len(groups) == 0 {
			break
		}
		failed := s.configure(ctx, t, groups, true)
		var said *kindError
		if failed != nil && !errors.As(failed, &said) {
			return failed
		}
		var err error
		if have, _, err = s.lines(ctx, t); err != nil {
			return errors.New(err.Error()) // something was done, and it is not known what
		}
		if failed != nil {
			return failed
		}
		// What strangers and the device itself added meanwhile is not ours to remove.
		to = blocks.Undone(want, before, have, syntax)
	}
	if left := wrong(before, want, have, syntax); len(left) > 0 {
		return refused("the device took the commands and shows something else: %s", list(left))
	}
	return nil
}

// wrong lists what the device lacks of what is wanted, and what it still has though it was to go; of a block that is
// lacking or left as a whole, only the block.
func wrong(before, want, have []blocks.Line, s *blocks.Syntax) []string {
	out := outermost(nil, "no ", blocks.Missing(have, want, s))
	gone := map[string]bool{}
	for _, texts := range blocks.Missing(want, before, s) {
		gone[quote(texts)] = true
	}
	left := blocks.Missing(want, have, s)
	left = slices.DeleteFunc(left, func(texts []string) bool { return !gone[quote(texts)] })
	return outermost(out, "still ", left)
}

func outermost(out []string, what string, lines [][]string) []string {
	named := map[string]bool{}
	for _, texts := range lines {
		named[quote(texts)] = true
		if len(texts) == 1 || !named[quote(texts[:len(texts)-1])] {
			out = append(out, what+quote(texts))
		}
	}
	return out
}

// list writes the first of many.
func list(wrong []string) string {
	const most = 5
	text := strings.Join(wrong[:min(most, len(wrong))], ", ")
	if more := len(wrong) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func quote(texts []string) string { return fmt.Sprintf("%q", strings.Join(texts, " / ")) }

// undo puts back what was there, and says in the error whether it is.
func (s *Session) undo(ctx context.Context, t *terminal, before, want []blocks.Line, reason error) error {
	syntax := &s.cfg.Profile.CLI.Syntax
	var left []string
	for range rounds {
		now, _, err := s.lines(ctx, t)
		if err != nil {
			return fmt.Errorf("%v; undoing it: %v", reason, err) // without kinds: what the device has is not known
		}
		back := blocks.Undone(before, want, now, syntax)
		groups := blocks.Groups(now, back, syntax)
		if len(groups) == 0 {
			return refused("%w; all of it is undone, as read back", reason)
		}
		if err := s.configure(ctx, t, groups, false); err != nil {
			s.log.Warn("undoing a change", zap.Error(err))
		}
		if now, _, err = s.lines(ctx, t); err != nil {
			return fmt.Errorf("%v; undoing it: %v", reason, err) // without kinds: what the device has is not known
		}
		if left = wrong(want, before, now, syntax); len(left) == 0 {
			return refused("%w; all of it is undone, as read back", reason)
		}
	}
	return refused("%w; not all of it could be undone: %s", reason, list(left))
}

// configure sends groups of commands one by one, each group from the top of the configuration. The first complaint ends
// it, or only its group. A *kindError holds the complaints.
func (s *Session) configure(ctx context.Context, t *terminal, groups [][]string, stop bool) error {
	var complaints []error
	for _, commands := range groups {
		if err := t.mode(ctx, modeConfigure); err != nil {
			return err
		}
		complaint, err := s.group(ctx, t, commands)
		if err != nil {
			return err
		}
		if complaint == nil {
			continue
		}
		// Wherever the complaint came from, the next commands must not be taken there.
		if err := t.mode(ctx, modeExec); err != nil {
			return err
		}
		if complaints = append(complaints, complaint); stop {
			break
		}
	}
	if err := t.mode(ctx, modeExec); err != nil {
		return err
	}
	if len(complaints) > 0 {
		return refused("%w", errors.Join(complaints...))
	}
	return nil
}

// group sends commands until the device complains.
func (s *Session) group(ctx context.Context, t *terminal, commands []string) (complaint, err error) {
	for _, c := range commands {
		out, err := t.command(ctx, c)
		if err != nil {
			return nil, err
		}
		if out = s.complaint(out); out != "" {
			return fmt.Errorf("%q: %s", c, out), nil
		}
	}
	return nil, nil
}

// complaint returns what of an answer is not known to be harmless.
func (s *Session) complaint(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		harmless := slices.ContainsFunc(s.cfg.Profile.CLI.Harmless, func(p blocks.Pattern) bool { return p.Matches(line) })
		if line != "" && !harmless {
			lines = append(lines, line)
		}
	}
	return shorten(strings.Join(lines, " "))
}

// Phases returns in how many parts an edit is sent: one, for every line is sent by itself anyway.
func (s *Session) Phases(context.Context, tree.Edit) (int, error) { return 1, nil }

// Save makes the running configuration the one that the device starts with, as its profile says. Where the device saves
// by itself there is nothing to do. That it was saved is what the device says: a command line cannot show it.
func (s *Session) Save(ctx context.Context) error {
	how := s.cfg.Profile.Save
	if how.Method != profile.SaveCLI {
		return nil
	}
	return s.do(ctx, "save", func(ctx context.Context, t *terminal) error {
		out, err := t.command(ctx, how.Command)
		if err != nil {
			return err
		}
		if re, err := regexp.Compile(string(s.cfg.Profile.CLI.Saved)); err != nil || !re.MatchString(out) {
			return refused("%s: %s", how.Command, s.excerpt(out))
		}
		return nil
	})
}
