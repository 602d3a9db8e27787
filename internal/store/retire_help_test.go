package store_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"

	"github.com/tenter-net/tenter/internal/event"
)

func noEffect(context.Context, event.Tx, event.Event) error { return nil }

func cutFile(name string, less int64) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	return os.Truncate(name, info.Size()-less)
}

// edit puts other content into a compressed file.
func edit(name string, change func([]byte) []byte) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	if data, err = io.ReadAll(r); err != nil {
		return err
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(change(data)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o600)
}

// rewrite replaces the first of the words.
func rewrite(from, to string) func(string) error {
	return func(name string) error {
		return edit(name, func(data []byte) []byte { return bytes.Replace(data, []byte(from), []byte(to), 1) })
	}
}

// swapLines swaps two lines of a file; the second may be -1, and the first is left out, or one too many, and it is there twice.
func swapLines(a, b int) func(string) error {
	return func(name string) error {
		return edit(name, func(data []byte) []byte {
			lines := bytes.SplitAfter(data, []byte("\n"))
			lines = lines[:len(lines)-1]
			switch {
			case b < 0:
				lines = append(lines[:a:a], lines[a+1:]...)
			case b == len(lines):
				lines = append(lines, lines[a])
			default:
				lines[a], lines[b] = lines[b], lines[a]
			}
			return bytes.Join(lines, nil)
		})
	}
}
