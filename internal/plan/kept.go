package plan

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"time"
)

// Origin says which intents and policies a plan was made from, and for how much of the fabric.
type Origin struct {
	Generation string
	Commit     string
	Author     string // of the commit
	Subject    string // the first line of its message
	Policy     string // PolicyHash of the policy documents
	Devices    int    // how many the fabric has, 0 if that is not known
	Partial    bool   // only some of them were asked for
}

// Origin returns what the plan was made from.
func (p Plan) Origin() Origin {
	return Origin{Generation: p.Generation, Commit: p.Commit, Author: p.Author, Subject: p.Subject, Policy: p.Policy, Devices: p.FabricDevices, Partial: p.Partial}
}

// New puts the parts of devices, sorted by name, into a plan and names it. The policies are no part of the name: what somebody
// rejected is not another plan because a policy moved.
func New(cause Cause, from Origin, devices []DevicePlan) Plan {
	p := Plan{
		FormatVersion: FormatVersion, Cause: cause, Generation: from.Generation, Commit: from.Commit, Policy: from.Policy,
		Author: from.Author, Subject: from.Subject,
		Partial: from.Partial, FabricDevices: from.Devices, Devices: devices,
	}
	h := sha256.New()
	hashStrings(h, string(cause.Part))
	for _, d := range devices {
		hashStrings(h, string(d.Device), d.Digest)
	}
	p.assess()
	p.Content = hex.EncodeToString(h.Sum(nil))
	p.ID = identify(p.Content, cause)
	return p
}

// Of returns the plan for only those devices that which picks, under a name of its own.
func (p Plan) Of(which func(DevicePlan) bool) Plan {
	var devices []DevicePlan
	for _, d := range p.Devices {
		if which(d) {
			devices = append(devices, d)
		}
	}
	return New(p.Cause, p.Origin(), devices)
}

// Bound returns the plan as it may be kept outside of the store, to be used until expires, under the seal of the installation.
func (p Plan) Bound(expires time.Time, s *Secrets) (Plan, error) {
	p.Expires = expires.UTC().Truncate(time.Second)
	p.Binding = p.bind()
	var err error
	p.Seal, err = p.seal(s)
	return p, err
}

// Sealed reports whether the plan is as this installation has bound it.
func (p Plan) Sealed(s *Secrets) bool {
	want, err := p.seal(s)
	return err == nil && hmac.Equal([]byte(want), []byte(p.Seal))
}

// seal is the keyed hash of all that the plan says.
func (p Plan) seal(s *Secrets) (string, error) {
	p.Seal = ""
	text, err := p.JSON()
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, s.key)
	_, _ = mac.Write([]byte("plan\x00")) // no leaf's digest begins like it
	_, _ = mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// bind is the hash of all that the plan's name leaves open.
func (p Plan) bind() string {
	h := sha256.New()
	hashStrings(h, string(p.ID), p.Generation, p.Commit, p.Expires.Format(time.RFC3339))
	hashStrings(h, strconv.FormatBool(p.Partial), strconv.Itoa(p.FabricDevices), p.Policy)
	if p.Author != "" || p.Subject != "" {
		hashStrings(h, p.Author, p.Subject)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Again returns the plan as made once more for the same occasion, under a name of its own.
func (p Plan) Again() Plan {
	p.Cause.Attempt++
	p.ID = identify(p.Content, p.Cause)
	return p
}

func identify(content string, cause Cause) ID {
	h := sha256.New()
	hashStrings(h, content, string(cause.Trigger), cause.Ref, strconv.Itoa(cause.Attempt))
	return ID(hex.EncodeToString(h.Sum(nil))[:12])
}

// hashStrings writes each string with its length, so that no two lists of strings look alike.
func hashStrings(w io.Writer, all ...string) {
	var b []byte
	for _, s := range all {
		b = appendHashed(b, s)
	}
	_, _ = w.Write(b) // a hash takes everything
}

// appendHashed appends a string in a way that no two sequences of strings have in common.
func appendHashed[T ~string | ~[]byte](b []byte, s T) []byte {
	b = append(strconv.AppendInt(b, int64(len(s)), 10), ':')
	return append(b, s...)
}

// JSON returns the plan as indented JSON, which Parse reads back.
func (p Plan) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", p.ID, err)
	}
	return append(b, '\n'), nil
}

// Parse reads a plan's JSON form. It refuses another format version and a plan whose parts do not add up to its name, or to
// what binds them if it was kept outside of the store.
func Parse(b []byte) (Plan, error) {
	var p Plan
	if err := json.Unmarshal(b, &p); err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	if p.FormatVersion != FormatVersion {
		return Plan{}, fmt.Errorf("plan: format version %d, this build reads %d", p.FormatVersion, FormatVersion)
	}
	if q := New(p.Cause, Origin{}, p.Devices); q.ID != p.ID || q.Content != p.Content {
		return Plan{}, fmt.Errorf("plan %s: was altered: its parts make %s", p.ID, q.ID)
	}
	if p.Binding != "" && p.Binding != p.bind() || p.Binding == "" && !p.Expires.IsZero() {
		return Plan{}, fmt.Errorf("plan %s: was altered: its intents or its time are not the ones that it was made with", p.ID)
	}
	said := p.sums()
	for i := range p.Devices { // what sums up is not taken from outside
		p.Devices[i].assess()
	}
	p.assess()
	if p.Binding != "" && !reflect.DeepEqual(said, p.sums()) {
		return Plan{}, fmt.Errorf("plan %s: was altered, or made by another version: its risk is not that of its changes", p.ID)
	}
	return p, nil
}

// A sum is what is said of the risk of a device, or of all.
type sum struct {
	risk    Risk
	score   int
	reasons []RiskReason
}

// sums are the risks that the plan states, in the order of its devices and last of all.
func (p Plan) sums() []sum {
	var all []sum
	for _, d := range p.Devices {
		all = append(all, sum{d.Risk, d.Score, d.Reasons})
	}
	return append(all, sum{p.Risk, p.Score, p.Reasons})
}
