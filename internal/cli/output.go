package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// The output formats.
const (
	formatText     = "text"
	formatJSON     = "json"
	formatJSONL    = "jsonl"
	formatMarkdown = "markdown"
)

// addOutput adds --output with the formats that the command knows, the first being the default.
func addOutput(cmd *cobra.Command, formats ...string) {
	cmd.Flags().StringP("output", "o", formats[0], "format: "+strings.Join(formats, ", "))
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if f := output(cmd); !slices.Contains(formats, f) {
			return hint(fmt.Errorf("--output %s: the formats of %s are %s", f, cmd.CommandPath(), strings.Join(formats, ", ")), "%s --output %s", cmd.CommandPath(), formats[0])
		}
		if check == nil {
			return nil
		}
		return check(cmd, args)
	}
}

func output(cmd *cobra.Command) string {
	f, err := cmd.Flags().GetString("output")
	if err != nil {
		return formatText
	}
	return f
}

// printJSON writes v as indented JSON. A list of nothing is an empty list: null is nothing that programs could go through.
func printJSON(w io.Writer, v any) error {
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice && list.IsNil() {
		v = []struct{}{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// A table is rows under a header, aligned when it is printed. A column whose header begins with a question mark is left
// out when all its cells are empty. On a terminal each row is one line: what does not fit is cut off at its end, or, where the header
// of the last column begins with a slash, at the front of the path in it, whose end is what tells.
type table struct{ rows [][]string }

func newTable(header ...string) *table { return &table{rows: [][]string{header}} }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) error {
	var b bytes.Buffer
	tw := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	last := len(t.rows[0]) - 1
	header, paths := strings.CutPrefix(t.rows[0][last], "/")
	for n, row := range t.rows {
		var cells []string
		for i, cell := range row {
			if n == 0 && i == last {
				cell = header
			}
			if t.wanted(i) {
				cells = append(cells, strings.Join(strings.Fields(strings.TrimPrefix(cell, "?")), " "))
			}
		}
		if _, err := fmt.Fprintln(tw, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	screen, column := screenOf(w), 0
	for line := range strings.Lines(b.String()) {
		line = strings.TrimRight(line, " \n")
		if column == 0 && paths {
			column = utf8.RuneCountInString(strings.TrimSuffix(line, header))
		}
		if _, err := fmt.Fprintln(w, screen.cutPath(line, column)); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) wanted(column int) bool {
	if !strings.HasPrefix(t.rows[0][column], "?") {
		return true
	}
	return slices.ContainsFunc(t.rows[1:], func(row []string) bool { return row[column] != "" && row[column] != "-" })
}

// counted says a number of things: "1 device", "2 devices".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// age is how long ago t was, in the one unit that matters.
func age(now, t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	d := now.Sub(t)
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", max(0, d.Milliseconds()))
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

// dash stands for an empty cell.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
