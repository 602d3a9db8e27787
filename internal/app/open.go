// Package app puts the parts together: settings in, a running Tenter out. It only wires; what the parts do is theirs.
package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// Stable names of what went wrong, for exit codes and for clients of the socket.
const (
	CodeError   = "error"
	CodeStale   = "stale"
	CodeLocked  = "locked"
	CodeDenied  = "denied"
	CodeIntents = "intents"
)

// A CodedError is an error with one of the stable names.
type CodedError struct {
	Code string
	Err  error
}

// Error returns the text of what went wrong.
func (e *CodedError) Error() string { return e.Err.Error() }

// Unwrap returns what went wrong.
func (e *CodedError) Unwrap() error { return e.Err }

// Code names err.
func Code(err error) string {
	var coded *CodedError
	var locked *LockedError
	var intents *IntentsError
	var held *view.HeldError
	switch {
	case errors.As(err, &coded):
		return coded.Code
	case errors.As(err, &locked), errors.As(err, &held):
		return CodeLocked
	case errors.As(err, &intents):
		return CodeIntents
	default:
		return CodeError
	}
}

// NewLog returns the program's logger: standard error, at the level and in the format of the settings. A command that
// somebody waits for, other than a server, is quiet about what goes well, and leaves out the time in text.
func NewLog(s *settings.Settings, command bool) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(s.Log.Level)
	if err != nil {
		return nil, fmt.Errorf("log.level: %w", err)
	}
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.ISO8601TimeEncoder
	enc.ConsoleSeparator = "  "
	if command && level == zapcore.InfoLevel {
		level = zapcore.WarnLevel
	}
	if command && s.Log.Format == "text" {
		enc.TimeKey, enc.NameKey = "", ""
	}
	encoder := zapcore.NewJSONEncoder(enc)
	if s.Log.Format == "text" {
		enc.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(enc)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(os.Stderr), level)), nil
}

// A NoStoreError says that there is no store yet to read.
type NoStoreError struct{ Name string }

// Error names the directory or the database.
func (e *NoStoreError) Error() string {
	return fmt.Sprintf("no store in %s: nothing was planned or served with these settings yet", e.Name)
}

// ReadStore is OpenStore for those who only read: it makes no store where there is none, which is a *NoStoreError.
func ReadStore(ctx context.Context, s *settings.Settings, log *zap.Logger) (*store.Store, error) {
	return openStore(ctx, s, store.Options{Existing: true, Log: log})
}

// OpenStore opens the store that the settings name, to read it. It needs no lock.
func OpenStore(ctx context.Context, s *settings.Settings, log *zap.Logger) (*store.Store, error) {
	return openStore(ctx, s, store.Options{Log: log})
}

// openToWrite is OpenStore for an App. In a state directory that it has locked it is the only one who writes.
func (a *App) openToWrite(ctx context.Context) (*store.Store, error) {
	dir, _ := storeAt(a.set)
	return openStore(ctx, a.set, store.Options{
		Alone: dir == a.set.StateDir, Check: true, Committed: a.metrics.Committed, Traced: a.tracer != nil, Log: a.log,
	})
}

// openStore opens the store that the settings name.
func openStore(ctx context.Context, s *settings.Settings, opts store.Options) (st *store.Store, err error) {
	opts.Fabric = s.Fabric
	opts.Dir, opts.DSN = storeAt(s)
	if opts.Archive = s.Store.Archive; opts.Archive == "" {
		opts.Archive = filepath.Join(cmp.Or(opts.Dir, s.StateDir), "archive")
	}
	if opts.Worker, err = worker(s.StateDir); err != nil {
		return nil, err
	}
	name := opts.Dir
	if opts.DSN != "" {
		name = s.Store.DSN.String() // without the password
	}
	st, err = store.Open(ctx, opts)
	switch {
	case errors.Is(err, store.ErrNone):
		return nil, &NoStoreError{Name: name}
	case err != nil && opts.Dir != "":
		return nil, stateError(opts.Dir, err)
	case err != nil:
		return nil, err
	}
	return st, nil
}

// storeAt is where the store is: the directory of the embedded one, beside the lock, unless store.dsn (sqlite:///DIR) puts it
// elsewhere because several processes share it; or the URL of a PostgreSQL database.
func storeAt(s *settings.Settings) (dir, dsn string) {
	text := string(s.Store.DSN)
	if strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") { // several hosts in it are no URL to net/url
		return "", text
	}
	if u, err := url.Parse(text); err == nil && u.Path != "" {
		return u.Path, ""
	}
	return s.StateDir, ""
}

// Socket is where serve listens.
func Socket(s *settings.Settings) string {
	if s.API.Socket != "" {
		return s.API.Socket
	}
	return filepath.Join(s.StateDir, "tenter.sock")
}

// worker names the process in events and leases. A state directory has one process at a time, and the one after a crash
// takes over what was its own at once because it has the same name.
func worker(stateDir string) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	dir, err := filepath.Abs(stateDir)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(dir))
	return fmt.Sprintf("%s-%x", host, sum[:4]), nil
}
