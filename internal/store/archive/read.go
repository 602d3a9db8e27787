package archive

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tenter-net/tenter/internal/event"
)

// Read returns the file's events when it holds exactly those of f, else an *Error. What is not proven is never returned.
func Read(f File) ([]event.Event, error) {
	list, err := read(f)
	if err != nil {
		return nil, &Error{File: f, Sound: list, Err: err}
	}
	return list, nil
}

// read returns the events that are sound, up to an error.
func read(f File) (list []event.Event, err error) {
	file, err := os.Open(f.Path())
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read only
	unzip, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("its beginning is damaged: %w", err)
	}
	lines := bufio.NewScanner(unzip)
	lines.Buffer(make([]byte, 0, 1<<16), maxLine)
	seq, hash, size := f.First, f.Base, 0
	for lines.Scan() {
		e, err := ParseLine(lines.Bytes())
		switch size += len(lines.Bytes()); {
		case err != nil && !lines.Scan() && errors.Is(lines.Err(), io.ErrUnexpectedEOF):
			return list, fmt.Errorf("it is cut off within event %d", seq)
		case err != nil:
			return list, fmt.Errorf("event %d: %w", seq, err)
		case seq > f.Last || size > MaxBytes+maxLine+512*MaxEvents:
			return list, fmt.Errorf("there is more in it than events %d to %d", f.First, f.Last)
		case e.Seq != seq:
			return list, fmt.Errorf("event %d is where event %d should be", e.Seq, seq)
		case !bytes.Equal(e.Link(hash), e.Hash):
			return list, fmt.Errorf("event %d: its hash does not follow from its content and the event before", seq)
		}
		list, hash = append(list, e), e.Hash
		seq++
	}
	err = lines.Err()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == nil && seq <= f.Last:
		return list, fmt.Errorf("it is cut off after event %d", seq-1)
	case err != nil:
		return list, fmt.Errorf("damaged after event %d: %w", seq-1, err)
	case !bytes.Equal(hash, f.Hash):
		return list, errors.New("its events are not those that were archived: another hash comes out")
	}
	return list, nil
}
