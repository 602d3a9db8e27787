package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tenter-net/tenter/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tenter": func() { os.Exit(cli.Run(os.Args[1:], cli.Terminal(os.Stdin, os.Stdout, os.Stderr))) },
	})
}

func TestScripts(t *testing.T) {
	runScripts(t, fabrics{scripts: "testdata", named: "testdata", root: root})
}

// TestOnce runs the scripts that bring a fabric of their own, or are about what Tenter itself does and decides, whatever
// its devices speak: they are not run with other dialects.
func TestOnce(t *testing.T) {
	runScripts(t, fabrics{scripts: filepath.Join("testdata", "once"), named: "testdata", root: root})
}

// fabrics are the scripts of one run and where their fabrics are: the example's intents and lab below root, others by
// their names below named.
type fabrics struct{ scripts, named, root string }

func runScripts(t *testing.T, f fabrics) {
	testscript.Run(t, testscript.Params{
		Dir:                 f.scripts,
		RequireExplicitExec: true,
		Setup:               f.setup,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"until":    until,
			"redis":    redisVerb,
			"receiver": receiverVerb,
			"absent":   absent,
			"lab":      labVerb,
			"fabric":   f.verb,
			"end":      endVerb,
			"signal":   signalVerb,
			"capture":  captureVerb,
			"exits":    exitsVerb,
			"edit":     editVerb,
			"tamper":   tamperVerb,
			"caused":   causedVerb,
			"free":     freeVerb,
			"fetch":    fetchVerb,
			"queries":  queriesVerb,
			"traces":   tracesVerb,
			"apart":    apartVerb,
			"paused":   pausedVerb,
			"webhook":  webhookVerb,
		},
	})
}
