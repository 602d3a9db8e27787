package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxLine is longer than any line with a head.
const maxLine = 4096

// Append adds the head to the file as a line of JSON, and makes the file if there is none. It returns when the line is on the
// disk. A line that a power cut left by half is ended first, and passed over by Read. It reports false, and adds nothing,
// when the file ends with a head of that very event.
func Append(file string, h Head) (added bool, err error) {
	line, err := json.Marshal(h)
	if err != nil {
		return false, fmt.Errorf("audit heads: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return false, fmt.Errorf("audit heads: %w", err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return false, fmt.Errorf("audit heads: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	last, whole, err := lastLine(f)
	if err != nil {
		return false, fmt.Errorf("audit heads %s: %w", file, err)
	}
	if before, err := ParseHead(last); err == nil && before.Seq == h.Seq && before.Hash == h.Hash && before.Key == h.Key {
		return false, nil
	}
	if !whole {
		line = append([]byte("\n"), line...)
	}
	if _, err := f.Write(append(line, '\n')); err != nil { // at once: others may append, too
		return false, fmt.Errorf("audit heads %s: %w", file, err)
	}
	return true, f.Sync()
}

// lastLine returns the last line of the file, and whether it has its end.
func lastLine(f *os.File) (line []byte, whole bool, err error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return nil, true, err
	}
	tail := make([]byte, min(info.Size(), 2*maxLine))
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil {
		return nil, false, err
	}
	rest, whole := bytes.CutSuffix(tail, []byte("\n"))
	return rest[bytes.LastIndexByte(rest, '\n')+1:], whole, nil
}

// Read calls each with every head of the fabric in the file, in the order in which they were added, after it has proven that one of
// the keys signed it. A file that is not there is fs.ErrNotExist.
func Read(file string, keys []PublicKey, fabric string, each func(line int, h Head)) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("audit heads: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	lines := bufio.NewReaderSize(f, maxLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(bytes.TrimSpace(line)) == 0:
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("audit heads %s:%d: the line is longer than any with a head", file, n)
		case err != nil && !errors.Is(err, io.EOF):
			return fmt.Errorf("audit heads %s: %w", file, err)
		}
		h, bad := ParseHead(line)
		switch {
		case bad != nil && cutOff(line):
			continue
		case bad == nil && h.Fabric != fabric:
			bad = fmt.Errorf("it is of the fabric %q, and the log is of %q", h.Fabric, fabric)
		case bad == nil:
			bad = h.Check(keys)
		}
		if bad != nil {
			return fmt.Errorf("audit heads %s:%d: %w", file, n, bad)
		}
		each(n, h)
	}
}

// cutOff reports whether the line is one that was only begun to be written: it says nothing, as it is no signed head.
func cutOff(line []byte) bool {
	var rest json.RawMessage
	err := json.Unmarshal(line, &rest)
	var syntax *json.SyntaxError
	return errors.As(err, &syntax) && syntax.Offset >= int64(len(bytes.TrimSpace(line))) && bytes.HasPrefix(line, []byte("{"))
}
