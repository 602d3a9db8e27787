package view

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

// Fold takes in the next event of the log. It costs about what the event is long. Types that no read model depends on, and
// those that this build does not know, only move the State on. An error says that the event is not the next one, or that its
// data cannot be read; the State is as it was then.
func (s *State) Fold(e event.Event) error {
	if e.Seq != s.Seq+1 {
		return fmt.Errorf("event %d after %d: there is a gap", e.Seq, s.Seq)
	}
	if fold, ok := folds[e.Type]; ok {
		if err := fold(s, e); err != nil {
			return err
		}
	}
	s.Seq, s.Time = e.Seq, e.Time
	return nil
}

var folds = map[event.Type]func(*State, event.Event) error{
	event.TypeIntentValidated: folding(func(s *State, _ event.Event, d event.IntentValidated) { s.Generation = d.Generation }),

	event.TypeDeviceConnected:    folding(foldDevice),
	event.TypeDeviceDisconnected: folding(foldDevice),
	event.TypeDeviceSynced:       folding(foldDevice),
	event.TypeDeviceCapabilities: folding(foldDevice),
	event.TypeDeviceHeld:         folding(foldDevice),
	event.TypeDeviceChanged:      folding(foldDevice),
	event.TypeDeviceEnrolled: folding(func(s *State, e event.Event, d event.DeviceEnrolled) {
		s.shows(e, d.Device, d.State)
	}),
	event.TypeDeviceForgotten: folding(func(s *State, _ event.Event, d event.Device) { delete(s.Devices, d.Device) }),

	event.TypePlanGenerated: folding(foldPlan),
	event.TypePlanExpired: folding(func(s *State, _ event.Event, d event.PlanExpired) {
		s.movePlan(d.Plan, PlanExpired, d.Reason)
	}),
	event.TypeApprovalRequested: folding(foldRequested),
	event.TypeApprovalGranted:   folding(foldGranted),
	event.TypeApprovalDenied:    folding(foldDenied),
	event.TypeApprovalEscalated: folding(foldEscalated),

	event.TypeApplyStarted:   folding(foldStart),
	event.TypeStepCompleted:  folding(foldStep),
	event.TypeBatchStarted:   folding(func(s *State, _ event.Event, d event.BatchStarted) { s.standing(d.Run, "") }),
	event.TypeBatchWaits:     folding(func(s *State, _ event.Event, d event.BatchWaits) { s.standing(d.Run, d.Standing) }),
	event.TypeApplyCompleted: folding(foldCompleted),
	event.TypeApplyFailed:    folding(foldFailed),
	event.TypeCommandAck:     folding(foldAck),

	event.TypeDriftDetected:   folding(foldDrift),
	event.TypeDriftUpdated:    folding(foldDrift),
	event.TypeDriftHeld:       folding(foldDrift),
	event.TypeDriftRemediated: folding(foldRemediated),

	event.TypeTokenCreated:   folding(foldToken),
	event.TypeTokenRevoked:   folding(foldRevoked),
	event.TypeWindowFrozen:   folding(foldFrozen),
	event.TypeWindowUnfrozen: folding(func(s *State, _ event.Event, _ event.Freeze) { s.Freeze = Freeze{} }),
}

func folding[T any](fold func(*State, event.Event, T)) func(*State, event.Event) error {
	return func(s *State, e event.Event) error {
		data, err := event.Decode[T](e)
		if err == nil {
			fold(s, e, data)
		}
		return err
	}
}

func foldDevice(s *State, e event.Event, d event.Device) { s.shows(e, d.Device, d.State) }

// shows replaces a device's row, if the event carries another.
func (s *State) shows(e event.Event, name intent.DeviceName, t *event.DeviceState) {
	switch {
	case t == nil:
	case *t == (event.DeviceState{}): // a row of nothing is as good as none
		delete(s.Devices, name)
	default:
		s.Devices[name] = deviceOf(name, *t, e.Time)
	}
}

func foldPlan(s *State, e event.Event, d event.PlanGenerated) {
	p := Plan{
		ID: d.Plan, Content: d.Content, Status: PlanOpen, Reason: d.Reason, Cause: d.Cause, Episode: d.Episode, Generation: d.Generation,
		Correlation: e.Correlation, Created: e.Time, Expires: d.Expires.UTC(),
		Votes: d.Votes, Requester: d.Requester, Needs: d.Needs,
	}
	for _, on := range d.Devices {
		p.Devices = append(p.Devices, on.Device)
	}
	s.Plans[p.ID] = p
	s.onEpisode(d.Episode, func(ep *Episode) { ep.Plan = p.ID })
}

func (s *State) movePlan(id string, to PlanStatus, reason string) {
	if p, ok := s.Plans[id]; ok {
		p.Status, p.Reason = to, reason
		s.Plans[id] = p
	}
}

// voted keeps the votes of an event, if it has any.
func (s *State) voted(plan string, votes []event.Vote) {
	if p, ok := s.Plans[plan]; ok && len(votes) > 0 {
		p.Votes = votes
		s.Plans[plan] = p
	}
}

// onEpisode changes an episode that is open.
func (s *State) onEpisode(id string, change func(*Episode)) {
	if ep, ok := s.Episodes[id]; ok && ep.Closed.IsZero() {
		change(&ep)
		s.Episodes[id] = ep
	}
}

func foldStart(s *State, e event.Event, d event.ApplyStarted) {
	s.movePlan(d.Plan, PlanRunning, "")
	s.voted(d.Plan, d.Votes)
	s.Runs[d.Run] = RunState{
		Run: Run{
			ID: d.Run, Plan: d.Plan, Status: RunRunning, Cause: d.Cause, Episode: d.Episode, Correlation: s.correlation(d.Plan, e), Created: e.Time,
		},
		On: map[intent.DeviceName]RunDevice{},
	}
	s.onEpisode(d.Episode, func(ep *Episode) { ep.Plan, ep.Run = d.Plan, d.Run })
}

// correlation is the plan's, which its run has too.
func (s *State) correlation(plan string, e event.Event) string {
	if p, ok := s.Plans[plan]; ok {
		return p.Correlation
	}
	return e.Correlation
}

func foldStep(s *State, e event.Event, d event.StepCompleted) {
	s.shows(e, d.Device, d.State)
	r, ok := s.Runs[d.Run]
	if !ok || d.Next == "" {
		return
	}
	on := RunDevice{Run: d.Run, Device: d.Device, Step: d.Next}
	if d.Next == stepEnded {
		on.Outcome, on.Detail = d.Outcome, d.Detail
	}
	if r.On[d.Device] = on; on.fresh() {
		delete(r.On, d.Device)
	}
}

func foldCompleted(s *State, e event.Event, d event.ApplyCompleted) {
	s.endRun(e, d.Run, RunStatus(d.Outcome), d.Reason, d.Used)
}

func foldFailed(s *State, e event.Event, d event.ApplyFailed) {
	s.endRun(e, d.Run, RunStatus(d.Outcome), d.Error, d.Used)
}

func foldAck(s *State, _ event.Event, d event.CommandAck) {
	if r, ok := s.Runs[d.Run]; ok && d.Status != "" && r.Ended.IsZero() {
		r.Status, r.Reason = RunStatus(d.Status), d.Standing
		s.Runs[d.Run] = r
	}
}

// standing says how a run that goes on is shown.
func (s *State) standing(id, why string) {
	if r, ok := s.Runs[id]; ok && r.Ended.IsZero() {
		r.Reason = why
		s.Runs[id] = r
	}
}

func (s *State) endRun(e event.Event, id string, status RunStatus, reason, used string) {
	r, ok := s.Runs[id]
	if !ok {
		return
	}
	r.Status, r.Reason, r.Ended = status, reason, e.Time
	s.Runs[id] = r
	if p, ok := s.Plans[r.Plan]; ok && p.Status == PlanRunning && used != "" {
		s.movePlan(p.ID, PlanStatus(used), reason)
	}
}

func foldDrift(s *State, e event.Event, d event.Drift) {
	s.shows(e, d.Device, d.State)
	ep, ok := s.Episodes[d.Episode]
	if ok && !ep.Closed.IsZero() {
		return
	}
	s.Episodes[d.Episode] = Episode{
		ID: d.Episode, Device: d.Device, Opened: d.FirstSeen.UTC(), Mode: d.Mode, Findings: d.Findings, Total: d.Total,
		Plan: d.Plan, Run: d.Run, Reason: d.Held, Correlation: e.Correlation,
		Severity: d.Severity, Rule: d.Rule, Hand: d.Hand, HandDetail: d.HandDetail, Grace: d.Grace.UTC(),
	}
}

func foldRemediated(s *State, e event.Event, d event.DriftRemediated) {
	s.shows(e, d.Device, d.State)
	s.onEpisode(d.Episode, func(ep *Episode) { ep.Closed, ep.Plan, ep.Run, ep.By = e.Time, d.Plan, d.Run, d.By })
}
