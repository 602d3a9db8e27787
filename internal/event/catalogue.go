package event

import (
	"fmt"
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
	TypeApplyCompleted Type = "reconciler.apply_completed"
	TypeApplyFailed    Type = "reconciler.apply_failed"
	TypeRolledBack     Type = "reconciler.rolled_back"

	TypeApprovalRequested Type = "approval.requested"
	TypeApprovalGranted   Type = "approval.granted"
	TypeApprovalDenied    Type = "approval.denied"

	TypeDriftDetected   Type = "drift.detected"
	TypeDriftUpdated    Type = "drift.updated"
	TypeDriftHeld       Type = "drift.held"
	TypeDriftRemediated Type = "drift.remediated"

	TypeDeviceConnected    Type = "device.connected"
	TypeDeviceDisconnected Type = "device.disconnected"
	TypeDeviceSynced       Type = "device.synced"
	TypeDeviceCapabilities Type = "device.capabilities"
	TypeDeviceEnrolled     Type = "device.enrolled"
	TypeDeviceHeld         Type = "device.held"
	TypeDeviceForgotten    Type = "device.forgotten"

	TypeCommand    Type = "control.command"
	TypeCommandAck Type = "control.ack"

	TypeNotificationSent   Type = "notification.sent"
	TypeNotificationFailed Type = "notification.failed"

	TypeDeadLettered Type = "bus.dead_lettered"
	TypeBusDegraded  Type = "bus.degraded"
	TypeBusRecovered Type = "bus.recovered"

	TypeWorkerJoined Type = "worker.joined"
	TypeWorkerLeft   Type = "worker.left"

	TypeLeaderElected Type = "leader.elected"
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

type entry struct {
	data     reflect.Type
	severity string
}

func of[T any](severity string) entry { return entry{reflect.TypeFor[T](), severity} }

var catalogue = map[Type]entry{
	TypeIntentChanged:      of[IntentChanged](SeverityInfo),
	TypeIntentValidated:    of[IntentValidated](SeverityInfo),
	TypeIntentRejected:     of[IntentRejected](SeverityError),
	TypePlanGenerated:      of[PlanGenerated](SeverityInfo),
	TypePlanExpired:        of[PlanExpired](SeverityInfo),
	TypeApplyStarted:       of[ApplyStarted](SeverityInfo),
	TypeStepCompleted:      of[StepCompleted](SeverityInfo),
	TypeApplyCompleted:     of[ApplyCompleted](SeverityInfo),
	TypeApplyFailed:        of[ApplyFailed](SeverityError),
	TypeRolledBack:         of[RolledBack](SeverityWarning),
	TypeApprovalRequested:  of[Approval](SeverityWarning),
	TypeApprovalGranted:    of[Approval](SeverityInfo),
	TypeApprovalDenied:     of[Approval](SeverityInfo),
	TypeDriftDetected:      of[Drift](SeverityWarning),
	TypeDriftUpdated:       of[Drift](SeverityWarning),
	TypeDriftHeld:          of[Drift](SeverityError),
	TypeDriftRemediated:    of[DriftRemediated](SeverityInfo),
	TypeDeviceConnected:    of[Device](SeverityInfo),
	TypeDeviceDisconnected: of[Device](SeverityWarning),
	TypeDeviceSynced:       of[Device](SeverityInfo),
	TypeDeviceCapabilities: of[Device](SeverityInfo),
	TypeDeviceEnrolled:     of[DeviceEnrolled](SeverityInfo),
	TypeDeviceHeld:         of[Device](SeverityCritical),
	TypeDeviceForgotten:    of[Device](SeverityWarning),
	TypeCommand:            of[Command](SeverityInfo),
	TypeCommandAck:         of[CommandAck](SeverityInfo),
	TypeNotificationSent:   of[Notification](SeverityInfo),
	TypeNotificationFailed: of[Notification](SeverityError),
	TypeDeadLettered:       of[DeadLettered](SeverityError),
	TypeBusDegraded:        of[Bus](SeverityError),
	TypeBusRecovered:       of[Bus](SeverityInfo),
	TypeWorkerJoined:       of[Worker](SeverityInfo),
	TypeWorkerLeft:         of[Worker](SeverityInfo),
	TypeLeaderElected:      of[Leader](SeverityInfo),
}

// Streams returns the names of all streams, in the order in which they are worth reading.
func Streams() []string {
	return []string{StreamIntent, StreamReconciler, StreamDrift, StreamDevice, StreamSystem}
}

// Types returns every type of the catalogue, in alphabetical order.
func Types() []Type { return slices.Sorted(maps.Keys(catalogue)) }

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

// Check refuses a draft whose type is not in the catalogue or whose data is not that type's struct:
// a producer's mistake must not reach the log, where it could never be taken back.
func (d Draft) Check() error {
	e, ok := catalogue[d.Type]
	if !ok {
		return fmt.Errorf("event type %q: not in the catalogue", d.Type)
	}
	if got := reflect.TypeOf(d.Data); got != e.data {
		return fmt.Errorf("event type %q: data is %v, want %v", d.Type, got, e.data)
	}
	return nil
}
