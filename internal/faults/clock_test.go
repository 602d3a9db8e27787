package faults

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// clockGettime is amd64 machine code for clock_gettime(2): the system call, and then so many seconds added to what it tells, if
// it was asked for CLOCK_REALTIME (0).
//
//	mov eax, 228; syscall; test edi, edi; jne end; add qword [rsi], SECONDS; end: ret
var clockGettime = []byte{0xb8, 228, 0, 0, 0, 0x0f, 0x05, 0x85, 0xff, 0x75, 7, 0x48, 0x81, 0x06, 0, 0, 0, 0, 0xc3}

// shiftClock makes this process's wall clock wrong, with the program unchanged: it writes another clock_gettime over the one that
// the kernel maps into every process (vdso(7)), from which Go reads the time. Time namespaces do not move the wall clock, and a Go
// program does not load what LD_PRELOAD names.
func shiftClock(by time.Duration) error {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return errors.New("clock: only on linux/amd64 the clock of one process can be moved")
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	var lo, hi int64
	for line := range strings.Lines(string(maps)) {
		if strings.HasSuffix(strings.TrimSpace(line), "[vdso]") {
			if _, err := fmt.Sscanf(line, "%x-%x", &lo, &hi); err != nil {
				return fmt.Errorf("clock: %q: %w", line, err)
			}
		}
	}
	mem, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	defer mem.Close()
	image := make([]byte, hi-lo)
	if _, err := mem.ReadAt(image, lo); err != nil {
		return fmt.Errorf("clock: read the vdso: %w", err)
	}
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return fmt.Errorf("clock: vdso: %w", err)
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return fmt.Errorf("clock: vdso: %w", err)
	}
	code := bytes.Clone(clockGettime)
	binary.LittleEndian.PutUint32(code[14:], uint32(int32(by/time.Second)))
	before := time.Now()
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" {
			if _, err := mem.WriteAt(code, lo+int64(s.Value)); err != nil {
				return fmt.Errorf("clock: write the vdso: %w", err)
			}
		}
	}
	if moved := time.Now().Round(0).Sub(before.Round(0)); (moved - by).Abs() > time.Minute {
		return fmt.Errorf("clock: it moved by %v, not by %v", moved, by)
	}
	return nil
}
