package view

import "github.com/tenter-net/tenter/internal/event"

func foldRequested(s *State, _ event.Event, d event.Approval) {
	if d.Again {
		s.movePlan(d.Plan, PlanOpen, d.Reason)
		s.counted(d)
	}
}

func foldGranted(s *State, _ event.Event, d event.Approval) {
	to := PlanApproved
	if d.Waits {
		to = PlanOpen
	}
	s.movePlan(d.Plan, to, d.Reason)
	s.voted(d.Plan, d.Votes)
	s.counted(d)
}

// foldDenied keeps the plan as it was where validators were against it: then it can be approved later.
func foldDenied(s *State, _ event.Event, d event.Approval) {
	if p, ok := s.Plans[d.Plan]; ok && d.Waits {
		s.movePlan(d.Plan, p.Status, d.Reason)
	} else {
		s.movePlan(d.Plan, PlanRejected, d.Reason)
	}
	s.voted(d.Plan, d.Votes)
}

func foldEscalated(s *State, e event.Event, d event.Approval) {
	if p, ok := s.Plans[d.Plan]; ok {
		p.Escalated = e.Time
		s.Plans[d.Plan] = p
	}
}

// counted keeps what was counted when somebody approved the plan.
func (s *State) counted(d event.Approval) {
	if p, ok := s.Plans[d.Plan]; ok {
		p.Needs, p.Given = d.Needs, d.Given
		s.Plans[d.Plan] = p
	}
}
