package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// A cost is what a fault has cost, as the table says it.
type cost struct {
	Events   int // that the fault's world has handled
	Lost     int
	Doubled  int
	Repeated int
	Dead     int
	Normal   time.Duration // from the end of the fault, or from the injury where nothing ends it
	Note     string
}

// A row is one fault's line of the table.
type row struct {
	cost
	name, done string
	place      int  // in the list of faults
	intended   int  // dead letters that the fault is to make
	unordered  bool // the fault changes the order
	failed     bool
	took       time.Duration
}

// table gathers the rows.
var table struct {
	sync.Mutex
	rows []row
}

func (r row) report() {
	table.Lock()
	defer table.Unlock()
	table.rows = append(table.rows, r)
	if *full {
		verdict := "ok  "
		if r.failed {
			verdict = "FAIL"
		}
		fmt.Printf("%s %5.1fs  %s\n", verdict, r.took.Seconds(), r.name)
	}
}

var columns = []string{"fault", "what was done", "events", "lost", "doubled", "repeated", "dead", "normal after", "measured"}

func (r row) cells() []string {
	normal := "-"
	if r.Normal > 0 {
		normal = fmt.Sprintf("%.2f s", r.Normal.Seconds())
	}
	name := r.name
	if r.failed {
		name += " (FAILED)"
	}
	return []string{
		name, r.done, fmt.Sprint(r.Events), fmt.Sprint(r.Lost), fmt.Sprint(r.Doubled), fmt.Sprint(r.Repeated), fmt.Sprint(r.Dead), normal, r.Note,
	}
}

// sorted are the rows in the order of the list of faults, and their sum.
func sorted() ([]row, string) {
	table.Lock()
	defer table.Unlock()
	rows := slices.Clone(table.rows)
	slices.SortStableFunc(rows, func(a, b row) int { return a.place - b.place })
	var sum row
	for _, r := range rows {
		sum.Events += r.Events
		sum.Lost += r.Lost
		sum.Doubled += r.Doubled
		sum.Repeated += r.Repeated
		sum.Dead += r.Dead
	}
	return rows, fmt.Sprintf("%d faults, %d events: %d lost, %d doubled, %d calls repeated, %d dead letters",
		len(rows), sum.Events, sum.Lost, sum.Doubled, sum.Repeated, sum.Dead)
}

// printTable prints all rows, aligned.
func printTable() error {
	rows, sum := sorted()
	tw := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(columns, "\t"))
	for _, r := range rows {
		fmt.Fprintln(tw, strings.Join(r.cells(), "\t"))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Println(sum)
	return err
}

// writeTable writes all rows as Markdown between what the file has before and after its table: the words are kept.
func writeTable(file string, took time.Duration) error {
	const begin, end = "<!-- table -->\n", "<!-- end -->\n"
	name := filepath.Join("..", "..", file)
	if filepath.IsAbs(file) {
		name = file
	}
	before, after := "", ""
	old, err := os.ReadFile(name)
	if err == nil {
		if head, rest, ok := strings.Cut(string(old), begin); ok {
			_, tail, _ := strings.Cut(rest, end)
			before, after = head, tail
		}
	} else if !os.IsNotExist(err) {
		return err
	}
	rows, sum := sorted()
	var b strings.Builder
	b.WriteString(before + begin)
	fmt.Fprintf(&b, "`make faults`, %s, %s/%s, %d CPUs, %s: %s.\n\n", time.Now().UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), took.Round(time.Second), sum)
	b.WriteString("| " + strings.Join(columns, " | ") + " |\n|---|---|---:|---:|---:|---:|---:|---:|---|\n")
	for _, r := range rows {
		cells := r.cells()
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", "\\|")
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	b.WriteString(end + after)
	return os.WriteFile(name, []byte(b.String()), 0o644)
}
