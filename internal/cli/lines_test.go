package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// A full takes some lines and then no more, but for what it is asked again after a while.
type full struct {
	bytes.Buffer
	lines, asked int
}

var errFull = errors.New("no space left on device")

func (f *full) Write(p []byte) (int, error) {
	if f.asked++; f.asked == f.lines+1 {
		return 0, errFull
	}
	return f.Buffer.Write(p)
}

// Lines that one place does not take are in the other; what it has is a beginning of them, without a gap, and the run is followed
// to its end.
func TestLinesThatCannotBeWritten(t *testing.T) {
	short, whole := &full{lines: 4}, &full{lines: 1000}
	l := &lines{to: []*lineSink{{w: short, what: "run.jsonl"}, {w: whole, what: "the output"}}}
	var out, errs bytes.Buffer
	p := newProgress(Streams{Out: &out, Err: &errs}, "run-1", "")
	stopped := false
	for _, e := range aRun(t) {
		var err error
		if stopped, err = l.before("run-1", p.event)(e); err != nil {
			t.Fatal(err)
		}
	}
	err := l.end(p, false, nil)
	if !stopped || !errors.Is(err, errFull) || !strings.Contains(err.Error(), "JSON lines are missing in run.jsonl: ") || strings.Contains(err.Error(), "the output") {
		t.Errorf("stopped %t: %v", stopped, err)
	}
	if err := l.fail(err); !errors.Is(err, errFull) {
		t.Error(err)
	}
	if got := strings.Count(short.String(), "\n"); got != 4 || !strings.HasPrefix(whole.String(), short.String()) {
		t.Errorf("%d lines:\n%s", got, short.String())
	}
	if got := strings.Count(whole.String(), "\n"); got != 12 || !strings.HasSuffix(whole.String(), `"exit_code":1}`+"\n") {
		t.Errorf("%d lines:\n%s", got, whole.String())
	}
}

// An output that takes nothing hides no failure.
func TestFailureWithoutOutput(t *testing.T) {
	var errs bytes.Buffer
	p := newProgress(Streams{Out: &full{}, Err: &errs}, "run-1", formatText)
	err := watched(t, p, aRun(t))
	if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "run-1 failed: leaf2 unreachable, spine1 failed") {
		t.Error(err)
	}
}
