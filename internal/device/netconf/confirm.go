package netconf

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// An opened commit waits to be confirmed.
type opened struct {
	id   string
	link *link
	list []tree.Change // what it changed
}

// persists reports whether a confirmed commit outlives its session (RFC 6241, section 8.4.5.1), so that another process can
// confirm or cancel it by its id.
func (t *transaction) persists() bool {
	return t.link.caps.has(capConfirmed11) && t.link.caps.version == "1.1" && t.opts.CommitID != ""
}

// commitXML returns the commit operation.
func (t *transaction) commitXML() (string, error) {
	if t.opts.Commit != profile.CommitOpen {
		return "<commit/>", nil
	}
	if !t.link.caps.has(capConfirmed10) && !t.link.caps.has(capConfirmed11) {
		return "", t.failure("commit", fault.Unsupported, errors.New("the device has no confirmed commit: take commitConfirmed out of its profile"))
	}
	seconds := int(math.Ceil(t.opts.Rollback.Seconds()))
	persist := ""
	if t.persists() {
		persist = "<persist>" + escape(t.opts.CommitID) + "</persist>"
	}
	return fmt.Sprintf("<commit><confirmed/><confirm-timeout>%d</confirm-timeout>%s</commit>", seconds, persist), nil
}

// byID names the commit to confirm or cancel.
func (t *transaction) byID() (string, error) {
	if t.persists() {
		return "<persist-id>" + escape(t.opts.CommitID) + "</persist-id>", nil
	}
	if !t.ours() || t.opened.link != t.link {
		return "", t.failure("commit", fault.Unsupported, errors.New("the commit was opened by another session, and the device lets nobody else confirm or cancel it: it rolls back by itself"))
	}
	return "", nil
}

// ours reports whether this very Session opened the commit.
func (t *transaction) ours() bool { return t.opened != nil && t.opened.id == t.opts.CommitID }

// confirm keeps what was committed, and makes sure that it is still there where this session knows what that is.
func (t *transaction) confirm(ctx context.Context) error {
	id, err := t.byID()
	if err != nil {
		return err
	}
	if _, err := t.do(ctx, t.link, "commit", "<commit>"+id+"</commit>", true); err != nil {
		return err
	}
	if t.ours() {
		t.list, t.opened = t.opened.list, nil
	}
	return t.prove(ctx, running, "commit")
}

// cancel rolls the commit back, and makes sure of it where this session knows what was there before.
func (t *transaction) cancel(ctx context.Context) error {
	id, err := t.byID()
	if err != nil {
		return err
	}
	if _, err := t.do(ctx, t.link, "cancel-commit", "<cancel-commit>"+id+"</cancel-commit>", true); err != nil {
		return err
	}
	if t.ours() {
		for _, c := range t.opened.list {
			t.list = append(t.list, tree.Change{Path: c.Path, Before: c.After, After: c.Before})
		}
		t.opened = nil
	}
	return t.prove(ctx, running, "cancel-commit")
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}
