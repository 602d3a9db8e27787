package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/audit"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
)

// AuditKeyFile is where the key is that signs the log's heads.
func AuditKeyFile(s *settings.Settings) string {
	return cmp.Or(s.Audit.Key, filepath.Join(s.StateDir, "audit.key"))
}

// HeadsFile is where signed heads are added to.
func HeadsFile(s *settings.Settings) string {
	return cmp.Or(s.Audit.Export, filepath.Join(s.StateDir, "heads.jsonl"))
}

// SignHead signs the head of the log as it is now. Without an event there is none, and it returns false.
func SignHead(ctx context.Context, s *settings.Settings, st *store.Store) (audit.Head, bool, error) {
	seq, hash, err := st.Head(ctx)
	if err != nil || seq == 0 {
		return audit.Head{}, false, err
	}
	key, err := audit.OpenKey(AuditKeyFile(s))
	if err != nil {
		return audit.Head{}, false, err
	}
	return key.Sign(audit.Head{Fabric: s.Fabric, Seq: seq, Hash: hex.EncodeToString(hash), Time: time.Now()}), true, nil
}

// exporter adds a signed head to the file now and then, once before the process works and once after.
func (a *App) exporter(ctx context.Context) error {
	tick := time.NewTicker(a.set.Audit.Interval)
	defer tick.Stop()
	for {
		a.exportHead(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			a.exportHead(last)
			return nil
		}
	}
}

func (a *App) exportHead(ctx context.Context) {
	h, ok, err := SignHead(ctx, a.set, a.store)
	if err == nil && ok {
		_, err = audit.Append(HeadsFile(a.set), h)
	}
	if err != nil && ctx.Err() == nil {
		a.log.Warn("the head of the log is not signed", zap.Duration("again", a.set.Audit.Interval), zap.Error(err))
	}
}

// AuditOptions say what a log is proven against.
type AuditOptions struct {
	Heads []string // files; empty means that of the settings, if it is there
	Keys  []string // files of public keys; empty means that of the settings
}

// An AuditReport is what was proven.
type AuditReport struct {
	store.Verified
	Heads []string `json:"heads"` // the files that were read
	Error string   `json:"error,omitempty"`
}

// Audit proves the log whole, and every signed head to be in it. The error is a *store.UnsoundError when the log is not.
func Audit(ctx context.Context, s *settings.Settings, st *store.Store, opts AuditOptions) (AuditReport, error) {
	var report AuditReport
	files := opts.Heads
	if len(files) == 0 {
		if _, err := os.Stat(HeadsFile(s)); err == nil {
			files = []string{HeadsFile(s)}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return report, fmt.Errorf("audit heads: %w", err)
		}
	}
	var marks []store.Mark
	if len(files) > 0 {
		keys, err := auditKeys(s, opts.Keys)
		if err != nil {
			return report, err
		}
		for _, file := range files {
			if err := audit.Read(file, keys, s.Fabric, func(line int, h audit.Head) {
				hash, _ := hex.DecodeString(h.Hash) // ParseHead has done so
				marks = append(marks, store.Mark{
					Seq: h.Seq, Hash: hash, By: fmt.Sprintf("%s:%d, signed %s", file, line, h.Time.Format(time.RFC3339)),
				})
			}); err != nil {
				return report, err
			}
		}
		report.Heads = files
	}
	var err error
	report.Verified, err = st.VerifyLog(ctx, marks...)
	return report, err
}

func auditKeys(s *settings.Settings, files []string) ([]audit.PublicKey, error) {
	if len(files) == 0 {
		files = []string{AuditKeyFile(s)}
	}
	var keys []audit.PublicKey
	for _, file := range files {
		k, err := audit.ReadPublic(file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}
