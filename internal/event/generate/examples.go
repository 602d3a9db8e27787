package main

import (
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// subjects are what the examples of each stream are about.
var subjects = map[string]string{event.StreamDrift: "leaf1", event.StreamDevice: "leaf1"}

const (
	planID     = "3f5ac10bd2e7"
	runID      = "run-3f5ac10bd2e7"
	generation = "d38f35370c0ffee0d38f35370c0ffee0d38f35370c0ffee0d38f35370c0ffee0"
	previous   = "9818fda4cda69818fda4cda69818fda4cda69818fda4cda69818fda4cda69818"
	commit     = "8f14e45fceea167a5a36dedd4bea2543c2f1b0aa"
	episode    = "019a9f3e-6c1d-7000-8000-000000000001"
	address    = "192.0.2.11:9339"

	certificate = "750717b2b8475a848a6c6aa26ef42041fd4bbcab966086fff746283d63aff806"
	hostKey     = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
	uplink      = "/interfaces/interface[name=Ethernet49]/config/enabled"
)

var (
	leaf1    = []intent.DeviceName{"leaf1"}
	findings = []event.Finding{{Path: uplink, Class: "changed", Before: "true", After: "false", Source: "01-fabric.yaml:26"}}
	drifted  = event.Drift{Episode: episode, Device: "leaf1", Findings: findings, Total: 1, Mode: "propose", FirstSeen: noon}
	approval = event.Approval{Plan: planID, Content: "b7ad6b7169203331", Devices: leaf1, Reason: "drift here is put back after approval", Episode: episode, Needs: needs, Given: given, Again: true}
	votes    = []event.Vote{
		{Validator: "schema", Verdict: event.VoteYes, Took: time.Millisecond},
		{Validator: "device", Verdict: event.VoteNo, Reason: "leaf1 cannot be asked: connection refused", Took: 40 * time.Millisecond},
	}
	needs = []event.ApprovalNeed{{
		Policy: "production", Source: "policies.yaml:3", Approvals: 2, Groups: []string{"netops"}, ExpiresAfter: 4 * time.Hour,
		EscalateAfter: 30 * time.Minute, EscalateTo: []string{"leads"}, Reason: "two people look at every change",
	}}
	given   = []event.Approver{{Name: "alice", Groups: []string{"netops"}, Via: "token", At: noon}}
	token   = event.Token{ID: "k3v9t2", User: "alice", Role: "approver", Groups: []string{"netops"}, Expires: noon.Add(90 * 24 * time.Hour)}
	session = event.Device{Device: "leaf1", Address: address, Stage: "on_change", State: &shown}
	shown   = event.DeviceState{
		Sync: "InSync", Health: "Degraded", Reason: "watched by sample: the device refuses ON_CHANGE", Stage: "sample", Generation: generation,
		Run: runID, Enrolled: noon, EnrolledBy: "alice", Certificate: certificate, HostKey: hostKey, Serial: "SIM-leaf1", ChassisMAC: "02:b7:ee:57:f1:bf",
		Software: "v25.3.1", Mismatch: "serial number SIM-leaf9, enrolled was SIM-leaf1", HeldUntil: noon.Add(time.Hour), HeldReason: "cable work (alice)",
	}
)

// night is a window that opened.
var night = event.Window{
	Window: "night", Mode: "allow", Devices: leaf1, At: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC), Turns: time.Date(2026, 1, 3, 4, 0, 0, 0, time.UTC),
	Reason: "the intents changed it",
}

// examples has the data of one event of each type, with every field that an event of the type can have.
var examples = map[event.Type]any{
	event.TypeIntentChanged: event.IntentChanged{Generation: generation, Commit: commit, Author: "Alice <alice@example.net>", Subject: "add VLAN web", Files: 7},
	event.TypeIntentValidated: event.IntentValidated{
		Generation: generation, Previous: previous, Commit: commit, Author: "Alice <alice@example.net>", Subject: "add VLAN web", Devices: leaf1,
	},
	event.TypeIntentRejected: event.IntentRejected{
		Commit: commit, Author: "Alice <alice@example.net>", Subject: "add VLAN web", Diagnostics: []string{"04-vlans.yaml:12:3: error[T0102]: unknown key \"vnii\"; did you mean vni?"},
	},

	event.TypePlanGenerated: event.PlanGenerated{
		Plan: planID, Content: "b7ad6b7169203331", Cause: "drift", Devices: []event.PlanDevice{{Device: "leaf1", Add: 0, Change: 1, Delete: 0}},
		Risk: "medium", Score: 35, Risks: []string{"changes an MTU, on leaf1"}, NeedsApproval: true, Reason: "drift here is put back after approval", Episode: episode, Generation: generation, Expires: noon.Add(24 * time.Hour),
		Votes: votes, Needs: needs, Requester: "bob",
	},
	event.TypePlanExpired: event.PlanExpired{Plan: planID, Reason: "leaf1 is not as it was when this was planned"},
	event.TypeApplyStarted: event.ApplyStarted{
		Run: runID, Plan: planID, Devices: leaf1, Cause: "drift", Episode: episode, OnFailure: "rollback-device", Votes: votes[:1],
		BreakGlass: "customers are down, ticket 4711",
	},
	event.TypeStepCompleted: event.StepCompleted{
		Run: runID, Device: "leaf1", Step: "set", Outcome: "verify", Detail: "1 leaf", Next: "verify", State: &shown,
	},
	event.TypeBatchStarted: event.BatchStarted{
		Run: runID, Batch: 1, Of: 3, Canary: true, Devices: leaf1, Reason: "canary of Rollout careful, 08-rollouts.yaml:5",
	},
	event.TypeBatchWaits: event.BatchWaits{
		Run: runID, Batch: 2, Of: 3, Until: noon.Add(5 * time.Minute), Standing: "waits until 2026-07-01T12:05:00Z before batch 2/3",
	},
	event.TypeApplyCompleted: event.ApplyCompleted{
		Run: runID, Plan: planID, Cause: "drift", Episode: episode, Outcome: "done",
		Devices: []event.RunDevice{{Device: "leaf1", Outcome: "done", Changes: 1, Detail: "saved"}}, Duration: 120 * time.Millisecond,
		Reason: "leaf2: unreachable: no answer", Used: "done",
	},
	event.TypeApplyFailed: event.ApplyFailed{
		Run: runID, Plan: planID, Cause: "drift", Episode: episode, Outcome: "failed",
		Devices:  []event.RunDevice{{Device: "leaf1", Outcome: "rolled_back", Changes: 1, Detail: "not what was set"}},
		Duration: 10200 * time.Millisecond, Error: "leaf1: " + uplink + " still reads false", Used: "done",
	},
	event.TypeRolledBack: event.RolledBack{Run: runID, Device: "leaf1", Proven: true, Left: []string{uplink}},

	event.TypeApprovalRequested: approval,
	event.TypeApprovalGranted: event.Approval{
		Plan: planID, Content: "b7ad6b7169203331", Devices: leaf1, Reason: "1 of 2 approvals", Episode: episode, Votes: votes[:1], Waits: true, Needs: needs, Given: given,
	},
	event.TypeApprovalEscalated: event.Approval{
		Plan: planID, Content: "b7ad6b7169203331", Devices: leaf1, Reason: "1 of 2 approvals after 30m0s", Episode: episode, Needs: needs, Given: given,
	},
	event.TypeApprovalOverridden: event.ApprovalOverridden{
		Plan: planID, Devices: leaf1, Reason: "customers are down, ticket 4711", Missing: "1 of 2 approvals of netops", Episode: episode,
	},
	event.TypeTokenCreated: token,
	event.TypeTokenRevoked: token,
	event.TypeApprovalDenied: event.Approval{
		Plan: planID, Content: "b7ad6b7169203331", Devices: leaf1, Reason: "not approved: device: leaf1 cannot be asked: connection refused",
		Episode: episode, Votes: votes, Waits: true,
	},

	event.TypeDriftDetected: drifted,
	event.TypeDriftUpdated: event.Drift{
		Episode: episode, Device: "leaf1", Findings: findings, Total: 1, News: 1, Mode: "propose", FirstSeen: noon,
	},
	event.TypeDriftHeld: event.Drift{
		Episode: episode, Device: "leaf1", Findings: findings, Total: 1, Mode: "enforce", Reason: "the same path was put back twice in an hour", FirstSeen: noon,
		Held: "the same path was put back twice in an hour", Rule: "loop", Severity: "error", Hand: "run",
		HandDetail: "run-4711 left it behind, which ended failed", Grace: noon.Add(time.Minute), Next: "tenter drift release leaf1 --reason TEXT", Plan: planID, Run: runID, State: &shown,
	},
	event.TypeDriftRemediated: event.DriftRemediated{
		Episode: episode, Device: "leaf1", Plan: planID, Run: runID, By: "tenter", Findings: findings, Duration: 420 * time.Millisecond, Severity: "error", State: &shown,
	},

	event.TypeDriftAdopted:  event.DriftAdopted{Episode: episode, Device: "leaf1", Findings: findings, Commit: commit, Author: "Alice <alice@example.net>"},
	event.TypeDriftReleased: event.DriftReleased{Device: "leaf1", Reason: "the other controller is off"},

	event.TypeDeviceConnected: session,
	event.TypeDeviceDisconnected: event.Device{
		Device: "leaf1", Address: address, Reason: "no answer: connection refused; check the address, the route to it and that the device's gNMI server is enabled",
	},
	event.TypeDeviceSynced: session,
	event.TypeDeviceCapabilities: event.Device{
		Device: "leaf1", Address: address, GNMI: "0.10.0", Encodings: []string{"JSON_IETF", "PROTO"}, Models: []string{"openconfig-interfaces"}, Software: "v25.3.1", Serial: "SIM-leaf1",
	},
	event.TypeDeviceEnrolled: event.DeviceEnrolled{
		Device: "leaf1", Address: address, Certificate: "750717b2b8475a848a6c6aa26ef42041fd4bbcab966086fff746283d63aff806",
		HostKey: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", Serial: "SIM-leaf1", ChassisMAC: "02:b7:ee:57:f1:bf", Software: "v25.3.1",
		Replaces: "serial number SIM-leaf0", Reason: "RMA 4711", State: &shown,
	},
	event.TypeDeviceHeld:      event.Device{Device: "leaf1", Address: address, Reason: "it is another device: serial number SIM-leaf9, enrolled was SIM-leaf1", Serial: "SIM-leaf9"},
	event.TypeDeviceChanged:   event.Device{Device: "leaf1", Reason: "held by alice: cable work", State: &shown},
	event.TypeDeviceForgotten: event.Device{Device: "leaf1", Reason: "the intents do not have it any more"},

	event.TypeWindowOpened: night,
	event.TypeWindowClosed: event.Window{
		Window: "night", Mode: "allow", Devices: leaf1, At: time.Date(2026, 1, 3, 4, 0, 0, 0, time.UTC), Turns: time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC),
		Reason: "the intents do not have it any more",
	},
	event.TypeWindowFrozen:   event.Freeze{Until: time.Date(2026, 1, 3, 4, 0, 0, 0, time.UTC), Reason: "the shop's busiest day", By: "alice"},
	event.TypeWindowUnfrozen: event.Freeze{Until: time.Date(2026, 1, 3, 4, 0, 0, 0, time.UTC), Reason: "it is over", By: "alice"},

	event.TypeCommand: event.Command{
		Verb: "reconcile", Run: runID, Devices: leaf1, Labels: map[string]string{"role": "leaf"}, Schedule: "nightly", Reason: "due at 02:30",
	},
	event.TypeCommandAck: event.CommandAck{
		Verb: "pause", Run: runID, Outcome: "done", Reason: "it is paused already, by alice: cable work", Status: "paused", Standing: "paused by alice: cable work",
	},

	event.TypeUnlocked: event.Unlocked{
		Lock: "device/leaf1", Holder: "host-1a2b3c4d", Doing: runID, Held: 90 * time.Second, Reason: "the process hangs, and its machine does not answer",
	},

	event.TypeNotificationSent:   event.Notification{Receiver: "noc", Key: "drift/" + episode + "/1", Count: 2},
	event.TypeNotificationFailed: event.Notification{Receiver: "noc", Key: "drift/" + episode + "/1", Count: 2, Error: "404 Not Found"},
	event.TypeDeadLettered: event.DeadLettered{
		Group: "notify", Stream: event.StreamDrift, Entry: "4711-0", Seq: 4711, Event: "019a9f3e-6c1d-7000-8000-000000000007", Type: event.TypeDriftDetected, Attempts: 8,
		Reason: "the log's event of this id has another content",
	},
	event.TypeDeadResolved: event.DeadResolved{Group: "notify", Seqs: []event.Seq{4711, 4712}, Action: "dropped", Reason: "the receiver is gone"},
	event.TypeBusDegraded:  event.Bus{Reason: "redis: dial tcp 192.0.2.5:6379: connect: connection refused", Failures: 2},
	event.TypeBusRecovered: event.Bus{Failures: 17, Duration: 31 * time.Second},

	event.TypeWorkerJoined: event.Worker{Worker: "host-1a2b3c4d", Roles: []string{"loader", "monitor", "reconciler"}, Version: "v1.0.0"},
	event.TypeWorkerLeft:   event.Worker{Worker: "host-1a2b3c4d", Roles: []string{"loader", "monitor", "reconciler"}, Reason: "it did not renew its leases"},
	event.TypeLeaderElected: event.Leader{
		Election: "bus/relay", Worker: "host-1a2b3c4d", Previous: "host-5e6f7a8b", Term: 3,
	},
	event.TypeLogArchived: event.LogArchived{File: "dc1-000000000001-000000005000.jsonl.gz", First: 1, Last: 5000},
	event.TypeLogHeld:     event.LogHeld{Group: "notify", Oldest: 4711, Since: time.Date(2026, 9, 1, 2, 30, 0, 0, time.UTC), Events: 12},
}
