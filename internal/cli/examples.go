package cli

import "github.com/spf13/cobra"

// examples are those of commands that need no more than a line or two; the others have theirs beside their explanation. A test holds
// that every command that does something has one, and that each can be typed as it is.
var examples = map[string]string{
	"tenter validate":       "  tenter validate\n  tenter validate intents --output json",
	"tenter profile ls":     "  tenter profile ls",
	"tenter plan approve":   "  tenter plan ls\n  tenter plan approve 4f1c0a9be2d7",
	"tenter plan ls":        "  tenter plan ls\n  tenter plan ls --all --at '2h ago'",
	"tenter plan reject":    "  tenter plan reject 4f1c0a9be2d7 --reason 'not during the move'",
	"tenter plan show":      "  tenter plan show 4f1c0a9be2d7\n  tenter plan show change.json --output markdown\n  tenter plan show --reverse 4f1c0a9be2d7 --out back.json",
	"tenter run abort":      "  tenter run abort run-4f1c0a9be2d7 --reason 'wrong ticket'",
	"tenter run cancel":     "  tenter run cancel run-4f1c0a9be2d7 --reason 'the hosts lost their route'",
	"tenter run confirm":    "  tenter run show run-4f1c0a9be2d7\n  tenter run confirm run-4f1c0a9be2d7",
	"tenter run locks":      "  tenter run locks",
	"tenter run ls":         "  tenter run ls\n  tenter run ls --at '2026-11-21 14:00'",
	"tenter run pause":      "  tenter run pause run-4f1c0a9be2d7 --reason 'looking at leaf2'\n  tenter run resume run-4f1c0a9be2d7",
	"tenter run resume":     "  tenter run resume run-4f1c0a9be2d7",
	"tenter run show":       "  tenter run show run-4f1c0a9be2d7 --steps",
	"tenter unfreeze":       "  tenter unfreeze --reason 'the day is over'",
	"tenter device diff":    "  tenter device diff leaf1",
	"tenter device doctor":  "  tenter device doctor leaf1",
	"tenter device forget":  "  tenter device forget leaf9 --reason 'scrapped'",
	"tenter device ls":      "  tenter device ls\n  tenter device ls --at '10m ago'",
	"tenter device owned":   "  tenter device owned leaf1",
	"tenter device release": "  tenter device release leaf1",
	"tenter drift ls":       "  tenter drift ls\n  tenter drift ls --all --output json",
	"tenter drift show":     "  tenter drift show leaf1",
	"tenter drift watch":    "  tenter drift watch\n  tenter drift watch leaf1",
	"tenter events dead":    "  tenter events dead\n  tenter events dead --group notify --matching 'connection refused'",
	"tenter events dead ls": "  tenter events dead ls --group notify",
	"tenter events groups":  "  tenter events groups",
	"tenter events rebuild": "  tenter events rebuild --check\n  tenter events rebuild --check --full",
	"tenter events tail":    "  tenter events tail --follow\n  tenter events tail --type drift --device leaf1 -n 20 --output jsonl",
	"tenter worker ls":      "  tenter worker ls",
	"tenter config explain": "  tenter config explain\n  tenter config explain store.dsn",
	"tenter demo":           "  tenter demo --once",
	"tenter schedule ls":    "  tenter schedule ls",
	"tenter schedule run":   "  tenter schedule run nightly",
	"tenter serve":          "  tenter serve --config tenter.yaml\n  tenter serve --roles monitor --state-dir /var/lib/tenter/monitor",
	"tenter token ls":       "  tenter token ls",
	"tenter token revoke":   "  tenter token revoke k3v9t2aa\n  tenter token revoke --user alice",
	"tenter version":        "  tenter version",
}

// addExamples gives cmd and those below it the examples that they do not have themselves.
func addExamples(cmd *cobra.Command) {
	if cmd.Example == "" {
		cmd.Example = examples[cmd.CommandPath()]
	}
	for _, c := range cmd.Commands() {
		addExamples(c)
	}
}
