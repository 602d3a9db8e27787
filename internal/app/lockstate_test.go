package app

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"golang.org/x/sys/unix"
)

func TestStateError(t *testing.T) {
	for _, tt := range []struct {
		err     error
		written bool
	}{
		{fmt.Errorf("open: %w", fs.ErrPermission), false},
		{&fs.PathError{Op: "open", Path: "state/lock", Err: unix.EROFS}, false},
		{&fs.PathError{Op: "open", Path: "state/lock", Err: unix.EACCES}, false},
		{errors.New("store: made by a later version"), true},
	} {
		var state *StateDirError
		if is := errors.As(stateError("state", tt.err), &state); is == tt.written {
			t.Errorf("%v: taken for a directory that cannot be written: %v", tt.err, is)
		} else if is && (state.Dir != "state" || !errors.Is(state, tt.err)) {
			t.Errorf("%v: got %v", tt.err, state)
		}
	}
}
