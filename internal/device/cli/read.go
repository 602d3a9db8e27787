package cli

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/poll"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// Read returns the lines at and under the prefixes, all of them if there are none, with what the device hides as its
// default. What is not there is no error. The problems are what is shown and cannot be taken. A configuration that lacks
// the lines of a part that does not run is an error, not a reading.
func (s *Session) Read(ctx context.Context, prefixes []path.Path) (*tree.Tree, []tree.Problem, error) {
	var out *tree.Tree
	var problems []tree.Problem
	err := s.do(ctx, "read", func(ctx context.Context, t *terminal) error {
		lines, found, err := s.lines(ctx, t)
		if err != nil {
			return err
		}
		problems = found
		b := tree.NewBuilder(s.cfg.Table)
		for _, l := range blocks.Leaves(lines) {
			if len(prefixes) > 0 && !slices.ContainsFunc(prefixes, l.Path.HasPrefix) {
				continue
			}
			if err := b.Set(l); err != nil {
				problems = append(problems, tree.Problem{Path: l.Path.String(), Reason: err.Error()})
			}
		}
		out = b.Build()
		return nil
	})
	return out, problems, err
}

// lines shows the running configuration.
func (s *Session) lines(ctx context.Context, t *terminal) ([]blocks.Line, []tree.Problem, error) {
	p := &s.cfg.Profile.CLI
	text, err := s.show(ctx, t, p.Show)
	if err != nil {
		return nil, nil, err
	}
	parts := make([]string, len(p.Parts))
	for i, part := range p.Parts {
		if parts[i], err = s.show(ctx, t, part.Show); err != nil {
			return nil, nil, err
		}
	}
	if p.Alive.Command != "" {
		// Asked afterwards: the shell learns only by asking it for something that a part is gone.
		said, err := t.command(ctx, p.Alive.Command)
		if err != nil {
			return nil, nil, err
		}
		for _, w := range p.Alive.Words {
			if !slices.Contains(strings.Fields(said), w) {
				return nil, nil, &kindError{fault.Degraded, fmt.Errorf("%s does not run, so the configuration lacks its lines", w)}
			}
		}
	}
	lines, problems := blocks.Parse(text, &p.Syntax)
	for i, part := range p.Parts {
		own, _ := blocks.Parse(parts[i], &p.Syntax) // its problems are among those of the whole
		lines = blocks.Common(lines, own, part.Lines)
	}
	return lines, problems, nil
}

// show returns a configuration that is whole.
func (s *Session) show(ctx context.Context, t *terminal, command string) (string, error) {
	text, err := t.command(ctx, command)
	if err != nil {
		return "", err
	}
	if whole := string(s.cfg.Profile.CLI.Complete); whole != "" {
		if re, err := regexp.Compile(whole); err != nil || !re.MatchString(text) {
			return "", refused("%s shows no whole configuration: %q", command, s.excerpt(text))
		}
	}
	return text, nil
}

// excerpt shortens what a device shows for an error's text, without lines that are never read, as secrets are.
func (s *Session) excerpt(text string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !s.cfg.Profile.CLI.Syntax.Unread(strings.TrimSpace(line)) {
			kept.WriteString(line)
		}
	}
	return shorten(kept.String())
}

func shorten(text string) string {
	const most = 200
	text = strings.TrimSpace(text)
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + " …"
	}
	return text
}

// Watch reads again and again, at the profile's interval, until ctx ends or a reading fails; the error is never nil. The
// rung first is not asked for: there is none but polling. Each reading is one update: all of it is gone but for what was
// read; after the first one comes an update with Sync set. An error of emit ends the watch.
func (s *Session) Watch(ctx context.Context, _ profile.Stage, opts profile.WatchOptions, emit func(tree.Update) error) error {
	if opts.OnStage != nil {
		opts.OnStage(profile.Rung{Stage: profile.StagePoll})
	}
	everything := opts.Paths
	if len(everything) == 0 {
		everything = []path.Path{{Origin: blocks.Origin}}
	}
	return poll.Watch{Every: s.cfg.Profile.Watch.PollInterval, Paths: everything, Read: s.Read}.Run(ctx, emit)
}
