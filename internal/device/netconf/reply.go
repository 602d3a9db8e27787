package netconf

import (
	"errors"
	"fmt"
	"strings"
)

// An rpcError is one error of a reply (RFC 6241, section 4.3).
type rpcError struct {
	tag, path, message, appTag string
	warning                    bool
	holder                     string // of a lock: the session that has it, "" where it is not said
}

// Error returns tag, place and words, as the device has them.
func (e *rpcError) Error() string {
	text := e.tag
	if e.path != "" {
		text += " at " + e.path
	}
	if e.message != "" {
		text += ": " + e.message
	}
	if e.appTag != "" {
		text += " (" + e.appTag + ")"
	}
	return text
}

// rpcErrors are all errors of one reply.
type rpcErrors []*rpcError

// Error returns them in the device's order, ten at most.
func (es rpcErrors) Error() string {
	var texts []string
	for i, e := range es {
		if i == 10 {
			texts = append(texts, fmt.Sprintf("and %d more", len(es)-i))
			break
		}
		texts = append(texts, e.Error())
	}
	return strings.Join(texts, "; ")
}

// has returns the first error with a tag, nil for none.
func (es rpcErrors) has(tag string) *rpcError {
	for _, e := range es {
		if e.tag == tag {
			return e
		}
	}
	return nil
}

// strike takes values that must not be seen out of the device's words.
func (es rpcErrors) strike(secrets []string) {
	for _, e := range es {
		for _, s := range secrets {
			if s != "" {
				e.message = strings.ReplaceAll(e.message, s, "(secret)")
				e.path = strings.ReplaceAll(e.path, s, "(secret)")
				e.appTag = strings.ReplaceAll(e.appTag, s, "(secret)")
			}
		}
	}
}

// parseReply reads the reply to the message with that id. Whatever else it says, it failed if it has an error. The data
// is nil in a reply that has none; the warnings are errors that the device says are none, which some send in the place of ok.
// A notification, which nobody asked for, is errNotification.
func parseReply(message []byte, id string) (data *element, warnings rpcErrors, err error) {
	root, err := parse(message)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errGarbage, err)
	}
	if root.is(nsNotification, "notification") {
		return nil, nil, errNotification
	}
	if !root.is(nsBase, "rpc-reply") {
		return nil, nil, fmt.Errorf("%w: <%s> and not a reply", errGarbage, root.name.Local)
	}
	// A device that could not read the message's id has none to answer with.
	if got := root.attr("", "message-id"); got != id && (got != "" || root.child("rpc-error") == nil) {
		return nil, nil, fmt.Errorf("%w: a reply to message %q, and message %q was sent", errGarbage, got, id)
	}
	var failed rpcErrors
	said := false
	for _, k := range root.kids {
		switch {
		case k.is(nsBase, "rpc-error"):
			if e := readError(k); e.warning {
				warnings = append(warnings, e)
			} else {
				failed = append(failed, e)
			}
		case k.is(nsBase, "data"):
			data, said = k, true
		case k.is(nsBase, "ok"):
			said = true
		}
	}
	switch {
	case len(failed) > 0:
		return nil, warnings, failed
	case !said && len(warnings) == 0:
		return nil, warnings, fmt.Errorf("%w: neither ok nor data nor error", errGarbage)
	}
	return data, warnings, nil
}

var (
	errGarbage      = errors.New("the device's answer is not NETCONF")
	errNotification = errors.New("a notification in the place of an answer")
	errNoData       = errors.New("the reply has no data in it")
)

func readError(e *element) *rpcError {
	out := &rpcError{
		tag: e.word("error-tag"), path: e.word("error-path"), message: strings.Join(strings.Fields(e.word("error-message")), " "),
		appTag: e.word("error-app-tag"), warning: e.word("error-severity") == "warning",
		holder: e.child("error-info").word("session-id"),
	}
	if out.tag == "" {
		out.tag = "error"
	}
	return out
}
