package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

// A State is what the read models show after one event of the log: the rows of devices, plans, runs and episodes of drift
// as far as events tell of them. The same events give the same State, and the same State the same bytes (Encode).
//
// What is left out is what no event tells, because it is large, changes without anything having happened, or is only for
// the engines: a device's write-set, count of writes and last known start; the changes of a plan; what a run's step
// machine remembers, and the detail of a device that has not ended; when a row was written; what a token is. Schedules, windows,
// notifications, leases and deliveries are bookkeeping and no part of it, nor are backups that plans bring back. Known also leaves it out of rows of the store, so that both can
// be compared. Of a device, Updated is when an event told of it last, and is not compared.
type State struct {
	Seq        event.Seq                    `json:"seq"`  // of the last event that was folded, 0 for none
	Time       time.Time                    `json:"time"` // of that event
	Generation string                       `json:"generation,omitempty"`
	Devices    map[intent.DeviceName]Device `json:"devices,omitempty"`
	Plans      map[string]Plan              `json:"plans,omitempty"`
	Runs       map[string]RunState          `json:"runs,omitempty"`
	Episodes   map[string]Episode           `json:"episodes,omitempty"`
	Tokens     map[string]Access            `json:"tokens,omitempty"`
	Freeze     Freeze                       `json:"freeze,omitzero"` // of the fabric, also one that is over and was not told to be
}

// A RunState is a run and where it stands on each device.
type RunState struct {
	Run
	On map[intent.DeviceName]RunDevice `json:"on,omitempty"`
}

// NewState returns what there is before the first event.
func NewState() *State {
	return &State{
		Devices: map[intent.DeviceName]Device{}, Plans: map[string]Plan{}, Runs: map[string]RunState{}, Episodes: map[string]Episode{},
		Tokens: map[string]Access{},
	}
}

// Rows are the live read models of one moment.
type Rows struct {
	Seq        event.Seq // the last event of that moment
	Time       time.Time // of that event
	Forgotten  time.Time // rows that ended before may be gone
	Generation string
	Devices    []Device
	Plans      []Plan
	Runs       []Run
	RunDevices []RunDevice
	Episodes   []Episode
	Tokens     []Token
	Freeze     Freeze
}

// State returns the rows as far as events tell of them.
func (r Rows) State() *State {
	s := NewState()
	s.Seq, s.Time, s.Generation = r.Seq, r.Time, r.Generation
	for _, d := range r.Devices {
		if d = d.told(); !d.same(Device{Name: d.Name}) { // a row of nothing is as good as none
			s.Devices[d.Name] = d
		}
	}
	for _, p := range r.Plans {
		p.Body = nil
		s.Plans[p.ID] = p
	}
	for _, row := range r.Runs {
		row.Body = nil
		s.Runs[row.ID] = RunState{Run: row, On: map[intent.DeviceName]RunDevice{}}
	}
	for _, d := range r.RunDevices {
		if row, ok := s.Runs[d.Run]; ok && !d.fresh() {
			row.On[d.Device] = d.told()
		}
	}
	for _, e := range r.Episodes {
		if len(e.Findings) == 0 {
			e.Findings = nil
		}
		s.Episodes[e.ID] = e
	}
	for _, t := range r.Tokens {
		s.Tokens[t.ID] = t.told()
	}
	s.Freeze = r.Freeze.told()
	return s
}

// told returns the row as far as events tell of it.
func (d Device) told() Device {
	d.WriteSet, d.Applied, d.Known, d.Looked = nil, 0, Known{}, time.Time{}
	d.CommitConfirmed = Proof{}
	return d
}

// Told returns what an event carries of the device's row.
func (d Device) Told() event.DeviceState {
	return event.DeviceState{
		Sync: d.Sync, Health: d.Health, Reason: d.Reason, Stage: d.Stage, Generation: d.Generation, Run: d.Run,
		Enrolled: d.Enrolled.UTC().Round(0), EnrolledBy: d.EnrolledBy, Certificate: d.Identity.CertificateSHA256, HostKey: d.Identity.HostKeySHA256,
		Serial: d.Identity.Serial, ChassisMAC: d.Identity.ChassisMAC, Software: d.Identity.Software,
		Mismatch: d.Mismatch, HeldUntil: d.HeldUntil.UTC().Round(0), HeldReason: d.HeldReason,
	}
}

func (d Device) same(o Device) bool { return d.Told() == o.Told() }

// deviceOf is the row that an event carries.
func deviceOf(name intent.DeviceName, t event.DeviceState, at time.Time) Device {
	return Device{
		Name: name, Sync: t.Sync, Health: t.Health, Reason: t.Reason, Stage: t.Stage, Generation: t.Generation, Run: t.Run,
		Enrolled: t.Enrolled, EnrolledBy: t.EnrolledBy, Mismatch: t.Mismatch, HeldUntil: t.HeldUntil, HeldReason: t.HeldReason,
		Identity: Identity{
			CertificateSHA256: t.Certificate, HostKeySHA256: t.HostKey, Serial: t.Serial, ChassisMAC: t.ChassisMAC, Software: t.Software,
		},
		Updated: at,
	}
}

// The steps at either end of a run on a device, as package run has them.
const (
	stepCheck = "check"
	stepEnded = "ended"
)

// fresh reports whether the run has done nothing on the device, which is as good as no row.
func (d RunDevice) fresh() bool { return d.Outcome == "" && (d.Step == "" || d.Step == stepCheck) }

func (d RunDevice) told() RunDevice {
	d.State, d.Updated = nil, time.Time{}
	if d.Outcome == "" {
		d.Detail = ""
	}
	return d
}

// Forget drops what ended before the given time, by the rule by which the store forgets rows: both stay comparable, and
// the State stays as small as the tables. Plans go by when they were made, and stay for as long as their run.
func (s *State) Forget(before time.Time) {
	over := func(t time.Time) bool { return !t.IsZero() && t.Before(before) }
	marked := map[string]bool{}
	for _, d := range s.Devices {
		marked[d.Run] = true
	}
	maps.DeleteFunc(s.Runs, func(id string, r RunState) bool { return r.Status != RunRunning && over(r.Ended) && !marked[id] })
	kept := map[string]bool{}
	for _, r := range s.Runs {
		kept[r.Plan] = true
	}
	maps.DeleteFunc(s.Plans, func(id string, p Plan) bool {
		ended := p.Status == PlanRejected || p.Status == PlanDone || p.Status == PlanExpired || p.Status == PlanStale
		return ended && over(p.Created) && !kept[id]
	})
	maps.DeleteFunc(s.Episodes, func(_ string, e Episode) bool { return over(e.Closed) })
}

// Rows returns how many rows the State has.
func (s *State) Rows() int {
	n := len(s.Devices) + len(s.Plans) + len(s.Runs) + len(s.Episodes) + len(s.Tokens)
	if s.Freeze != (Freeze{}) {
		n++
	}
	for _, r := range s.Runs {
		n += len(r.On)
	}
	return n
}

// Encode returns the State's one form as bytes: JSON with sorted keys.
func (s *State) Encode() ([]byte, error) { return json.Marshal(s) }

// DecodeState is the inverse of Encode.
func DecodeState(data []byte) (*State, error) {
	s := NewState()
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	for id, r := range s.Runs {
		if r.On == nil {
			r.On = map[intent.DeviceName]RunDevice{}
		}
		for name, d := range r.On {
			d.Run = id
			r.On[name] = d
		}
		s.Runs[id] = r
	}
	return s, nil
}

// DeviceList returns the devices by name.
func (s *State) DeviceList() []Device {
	list := make([]Device, 0, len(s.Devices))
	for _, name := range slices.Sorted(maps.Keys(s.Devices)) {
		list = append(list, s.Devices[name])
	}
	return list
}

// PlanList returns the plans, the newest first.
func (s *State) PlanList() []Plan {
	return newest(s.Plans, func(p Plan) (time.Time, string) { return p.Created, p.ID })
}

// RunList returns the runs, the newest first.
func (s *State) RunList() []Run {
	var list []Run
	for _, r := range newest(s.Runs, func(r RunState) (time.Time, string) { return r.Created, r.ID }) {
		list = append(list, r.Run)
	}
	return list
}

// EpisodeList returns the episodes, the newest first.
func (s *State) EpisodeList() []Episode {
	return newest(s.Episodes, func(e Episode) (time.Time, string) { return e.Opened, e.ID })
}

// newest sorts as the store does: by time from the newest on, then by name.
func newest[T any](rows map[string]T, key func(T) (time.Time, string)) []T {
	list := slices.Collect(maps.Values(rows))
	slices.SortFunc(list, func(a, b T) int {
		at, aid := key(a)
		bt, bid := key(b)
		if c := bt.Compare(at); c != 0 {
			return c
		}
		if aid < bid {
			return -1
		}
		return 1
	})
	return list
}
