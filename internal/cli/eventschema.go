package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/suggest"
	"github.com/tenter-net/tenter/schemas"
)

func newEventsSchema(s Streams) *cobra.Command {
	var example, asyncAPI bool
	cmd := &cobra.Command{
		Use:   "schema [TYPE]",
		Short: "The types of events; the JSON Schema or an example of one",
		Long: "Without TYPE, list every type of event with the stream that it travels on. With TYPE, print the JSON Schema of its events,\n" +
			"or an example. --asyncapi prints the AsyncAPI document of all of them.",
		Example: "  tenter events schema\n  tenter events schema drift.detected --example\n  tenter events schema --asyncapi >asyncapi.json",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return typeNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case asyncAPI && (len(args) > 0 || example):
				return hint(fmt.Errorf("--asyncapi is of all types"), "tenter events schema --asyncapi")
			case asyncAPI:
				_, err := s.Out.Write(schemas.AsyncAPI())
				return err
			case len(args) == 0 && example:
				return hint(fmt.Errorf("an example of which type?"), "tenter events schema")
			case len(args) == 0:
				return printKinds(s, output(cmd))
			}
			of := schemas.EventSchema
			if example {
				of = schemas.EventExample
			}
			text, ok := of(args[0])
			if !ok {
				err := fmt.Errorf("event type %q: there is none", args[0])
				if near := suggest.Nearest(args[0], typeNames()); near != "" {
					err = fmt.Errorf("%w; did you mean %s?", err, near)
				}
				return hint(err, "tenter events schema")
			}
			_, err := s.Out.Write(text)
			return err
		},
	}
	cmd.Flags().BoolVar(&example, "example", false, "an event of the type instead of its schema")
	cmd.Flags().BoolVar(&asyncAPI, "asyncapi", false, "the AsyncAPI document of all types")
	cmd.MarkFlagsMutuallyExclusive("example", "asyncapi")
	addOutput(cmd, formatText, formatJSON)
	return cmd
}

func typeNames() []string {
	var names []string
	for _, t := range event.Types() {
		names = append(names, string(t))
	}
	return names
}

// A typeRow is one type as `events schema --output json` lists it.
type typeRow struct {
	Type     event.Type `json:"type"`
	Stream   string     `json:"stream"`
	Severity string     `json:"severity"`
	Summary  string     `json:"summary"`
}

func printKinds(s Streams, format string) error {
	var rows []typeRow
	t := newTable("TYPE", "STREAM", "SEVERITY", "WHAT IT TELLS")
	for _, k := range event.Kinds() {
		rows = append(rows, typeRow{k.Type, k.Stream, k.Severity, k.Summary})
		t.add(string(k.Type), k.Stream, k.Severity, k.Summary)
	}
	if format == formatJSON {
		return json.NewEncoder(s.Out).Encode(rows)
	}
	return t.print(s.Out)
}
