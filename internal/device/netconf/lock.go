package netconf

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/device/fault"

	"go.uber.org/zap"
)

const nsMonitoring = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"

// locked does fn while nobody else may write to the datastores.
func (s *Session) locked(ctx context.Context, l *link, stores []datastore, fn func() error) (err error) {
	var held []datastore
	defer func() {
		for i := len(held) - 1; i >= 0 && !l.broken; i-- { // a connection that breaks gives its locks back
			if _, failed := s.do(ctx, l, "unlock", target("unlock", held[i]), false); failed != nil {
				s.log.Warn("a lock could not be given back: ending the session", zap.Error(failed))
				l.broken = true
			}
		}
	}()
	for _, d := range stores {
		_, err := s.do(ctx, l, "lock", target("lock", d), false)
		switch {
		case err == nil:
			held = append(held, d)
		case d == running && len(stores) > 1 && !isLocked(err) && isRefused(err):
			// Some devices lock no more than what is written to; what runs is compared before and after anyway.
			s.log.Info("the device does not lock its running configuration", zap.Error(err))
		default:
			return s.nameHolder(ctx, l, d, err)
		}
	}
	return fn()
}

// isLocked reports whether a lock was refused because somebody else holds one, or has changed the candidate.
func isLocked(err error) bool {
	var said rpcErrors
	return errors.As(err, &said) && (said.has("lock-denied") != nil || said.has("in-use") != nil || said.has("resource-denied") != nil)
}

// isRefused reports whether the device does not do what it was asked, for anybody.
func isRefused(err error) bool {
	var e *fault.Error
	return errors.As(err, &e) && (e.Kind == fault.Refused || e.Kind == fault.Unsupported)
}

func target(operation string, d datastore) string {
	return fmt.Sprintf("<%s><target><%s/></target></%s>", operation, d, operation)
}

// nameHolder says who has the lock that was denied.
func (s *Session) nameHolder(ctx context.Context, l *link, d datastore, err error) error {
	var e *fault.Error
	var said rpcErrors
	if !errors.As(err, &e) || !errors.As(err, &said) {
		return err
	}
	denied := said.has("lock-denied")
	switch {
	case !isLocked(err):
		return err
	case denied == nil:
		e.Kind, e.Err = fault.Locked, fmt.Errorf("%s: %w", d, said)
		return e
	}
	switch denied.holder {
	case "":
		e.Err = fmt.Errorf("%s: the device does not say by whom: %w", d, said)
	case "0": // RFC 6241, section 7.5: no NETCONF session
		e.Err = fmt.Errorf("%s: by something that is no NETCONF session, or it holds changes that nobody committed: %w", d, said)
	default:
		e.Err = fmt.Errorf("%s: by session %s%s: %w", d, denied.holder, s.about(ctx, l, denied.holder), said)
	}
	return e
}

// about returns who a session is, where the device has that in its state (RFC 6022); nothing where it does not.
func (s *Session) about(ctx context.Context, l *link, session string) string {
	data, err := s.do(ctx, l, "get", `<get><filter type="subtree"><netconf-state xmlns="`+nsMonitoring+`"><sessions><session>`+
		`<session-id>`+session+`</session-id></session></sessions></netconf-state></filter></get>`, false)
	if err != nil {
		return ""
	}
	found := data.child("netconf-state").child("sessions").child("session")
	if found == nil || found.word("session-id") != session {
		return ""
	}
	text := " of " + found.word("username")
	if host := found.word("source-host"); host != "" {
		text += " from " + host
	}
	return strings.TrimSuffix(text, " of ")
}
