package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A line is one row of the table. What was not measured is a dash.
type line struct {
	what, file string
	consumers  int // 0 where there is none
	raw, bus   string
	ratio      float64
	budget     string
	missed     bool // what was measured is beyond the budget
}

const none = "-"

// title prints the head of the table, in Markdown.
func (b *bench) title() {
	fmt.Println("| what | append-only file | consumers | raw | bus | ratio | budget |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- |")
}

// row prints one row, at once.
func (b *bench) row(l line) {
	consumers, ratio := "", ""
	if l.consumers > 0 {
		consumers = fmt.Sprint(l.consumers)
	}
	if l.ratio > 0 {
		ratio = fmt.Sprintf("%.2f", l.ratio)
	}
	if l.missed {
		l.budget += ": **not met**"
	}
	fmt.Printf("| %s | %s | %s | %s | %s | %s | %s |\n", l.what, l.file, consumers, l.raw, l.bus, ratio, l.budget)
}

// note keeps a sentence for below the table.
func (b *bench) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

// foot prints what the table was measured with and what is missing.
func (b *bench) foot(begun time.Time, load string) {
	fmt.Printf("\n%s, %d cores, load %s at the start and %s at the end, %v in all, %s. Throughputs are medians of %d rounds, raw and bus in turns, of %d events.\n",
		begun.UTC().Format(time.DateOnly), runtime.NumCPU(), load, loadNow(), time.Since(begun).Round(time.Second), runtime.Version(), b.rounds, b.events)
	ways := make([]string, len(shapes))
	for i, s := range shapes {
		ways[i] = fmt.Sprintf("%s %v", letter(i), s)
	}
	fmt.Printf("Raw is the fastest of these ways in each row: %s.\n", strings.Join(ways, "; "))
	for _, n := range b.notes {
		fmt.Println(n)
	}
}

func letter(i int) string { return string(rune('a' + i)) }

// loadNow is the machine's load in the last minute, where that is to be had.
func loadNow() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// perSecond is a throughput.
func perSecond(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }

// rate shows a throughput; 0 is one that was not measured.
func rate(f float64) string {
	switch {
	case f == 0:
		return none
	case f >= 100_000:
		return fmt.Sprintf("%.0fk/s", f/1000)
	case f >= 1000:
		return fmt.Sprintf("%d,%03d/s", int(f)/1000, int(f)%1000)
	default:
		return fmt.Sprintf("%.0f/s", f)
	}
}

// over is x/y, or 0 when one of them was not measured.
func over(x, y float64) float64 {
	if y == 0 {
		return 0
	}
	return x / y
}

// median is that of the figures measured, 0 when there is none.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// quantile is the one of a sorted list below which so many hundredths are.
func quantile(list []time.Duration, hundredths int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)*hundredths/100]
}

func millis(d time.Duration) string {
	if d == 0 {
		return none
	}
	return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
}
