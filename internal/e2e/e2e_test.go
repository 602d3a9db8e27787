package e2e

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tenter-net/tenter/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tenter": func() { os.Exit(cli.Run(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup:               setup,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"until":    until,
			"redis":    redisVerb,
			"receiver": receiverVerb,
			"absent":   absent,
			"lab":      labVerb,
			"fabric":   fabricVerb,
			"end":      endVerb,
			"capture":  captureVerb,
			"exits":    exitsVerb,
			"edit":     editVerb,
		},
	})
}
