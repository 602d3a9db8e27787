package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/view"
)

// An EnrollRequest says which devices a person lets Tenter write to: the named ones and those that have all of the labels,
// or all if it says nothing. Replace, with a Reason, lets another device take the place of one that was enrolled before.
type EnrollRequest struct {
	Devices []intent.DeviceName
	Labels  map[string]string
	Replace bool
	Reason  string
}

// An Enrolment is how enrolling one device went.
type Enrolment struct {
	Device   intent.DeviceName `json:"device"`
	Address  string            `json:"address,omitempty"`
	Outcome  EnrollOutcome     `json:"outcome"`
	Identity view.Identity     `json:"identity,omitzero"` // as the device shows it now
	Changed  string            `json:"changed,omitempty"` // what is not as it was enrolled before
	Detail   string            `json:"detail,omitempty"`  // why it was not enrolled
}

// An EnrollOutcome is how enrolling one device ended.
type EnrollOutcome string

// The outcomes.
const (
	Enrolled    EnrollOutcome = "enrolled"    // it may be written to from now on
	Already     EnrollOutcome = "already"     // it was enrolled, and is the same
	Replaced    EnrollOutcome = "replaced"    // another device took its place
	Denied      EnrollOutcome = "denied"      // it is not the device of the intents or of the earlier enrolment
	Unreachable EnrollOutcome = "unreachable" // it could not be asked
	Stopped     EnrollOutcome = "stopped"     // somebody ended the enrolment before it was asked
)

// Enroll connects to devices, asks each what it is, and pins that in the actor's name: from then on Tenter writes to the
// device, and to no other at its address. The error is about none of the devices; their outcomes come by name.
func (e *Engine) Enroll(ctx context.Context, req EnrollRequest, actor string) ([]Enrolment, error) {
	if req.Replace && strings.TrimSpace(req.Reason) == "" {
		return nil, errors.New("replacing an enrolled device needs a reason")
	}
	g, err := e.o.Store.CurrentGeneration(ctx)
	if errors.Is(err, view.ErrNotFound) {
		return nil, errors.New("no intents were loaded yet")
	}
	if err != nil {
		return nil, err
	}
	f, err := e.o.Intents.Fabric(ctx, g.ID)
	if err != nil {
		return nil, err
	}
	names, err := Request{Devices: req.Devices, Labels: req.Labels}.choose(f)
	if err != nil {
		return nil, err
	}
	out, errs := make([]Enrolment, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	free := make(chan struct{}, mostReads)
	for i, name := range names {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			t, err := e.o.Intents.Target(ctx, g.ID, name)
			if err == nil {
				out[i], err = e.enrollOne(ctx, t, req, actor)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return out, errors.Join(errs...)
}

func (e *Engine) enrollOne(ctx context.Context, t Target, req EnrollRequest, actor string) (Enrolment, error) {
	name := t.Model.Name
	out := Enrolment{Device: name, Address: t.Model.Access.Address, Outcome: Unreachable}
	facts, err := e.probed(ctx, name)
	switch {
	case ctx.Err() != nil:
		out.Outcome = Stopped
		return out, nil
	case err != nil:
		out.Detail = err.Error()
		return out, nil
	}
	out.Identity = policy.IdentityOf(facts)
	if why := policy.Unnamed(t.Model.Access.Identity, out.Identity); why != "" {
		out.Outcome, out.Detail = Denied, why+"; next: correct the device's document, or see why another device answers at its address"
		return out, nil
	}
	err = e.o.Store.Do(ctx, func(tx event.Tx) error {
		out.Outcome, out.Changed, out.Detail = Enrolled, "", ""
		var before view.Device
		if err := e.o.Store.UpdateDevice(tx, name, func(d *view.Device) {
			before = *d
			e.pin(d, &out, req, actor)
		}); err != nil {
			return err
		}
		if out.Outcome == Denied || out.Outcome == Already && before.Mismatch == "" {
			return nil
		}
		id := out.Identity
		return tx.Append(ctx, event.Draft{
			Type: event.TypeDeviceEnrolled, Subject: string(name), Actor: actor, ActorType: event.ActorUser,
			Data: event.DeviceEnrolled{
				Device: name, Address: out.Address, Certificate: id.CertificateSHA256, HostKey: id.HostKeySHA256, Serial: id.Serial,
				ChassisMAC: id.ChassisMAC, Software: id.Software, Replaces: out.Changed, Reason: req.Reason,
			},
		})
	})
	if err != nil {
		return out, fmt.Errorf("device %q: enroll: %w", name, err)
	}
	return out, nil
}

// probe lets the device say what it is.
func (e *Engine) probe(ctx context.Context, name intent.DeviceName) (profile.Facts, error) {
	s, err := e.o.Sessions.Session(ctx, name)
	if err != nil {
		return profile.Facts{}, err
	}
	return s.Probe(ctx)
}

// pin changes the device's row, if it may be enrolled as what it shows now.
func (e *Engine) pin(d *view.Device, out *Enrolment, req EnrollRequest, actor string) {
	if !d.Enrolled.IsZero() {
		out.Changed = d.Identity.Differs(out.Identity)
		switch {
		case out.Changed == "" && slices.Equal(d.Identity.Elements(), out.Identity.Elements()):
			out.Outcome, d.Mismatch = Already, ""
			return
		case out.Changed != "" && !req.Replace:
			out.Outcome = Denied
			out.Detail = policy.NotThatDevice(d.Name, out.Changed)
			return
		case out.Changed != "":
			out.Outcome = Replaced
		}
	}
	d.Identity, d.Enrolled, d.EnrolledBy, d.Mismatch = out.Identity, e.now(), actor, ""
}
