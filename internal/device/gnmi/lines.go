package gnmi

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

// Command lines are configuration like any other on a device that has them besides its models: they go as text in the same
// Set, and are read with a show command (gNMI mixed schema specification §3). No device streams them.

// apart returns the paths of models and those of command lines.
func apart(paths []path.Path) (models, lines []path.Path) {
	for _, p := range paths {
		if p.Origin == blocks.Origin {
			lines = append(lines, p)
		} else {
			models = append(models, p)
		}
	}
	return models, lines
}

// running shows the configuration as text.
func (s *Session) running(ctx context.Context) (string, error) {
	ctx, cancel, err := s.unary(ctx)
	if err != nil {
		return "", err
	}
	defer cancel()
	command := s.cfg.Profile.CLI.Show
	at := &gpb.Path{Origin: s.cfg.Profile.WireOrigin(blocks.Origin), Elem: []*gpb.PathElem{{Name: command}}}
	resp, err := s.client.Get(ctx, &gpb.GetRequest{Prefix: s.prefix(), Encoding: gpb.Encoding_ASCII, Path: []*gpb.Path{at}})
	if err != nil {
		return "", s.fail("get", err)
	}
	var b strings.Builder
	for _, n := range resp.GetNotification() {
		for _, u := range n.GetUpdate() {
			b.WriteString(shown(u.GetVal()))
		}
	}
	if b.Len() == 0 {
		return "", s.failure("get", fault.Unsupported, fmt.Errorf("%q shows no text", command))
	}
	return b.String(), nil
}

// shown returns the text of a value, however the device wraps it.
func shown(v *gpb.TypedValue) string {
	for _, text := range []string{v.GetAsciiVal(), v.GetStringVal()} {
		if text != "" {
			return text
		}
	}
	for _, data := range [][]byte{v.GetJsonIetfVal(), v.GetJsonVal()} {
		var text string
		if json.Unmarshal(data, &text) == nil {
			return text
		}
	}
	return ""
}

// readLines returns the command lines at and under the prefixes.
func (s *Session) readLines(ctx context.Context, prefixes []path.Path) ([]tree.Leaf, []tree.Problem, error) {
	text, err := s.running(ctx)
	if err != nil {
		return nil, nil, err
	}
	lines, problems := blocks.Parse(text, &s.cfg.Profile.CLI.Syntax)
	leaves := slices.DeleteFunc(blocks.Leaves(s.filled(lines)), func(l tree.Leaf) bool {
		return !slices.ContainsFunc(prefixes, l.Path.HasPrefix)
	})
	return leaves, problems, nil
}

// filled returns lines without the held blocks that nothing stands in: they are there for their lines only.
func (s *Session) filled(lines []blocks.Line) []blocks.Line {
	var out []blocks.Line
	for _, l := range lines {
		if l.Lines = s.filled(l.Lines); len(l.Lines) > 0 || !s.holds(l.Text) {
			out = append(out, l)
		}
	}
	return out
}

// holds reports whether a line opens a block that is configured by path as well: its own lines come and go, never the block.
func (s *Session) holds(line string) bool {
	return slices.ContainsFunc(s.cfg.Profile.CLI.Syntax.Held, func(h blocks.Pattern) bool { return h.Matches(line) })
}

// held is holds of a path.
func (s *Session) held(p path.Path) bool {
	texts, err := blocks.Texts(p)
	return err == nil && len(texts) > 0 && s.holds(texts[len(texts)-1])
}

// commands takes the command lines out of an edit and returns what else it holds, and the commands.
func (s *Session) commands(ctx context.Context, edit tree.Edit) (models tree.Edit, out []string, err error) {
	var lines tree.Edit
	gone := map[string]bool{} // names of what goes by path, with all that is said of it by line
	for _, p := range edit.Deletes {
		if p.Origin == blocks.Origin {
			lines.Deletes = append(lines.Deletes, p)
			continue
		}
		models.Deletes = append(models.Deletes, p)
		if n := len(p.Elems); n > 0 {
			for _, k := range p.Elems[n-1].Keys {
				gone[k.Value] = true
			}
		}
	}
	for _, r := range edit.Replaces {
		if r.Path.Origin == blocks.Origin {
			lines.Replaces = append(lines.Replaces, r)
		} else {
			models.Replaces = append(models.Replaces, r)
		}
	}
	for _, l := range edit.Updates {
		if l.Path.Origin == blocks.Origin {
			lines.Updates = append(lines.Updates, l)
		} else {
			models.Updates = append(models.Updates, l)
		}
	}
	if lines.Deletes, err = s.removals(ctx, lines.Deletes, gone); err != nil {
		return models, nil, err
	}
	syntax := &s.cfg.Profile.CLI.Syntax
	have, want, err := blocks.Touched(lines, syntax)
	if err != nil {
		return models, nil, err
	}
	return models, blocks.Commands(have, want, syntax), nil
}

// removals returns the lines to remove for deletes: in the place of each held block, the lines that the device has in it;
// but the block itself where it is of something that is gone.
func (s *Session) removals(ctx context.Context, deletes []path.Path, gone map[string]bool) ([]path.Path, error) {
	var out []path.Path
	var have []tree.Leaf
	for _, p := range deletes {
		if block, ok := s.goes(p, gone); ok {
			// To enter "interface Port-Channel10" in order to remove a line of it would make the interface that the same
			// request deletes.
			out = append(out, block)
			continue
		}
		if !s.held(p) {
			out = append(out, p)
			continue
		}
		if have == nil {
			text, err := s.running(ctx)
			if err != nil {
				return nil, err
			}
			lines, _ := blocks.Parse(text, &s.cfg.Profile.CLI.Syntax)
			have = blocks.Leaves(lines)
		}
		for _, l := range have {
			line := path.Path{Origin: blocks.Origin, Elems: l.Path.Elems[:len(l.Path.Elems)-1]}
			inner := len(out) > 0 && line.HasPrefix(out[len(out)-1])
			if line.HasPrefix(p) && !s.held(line) && !inner {
				out = append(out, line)
			}
		}
	}
	return out, nil
}

// goes returns the outermost held block around a line that is of something that is gone, by its last word.
func (s *Session) goes(p path.Path, gone map[string]bool) (path.Path, bool) {
	texts, err := blocks.Texts(p)
	if err != nil {
		return path.Path{}, false
	}
	for i, opens := range texts {
		block, words := blocks.Path(texts[:i+1]...), strings.Fields(opens)
		if len(words) > 1 && gone[words[len(words)-1]] && s.held(block) {
			return block, true
		}
	}
	return path.Path{}, false
}

// lineWatch reads command lines beside a stream of the rest.
type lineWatch struct {
	s     *Session
	paths []path.Path // none where nothing is to be read

	mu     sync.Mutex // of emit: two goroutines have something to say
	emit   func(tree.Update) error
	done   sync.WaitGroup
	failed func(error) // ends the stream
}

// say hands an update on, one at a time.
func (l *lineWatch) say(u tree.Update) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.emit(u)
}

// read tells what lines there are: all of them are gone but for what was read.
func (l *lineWatch) read(ctx context.Context) error {
	if len(l.paths) == 0 {
		return nil
	}
	leaves, problems, err := l.s.readLines(ctx, l.paths)
	if err != nil {
		return err
	}
	return l.say(tree.Update{Deletes: l.paths, Leaves: leaves, Problems: problems})
}

// follow reads again and again until ctx ends.
func (l *lineWatch) follow(ctx context.Context) {
	if len(l.paths) == 0 {
		return
	}
	l.done.Go(func() {
		again := time.NewTicker(l.s.cfg.Profile.Watch.PollInterval)
		defer again.Stop()
		for {
			select {
			case <-again.C:
			case <-ctx.Done():
				return
			}
			if err := l.read(ctx); err != nil {
				l.failed(&lineFailure{err})
				return
			}
		}
	})
}

// A lineFailure ends a stream that was sound: its command lines cannot be told any more.
type lineFailure struct{ err error }

// Error returns the reason.
func (f *lineFailure) Error() string { return f.err.Error() }
