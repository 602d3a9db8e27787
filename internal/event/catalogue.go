package event

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// The event types. Each one's data is the struct that the catalogue below names for it.
const (
	TypeIntentChanged   Type = "intent.changed"
	TypeIntentValidated Type = "intent.validated"
	TypeIntentRejected  Type = "intent.rejected"

	TypePlanGenerated  Type = "reconciler.plan_generated"
	TypePlanExpired    Type = "reconciler.plan_expired"
	TypeApplyStarted   Type = "reconciler.apply_started"
	TypeStepCompleted  Type = "reconciler.step_completed"
	TypeBatchStarted   Type = "reconciler.batch_started"
	TypeBatchWaits     Type = "reconciler.batch_waits"
	TypeApplyCompleted Type = "reconciler.apply_completed"
	TypeApplyFailed    Type = "reconciler.apply_failed"
	TypeRolledBack     Type = "reconciler.rolled_back"

	TypeApprovalRequested Type = "approval.requested"
	TypeApprovalGranted   Type = "approval.granted"
	TypeApprovalDenied    Type = "approval.denied"
	TypeApprovalEscalated Type = "approval.escalated"
	// TypeApprovalOverridden is a break-glass run.
	TypeApprovalOverridden Type = "approval.overridden"

	TypeTokenCreated Type = "access.token_created"
	TypeTokenRevoked Type = "access.token_revoked"

	TypeDriftDetected   Type = "drift.detected"
	TypeDriftUpdated    Type = "drift.updated"
	TypeDriftHeld       Type = "drift.held"
	TypeDriftRemediated Type = "drift.remediated"
	TypeDriftAdopted    Type = "drift.adopted"
	TypeDriftReleased   Type = "drift.released"

	TypeDeviceConnected    Type = "device.connected"
	TypeDeviceDisconnected Type = "device.disconnected"
	TypeDeviceSynced       Type = "device.synced"
	TypeDeviceCapabilities Type = "device.capabilities"
	TypeDeviceEnrolled     Type = "device.enrolled"
	TypeDeviceHeld         Type = "device.held"
	TypeDeviceForgotten    Type = "device.forgotten"
	TypeDeviceChanged      Type = "device.changed"

	TypeWindowOpened   Type = "window.opened"
	TypeWindowClosed   Type = "window.closed"
	TypeWindowFrozen   Type = "window.frozen"
	TypeWindowUnfrozen Type = "window.unfrozen"

	TypeCommand    Type = "control.command"
	TypeCommandAck Type = "control.ack"
	TypeUnlocked   Type = "control.unlocked"

	TypeNotificationSent   Type = "notification.sent"
	TypeNotificationFailed Type = "notification.failed"

	TypeDeadLettered Type = "bus.dead_lettered"
	TypeDeadResolved Type = "bus.dead_resolved"
	TypeBusDegraded  Type = "bus.degraded"
	TypeBusRecovered Type = "bus.recovered"

	TypeWorkerJoined Type = "worker.joined"
	TypeWorkerLeft   Type = "worker.left"

	TypeLeaderElected Type = "leader.elected"

	TypeLogArchived Type = "log.archived"
	TypeLogHeld     Type = "log.held"
)

// The streams that events travel on. An intent never waits behind a storm of drifts, because each
// stream is read on its own.
const (
	StreamIntent     = "intent"
	StreamReconciler = "reconciler"
	StreamDrift      = "drift"
	StreamDevice     = "device"
	StreamSystem     = "system"
)

// The severities of an event, from least to most.
const (
	SeverityInfo     = "info"
	SeverityWarning  = "warning"
	SeverityError    = "error"
	SeverityCritical = "critical"
)

// The kinds of actor that cause an event.
const (
	ActorUser   = "user"
	ActorSystem = "system"
)

// SchemaVersion is the version of the envelope and data that this build writes: readers accept
// every version with the same major number.
const SchemaVersion = "1.0"

// A Kind is what the catalogue says of one type.
type Kind struct {
	Type     Type
	Stream   string
	Severity string       // unless the draft says another
	Summary  string       // a sentence
	Data     reflect.Type // the struct of its data

	required []int // fields of Data that must not be empty
}

func of[T any](severity, summary string) Kind {
	t := reflect.TypeFor[T]()
	k := Kind{Severity: severity, Summary: summary, Data: t}
	for i := range t.NumField() {
		if strings.Contains(t.Field(i).Tag.Get("jsonschema"), "minLength=1") {
			k.required = append(k.required, i)
		}
	}
	return k
}

var catalogue = map[Type]Kind{
	TypeIntentChanged:      of[IntentChanged](SeverityInfo, "The intent source has a new state, which is not judged yet."),
	TypeIntentValidated:    of[IntentValidated](SeverityInfo, "A generation of intents was accepted and is the current one."),
	TypeIntentRejected:     of[IntentRejected](SeverityError, "The intent source's state has mistakes; the generation before it stays current."),
	TypePlanGenerated:      of[PlanGenerated](SeverityInfo, "A plan stands: what it would change, and whether it waits for an approval."),
	TypePlanExpired:        of[PlanExpired](SeverityInfo, "A plan can not be run any more."),
	TypeApplyStarted:       of[ApplyStarted](SeverityInfo, "A run of a plan was committed."),
	TypeStepCompleted:      of[StepCompleted](SeverityInfo, "One step of a run ended on one device."),
	TypeBatchStarted:       of[BatchStarted](SeverityInfo, "A run begins the next batch of its devices."),
	TypeBatchWaits:         of[BatchWaits](SeverityInfo, "A run pauses before its next batch of devices."),
	TypeApplyCompleted:     of[ApplyCompleted](SeverityInfo, "A run ended without a failure."),
	TypeApplyFailed:        of[ApplyFailed](SeverityError, "A run ended with a failure."),
	TypeRolledBack:         of[RolledBack](SeverityWarning, "A device was put back to what it had before a run."),
	TypeApprovalRequested:  of[Approval](SeverityWarning, "A plan waits for somebody to approve it."),
	TypeApprovalGranted:    of[Approval](SeverityInfo, "Somebody approved a plan."),
	TypeApprovalDenied:     of[Approval](SeverityInfo, "A plan was rejected."),
	TypeApprovalEscalated:  of[Approval](SeverityError, "A plan has waited too long for its approvals: others may give them too."),
	TypeApprovalOverridden: of[ApprovalOverridden](SeverityCritical, "Somebody ran a plan without the approvals, or outside the window, that it needed."),
	TypeTokenCreated:       of[Token](SeverityWarning, "Somebody was given access to the API."),
	TypeTokenRevoked:       of[Token](SeverityInfo, "Access to the API was taken away."),
	TypeDriftDetected:      of[Drift](SeverityWarning, "A device is not as Tenter left it: an episode of drift begins."),
	TypeDriftUpdated:       of[Drift](SeverityWarning, "An open episode of drift has other findings than before."),
	TypeDriftHeld:          of[Drift](SeverityError, "Drift is not put back, because something holds that."),
	TypeDriftRemediated:    of[DriftRemediated](SeverityInfo, "A device is in sync again: the episode ends."),
	TypeDriftAdopted:       of[DriftAdopted](SeverityInfo, "The intents took over what somebody had changed on a device."),
	TypeDriftReleased:      of[DriftReleased](SeverityInfo, "Somebody lets Tenter put back again what went round in circles."),
	TypeDeviceConnected:    of[Device](SeverityInfo, "The session with a device is up."),
	TypeDeviceDisconnected: of[Device](SeverityWarning, "The session with a device was lost, or could not be had."),
	TypeDeviceSynced:       of[Device](SeverityInfo, "A device was read whole, and is watched from now on."),
	TypeDeviceCapabilities: of[Device](SeverityInfo, "What a device says of itself."),
	TypeDeviceEnrolled:     of[DeviceEnrolled](SeverityInfo, "Somebody let Tenter write to a device."),
	TypeDeviceHeld:         of[Device](SeverityCritical, "What answers at a device's address is not the device that was enrolled: nothing is written to it."),
	TypeDeviceForgotten:    of[Device](SeverityWarning, "What Tenter knew of a device was dropped."),
	TypeDeviceChanged:      of[Device](SeverityInfo, "What Tenter shows of a device is otherwise, and no other event tells why: a hold, new intent, in sync."),
	TypeWindowOpened:       of[Window](SeverityInfo, "A window opened: inside one that allows, runs may write; inside one that denies, none may."),
	TypeWindowClosed:       of[Window](SeverityInfo, "A window closed."),
	TypeWindowFrozen:       of[Freeze](SeverityWarning, "Somebody froze the fabric: nothing is written to it for a time."),
	TypeWindowUnfrozen:     of[Freeze](SeverityInfo, "A freeze of the fabric is over."),
	TypeCommand:            of[Command](SeverityInfo, "The reconciler is asked for work, or a run to pause, go on or end."),
	TypeCommandAck:         of[CommandAck](SeverityInfo, "What became of a command that was given to a run, or what a window or a freeze made of it."),
	TypeUnlocked:           of[Unlocked](SeverityWarning, "Somebody took a lock away from whoever held it."),
	TypeNotificationSent:   of[Notification](SeverityInfo, "A message reached its receiver."),
	TypeNotificationFailed: of[Notification](SeverityError, "A message was given up."),
	TypeDeadLettered:       of[DeadLettered](SeverityError, "A consumer group gave up on an event, or an entry is not what the log has."),
	TypeDeadResolved:       of[DeadResolved](SeverityInfo, "Somebody gave events back to the group that gave up on them, or dropped them."),
	TypeBusDegraded:        of[Bus](SeverityError, "Events wait in the log: they can not be distributed."),
	TypeBusRecovered:       of[Bus](SeverityInfo, "Events are distributed again."),
	TypeWorkerJoined:       of[Worker](SeverityInfo, "A process began its work."),
	TypeWorkerLeft:         of[Worker](SeverityInfo, "A process ended its work."),
	TypeLeaderElected:      of[Leader](SeverityInfo, "A worker does, from now on, what only one does at a time."),
	TypeLogArchived:        of[LogArchived](SeverityInfo, "The oldest events of the log were moved to a file."),
	TypeLogHeld:            of[LogHeld](SeverityWarning, "Events are old enough to be archived, and stay because a consumer group has not handled them."),
}

// Streams returns the names of all streams, in the order in which they are worth reading.
func Streams() []string {
	return []string{StreamIntent, StreamReconciler, StreamDrift, StreamDevice, StreamSystem}
}

// Types returns every type of the catalogue, in alphabetical order.
func Types() []Type { return slices.Sorted(maps.Keys(catalogue)) }

// Kinds returns the catalogue, in the order of Types.
func Kinds() []Kind {
	var out []Kind
	for _, t := range Types() {
		k := catalogue[t]
		k.Type, k.Stream = t, StreamOf(t)
		out = append(out, k)
	}
	return out
}

// Known reports whether the type is in this build's catalogue. A reader passes over what is not: a newer build wrote it.
func (t Type) Known() bool {
	_, ok := catalogue[t]
	return ok
}

// Matches reports whether t is the pattern or under it: "drift" and "drift." match every drift event,
// "drift.detected" only itself, the empty pattern everything.
func (t Type) Matches(pattern string) bool {
	pattern = strings.TrimSuffix(pattern, ".")
	rest, ok := strings.CutPrefix(string(t), pattern)
	return ok && (pattern == "" || rest == "" || rest[0] == '.')
}

// StreamOf returns the stream that events of the type travel on. A type of a domain that this build
// does not know travels on system.
func StreamOf(t Type) string {
	domain, _, _ := strings.Cut(string(t), ".")
	switch domain {
	case "intent", "window":
		return StreamIntent
	case "reconciler", "approval", "control":
		return StreamReconciler
	case "drift":
		return StreamDrift
	case "device":
		return StreamDevice
	default:
		return StreamSystem
	}
}
