package source

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// Watch calls changed whenever the directory may be different, until ctx ends; then it returns nil. It tells too
// often rather than too seldom, and at least every poll interval, for notifications get lost: over NFS, when the
// directory is a link that moves, or when the kernel's watches run out. changed is called from one goroutine and
// must not block.
func (d *Directory) Watch(ctx context.Context, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		d.log.Warn("no file system notifications: changes are found by looking only", zap.Duration("interval", d.poll), zap.Error(err))
		return d.watchPoll(ctx, changed)
	}
	defer func() { _ = w.Close() }() // nothing is lost with it
	d.addAll(w, d.dir)
	changed() // what happened before the watches stood
	ticker := time.NewTicker(d.poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			d.addAll(w, d.dir) // what appeared or was replaced meanwhile
			changed()
		case e, ok := <-w.Events:
			if !ok {
				return fmt.Errorf("intents: directory %s: the watch ended", d.dir)
			}
			if e.Op == fsnotify.Chmod || hidden(filepath.ToSlash(e.Name)) {
				continue
			}
			if e.Has(fsnotify.Create) {
				d.addAll(w, e.Name)
			}
			changed()
		case err, ok := <-w.Errors:
			if !ok {
				return fmt.Errorf("intents: directory %s: the watch ended", d.dir)
			}
			d.log.Warn("file system notification lost", zap.Error(err))
			changed()
		}
	}
}

func (d *Directory) watchPoll(ctx context.Context, changed func()) error {
	ticker := time.NewTicker(d.poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			changed()
		}
	}
}

// addAll watches a directory and those below it. What cannot be watched is found by looking.
func (d *Directory) addAll(w *fsnotify.Watcher, top string) {
	if top == d.dir { // the directory itself may be a link, those below it are not followed
		if real, err := filepath.EvalSymlinks(top); err == nil {
			top = real
		}
	}
	_ = filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil // gone again, or no directory
		}
		if name != top && hidden(filepath.ToSlash(name)) {
			return fs.SkipDir
		}
		if err := w.Add(name); err != nil {
			d.log.Debug("directory not watched", zap.String("directory", name), zap.Error(err))
		}
		return nil
	})
}
