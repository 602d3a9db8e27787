package reconcile

import (
	"context"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// A noting is what noteEpisode writes into an episode: the plan that puts it back, and what was decided about that.
type noting struct {
	episode  view.Episode
	plan     string
	decision policy.Decision
}

// noteEpisode writes the plan into the episode if that is open still, and tells once why it is held, or that it is not any more.
func (e *Engine) noteEpisode(ctx context.Context, tx event.Tx, n noting) error {
	id, d := n.plan, n.decision
	held, rule := d.Held(), string(d.Rule)
	if !held && id != "" {
		row, err := e.o.Store.PlanIn(tx, id)
		if err != nil {
			return err
		}
		if row.Status == view.PlanRejected { // which nothing but another drift changes
			held, rule, d.Reason = true, "rejected", rejected(row)
		}
	}
	var was, is view.Episode
	err := e.updateEpisode(tx, n.episode.ID, func(ep *view.Episode) {
		was = *ep
		ep.Plan, ep.Reason, ep.Rule = id, "", ""
		if held {
			ep.Reason, ep.Rule = d.Reason, rule
		}
		is = *ep
	})
	if err != nil || was.Plan == is.Plan && was.Reason == is.Reason {
		return err
	}
	out := event.Draft{
		Type: event.TypeDriftUpdated, Subject: string(is.Device), Correlation: is.Correlation, Causation: event.ID(is.ID), Severity: is.Severity,
		Data: event.Drift{
			Episode: is.ID, Device: is.Device, Findings: is.Findings, Total: is.Total, Mode: is.Mode, Reason: is.Reason, FirstSeen: is.Opened,
			Held: is.Reason, Plan: is.Plan, Run: is.Run,
			Severity: is.Severity, Rule: is.Rule, Hand: is.Hand, HandDetail: is.HandDetail, Grace: is.Grace, Next: next(is),
		},
	}
	if held && was.Rule != is.Rule { // people are called once for what holds it, however its words change
		out.Type, out.Severity = event.TypeDriftHeld, policy.Worse(is.Severity, callOf(policy.Rule(rule)))
	}
	return tx.Append(ctx, out)
}

// callOf is how loudly people are told that a rule holds a remedy: critical, which pages somebody, where Tenter cannot know
// whether it would do harm. Another device in the place of the enrolled one is told by device.held, as loudly.
func callOf(r policy.Rule) string {
	switch r {
	case policy.Loop, policy.MassChange, policy.ChangedDevice:
		return event.SeverityCritical
	case policy.Frozen, policy.InDeny, policy.OutOfAllow: // it goes on by itself
		return event.SeverityWarning
	}
	return event.SeverityError
}

// next is the command that somebody has to run for drift that is held, empty where the reason names it or time passes by itself.
func next(ep view.Episode) string {
	switch policy.Rule(ep.Rule) {
	case policy.Loop:
		return fmt.Sprintf("tenter drift release %s --reason TEXT, once it is known who else changes it", ep.Device)
	case policy.MassChange, policy.ChangedDevice, policy.Failing, policy.TooManyDeletes:
		if ep.Plan != "" {
			return "tenter plan show " + ep.Plan
		}
	}
	return ""
}

// unplanned is why drift is not put back of which nothing is to be.
func unplanned(ep view.Episode) string {
	if ep.Mode == string(fabric.DriftAdopt) {
		return "this drift waits for the intents to take it over: tenter drift adopt " + string(ep.Device)
	}
	return "this drift is only observed"
}

// rejected is why drift stays that somebody does not want to be put back, and what to do about it.
func rejected(p view.Plan) string {
	why := ""
	if p.Reason != "" {
		why = ": " + p.Reason
	}
	return fmt.Sprintf("plan %s, which puts it back, was rejected%s; next: tenter apply puts it back all the same, an intent that says the same keeps it", p.ID, why)
}
