package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A LockedError says that another process writes in the state directory.
type LockedError struct {
	Dir    string
	Holder string // "serve, process 4711, since 2026-01-02T15:04:05Z"
}

// Error names the directory and who holds it.
func (e *LockedError) Error() string {
	return fmt.Sprintf("state directory %s is locked by tenter %s", e.Dir, e.Holder)
}

// A StateDirError is a state directory that this user may not write in. Readers need to as well: the store keeps its
// index of readers there.
type StateDirError struct {
	Dir string
	Err error
}

// Error names the directory and what the system says.
func (e *StateDirError) Error() string {
	return fmt.Sprintf("state directory %s cannot be written: %v", e.Dir, e.Err)
}

// Unwrap returns what the system says.
func (e *StateDirError) Unwrap() error { return e.Err }

// stateError returns err as a *StateDirError if dir may not be written in.
func stateError(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return &StateDirError{Dir: dir, Err: err}
	}
	return err
}

// Serving reports whether the holder is a server: then it can be asked, as soon as it listens.
func (e *LockedError) Serving() bool { return e.Holder == "" || strings.HasPrefix(e.Holder, "serve,") }

// A stateLock is the one right to write in a state directory. The kernel drops it when the process ends, however it ends.
type stateLock struct{ file *os.File }

// lockState takes the lock of dir, which it makes when it is missing, for the named operation.
func lockState(dir, operation string, now time.Time) (*stateLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, stateError(dir, fmt.Errorf("state directory: %w", err))
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, stateError(dir, fmt.Errorf("state directory: %w", err))
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	for range 3 { // somebody may only be looking who has it
		if !errors.Is(err, unix.EWOULDBLOCK) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		holder, readErr := os.ReadFile(f.Name())
		if closeErr := f.Close(); closeErr != nil || readErr != nil || !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("state directory %s: lock: %w", dir, err), readErr, closeErr)
		}
		return nil, &LockedError{Dir: dir, Holder: strings.TrimSpace(string(holder))}
	}
	note := fmt.Sprintf("%s, process %d, since %s\n", strings.TrimPrefix(operation, "tenter "), os.Getpid(), now.UTC().Format(time.RFC3339))
	if err := errors.Join(f.Truncate(0), writeAt(f, note)); err != nil {
		return nil, errors.Join(fmt.Errorf("state directory %s: lock: %w", dir, err), f.Close())
	}
	return &stateLock{file: f}, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// stateHolder says who has the state directory, empty for nobody. Looking takes nothing from anybody: a lock that many may
// share is tried, and given back.
func stateHolder(dir string) (string, error) {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("state directory: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		return "", err
	}
	text, err := os.ReadFile(f.Name())
	return strings.TrimSpace(string(text)), err
}

// release gives the lock back.
func (l *stateLock) release() error { return l.file.Close() }
