package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// summary is what an event tells, in one line for people. Scripts take the JSON lines.
func summary(e event.Event) string {
	switch e.Type {
	case event.TypeIntentChanged, event.TypeIntentValidated, event.TypeIntentRejected:
		return intentSummary(e)
	case event.TypeDriftDetected, event.TypeDriftUpdated, event.TypeDriftHeld, event.TypeDriftRemediated, event.TypeDriftAdopted,
		event.TypeDriftReleased:
		return driftSummary(e)
	case event.TypeDeviceConnected, event.TypeDeviceDisconnected, event.TypeDeviceSynced, event.TypeDeviceCapabilities, event.TypeDeviceHeld, event.TypeDeviceForgotten,
		event.TypeDeviceEnrolled, event.TypeDeviceChanged:
		return deviceSummary(e)
	case event.TypePlanGenerated, event.TypePlanExpired, event.TypeApprovalRequested, event.TypeApprovalGranted, event.TypeApprovalDenied, event.TypeApprovalEscalated, event.TypeCommand:
		return planSummary(e)
	case event.TypeApplyStarted, event.TypeBatchStarted, event.TypeBatchWaits, event.TypeStepCompleted, event.TypeApplyCompleted, event.TypeApplyFailed, event.TypeRolledBack, event.TypeCommandAck:
		return runSummary(e)
	case event.TypeWindowOpened, event.TypeWindowClosed, event.TypeWindowFrozen, event.TypeWindowUnfrozen, event.TypeUnlocked:
		return windowSummary(e)
	case event.TypeApprovalOverridden, event.TypeTokenCreated, event.TypeTokenRevoked:
		return accessSummary(e)
	default:
		return systemSummary(e)
	}
}

func accessSummary(e event.Event) string {
	if e.Type == event.TypeApprovalOverridden {
		d := data[event.ApprovalOverridden](e)
		return phrases("plan "+d.Plan+" runs without what it needs", "by "+e.Actor, d.Reason, only(d.Missing != "", "missing: "+d.Missing))
	}
	d := data[event.Token](e)
	return phrases(fmt.Sprintf("token %s of %s, %s", d.ID, d.User, d.Role), "by "+e.Actor)
}

func windowSummary(e event.Event) string {
	when := func(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
	switch e.Type {
	case event.TypeUnlocked:
		d := data[event.Unlocked](e)
		return phrases(d.Lock+" taken from "+d.Holder, only(d.Doing != "", "which was at "+d.Doing), d.Reason)
	case event.TypeWindowFrozen, event.TypeWindowUnfrozen:
		d := data[event.Freeze](e)
		return phrases(only(e.Type == event.TypeWindowFrozen, "until "+when(d.Until)), d.Reason)
	}
	d := data[event.Window](e)
	next := "opens again "
	if e.Type == event.TypeWindowOpened {
		next = "closes "
	}
	return phrases(fmt.Sprintf("window %s (%s)", d.Window, d.Mode), fmt.Sprintf("%d devices", len(d.Devices)), only(!d.Turns.IsZero(), next+when(d.Turns)), d.Reason)
}

// data decodes an event's data. What cannot be decoded, from a newer version perhaps, is summed up by what can.
func data[T any](e event.Event) T {
	var d T
	_ = json.Unmarshal(e.Data, &d) //nolint:errcheck // see above
	return d
}

// phrases joins what there is to say.
func phrases(parts ...string) string {
	var said []string
	for _, p := range parts {
		if p != "" {
			said = append(said, strings.Join(strings.Fields(p), " "))
		}
	}
	return strings.Join(said, ", ")
}

// only is text if it is true, else nothing.
func only(is bool, text string) string {
	if !is {
		return ""
	}
	return text
}

// hash shortens a content hash as git does.
func hash(h string) string { return h[:min(len(h), 8)] }

// commitText shortens a commit as git does; what is not as it was committed stays marked.
func commitText(id string) string {
	if rest, dirty := strings.CutSuffix(id, "-dirty"); dirty {
		return hash(rest) + "-dirty"
	}
	return hash(id)
}

// signed is a commit's subject and its author, as far as they are known.
func signed(subject, author string) string {
	switch {
	case subject == "":
		return ""
	case author == "":
		return fmt.Sprintf("%q", subject)
	}
	return fmt.Sprintf("%q by %s", subject, author)
}

func intentSummary(e event.Event) string {
	switch e.Type {
	case event.TypeIntentChanged:
		d := data[event.IntentChanged](e)
		return phrases("generation "+hash(d.Generation), only(d.Commit != "", "commit "+commitText(d.Commit)), counted(d.Files, "file"), signed(d.Subject, d.Author))
	case event.TypeIntentValidated:
		d := data[event.IntentValidated](e)
		return phrases("generation "+hash(d.Generation)+" is in force", signed(d.Subject, d.Author),
			only(len(d.Devices) > 0, "may concern "+deviceList(d.Devices)))
	default:
		d := data[event.IntentRejected](e)
		return phrases(only(d.Commit != "", "commit "+commitText(d.Commit)), signed(d.Subject, d.Author), counted(len(d.Diagnostics), "mistake")) + only(len(d.Diagnostics) > 0, ": "+strings.Join(d.Diagnostics[:min(1, len(d.Diagnostics))], ""))
	}
}

func driftSummary(e event.Event) string {
	switch e.Type {
	case event.TypeDriftRemediated:
		d := data[event.DriftRemediated](e)
		return phrases("by "+d.By+" after "+tookText(d.Duration), d.Run, findingsText(d.Findings, len(d.Findings)))
	case event.TypeDriftAdopted:
		d := data[event.DriftAdopted](e)
		return phrases("the intents want it by now", only(d.Commit != "", "commit "+hash(d.Commit)), findingsText(d.Findings, len(d.Findings)))
	case event.TypeDriftReleased:
		return phrases("it is put back again", data[event.DriftReleased](e).Reason)
	}
	d := data[event.Drift](e)
	detected := e.Type == event.TypeDriftDetected
	return phrases(d.Reason, findingsText(d.Findings, d.Total), "mode "+d.Mode, only(d.Severity != "" && d.Severity != event.SeverityWarning, d.Severity),
		only(detected && d.Hand != "" && d.Hand != view.HandUnknown, handText(d.Hand)), graceText(d.Grace), only(d.Next != "", "next: "+d.Next))
}

// handText says whose hand it was that changed a device.
func handText(hand string) string {
	switch hand {
	case view.HandRestart:
		return "the device's own: it restarted"
	case view.HandExpired:
		return "the device's own: a commit was not confirmed in time"
	case view.HandRun:
		return "a run of Tenter's"
	case view.HandUnknown:
		return "not known"
	}
	return ""
}

// graceText says until when drift is only observed, as what drifted is new.
func graceText(until time.Time) string {
	if until.IsZero() {
		return ""
	}
	return "new: only observed until " + until.Local().Format(time.TimeOnly)
}

// findingsText names the first finding and counts the others.
func findingsText(list []event.Finding, total int) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].Class + " " + list[0].Path + only(total > 1, fmt.Sprintf(" and %d more", total-1))
}

func deviceSummary(e event.Event) string {
	if e.Type == event.TypeDeviceEnrolled {
		d := data[event.DeviceEnrolled](e)
		return phrases(only(e.Actor != "", "by "+e.Actor), only(d.Serial != "", "serial "+d.Serial), only(d.ChassisMAC != "", "chassis MAC "+d.ChassisMAC),
			only(d.Certificate != "", "certificate "+hash(d.Certificate)+"…"), only(d.HostKey != "", "host key "+d.HostKey),
			only(d.Software != "", "software "+d.Software), only(d.Replaces != "", "replaces: "+d.Replaces), d.Reason)
	}
	d := data[event.Device](e)
	if e.Type == event.TypeDeviceChanged && d.State != nil {
		return phrases(only(d.State.Sync != "" || d.State.Health != "", d.State.Sync+" "+d.State.Health), only(e.ActorType == event.ActorUser, d.Reason+" by "+e.Actor),
			only(e.ActorType != event.ActorUser, d.State.Reason))
	}
	return phrases(only(e.Type != event.TypeDeviceCapabilities, d.Address), d.Stage, only(d.GNMI != "", "gNMI "+d.GNMI), only(d.Software != "", "software "+d.Software),
		only(d.Serial != "", "serial "+d.Serial), d.Reason)
}

func planSummary(e event.Event) string {
	switch e.Type {
	case event.TypePlanGenerated:
		d := data[event.PlanGenerated](e)
		var add, change, del int
		var names []intent.DeviceName
		for _, p := range d.Devices {
			add, change, del = add+p.Add, change+p.Change, del+p.Delete
			names = append(names, p.Device)
		}
		return phrases(fmt.Sprintf("plan %s for %s: +%d ~%d -%d on %s", d.Plan, d.Cause, add, change, del, deviceList(names)),
			only(d.NeedsApproval, "waits for approval"), d.Reason)
	case event.TypePlanExpired:
		d := data[event.PlanExpired](e)
		return phrases("plan "+d.Plan, d.Reason)
	case event.TypeCommand:
		d := data[event.Command](e)
		return phrases(d.Verb+" "+only(d.Run == "", deviceList(d.Devices))+d.Run, only(d.Schedule != "", "schedule "+d.Schedule), d.Reason)
	default:
		d := data[event.Approval](e)
		return phrases("plan "+d.Plan, only(e.Actor != "", "by "+e.Actor), d.Reason)
	}
}

func runSummary(e event.Event) string {
	switch e.Type {
	case event.TypeApplyStarted:
		d := data[event.ApplyStarted](e)
		return fmt.Sprintf("%s for %s on %s", d.Run, d.Cause, deviceList(d.Devices))
	case event.TypeBatchStarted:
		d := data[event.BatchStarted](e)
		return phrases(batchOf(d.Batch, d.Of, d.Canary, d.Devices), d.Reason)
	case event.TypeBatchWaits:
		return data[event.BatchWaits](e).Standing
	case event.TypeStepCompleted:
		return phrases(stepText(data[event.StepCompleted](e)))
	case event.TypeCommandAck:
		d := data[event.CommandAck](e)
		return phrases(d.Verb+" "+d.Run+" "+d.Outcome, d.Reason)
	case event.TypeRolledBack:
		d := data[event.RolledBack](e)
		return phrases(d.Run, "put back", only(d.Proven, "proven by reading"), only(!d.Proven, "not proven"), only(len(d.Left) > 0, "left "+strings.Join(d.Left, " ")))
	default:
		d := data[event.ApplyFailed](e) // has all fields of ApplyCompleted
		changes := 0
		var left []string
		for _, r := range d.Devices {
			changes += r.Changes
			if r.Outcome != "done" {
				left = append(left, string(r.Device)+" "+r.Outcome)
			}
		}
		return phrases(d.Run+" "+d.Outcome, counted(changes, "change")+" in "+tookText(d.Duration), strings.Join(left, ", "), d.Error)
	}
}

func systemSummary(e event.Event) string {
	switch e.Type {
	case event.TypeNotificationSent, event.TypeNotificationFailed:
		d := data[event.Notification](e)
		return phrases("to "+d.Receiver, only(d.Count > 0, counted(d.Count, "event")), d.Error)
	case event.TypeDeadLettered:
		d := data[event.DeadLettered](e)
		return phrases("group "+d.Group, only(d.Entry != "", "entry "+d.Entry), only(d.Seq > 0, fmt.Sprintf("event %d %s", d.Seq, d.Type)), d.Reason)
	case event.TypeDeadResolved:
		d := data[event.DeadResolved](e)
		return phrases("group "+d.Group, d.Action+" "+counted(len(d.Seqs), "event"), d.Reason)
	case event.TypeBusDegraded, event.TypeBusRecovered:
		d := data[event.Bus](e)
		return phrases(d.Reason, only(d.Duration > 0, "after "+tookText(d.Duration)))
	case event.TypeLeaderElected:
		d := data[event.Leader](e)
		return phrases(d.Election+" by "+d.Worker+only(d.Previous != "", " after "+d.Previous), fmt.Sprintf("term %d", d.Term))
	case event.TypeLogArchived:
		d := data[event.LogArchived](e)
		return fmt.Sprintf("events %d to %d, to %s", d.First, d.Last, d.File)
	case event.TypeLogHeld:
		d := data[event.LogHeld](e)
		return fmt.Sprintf("group %s has not handled %s since event %d", d.Group, counted(d.Events, "event"), d.Oldest)
	default:
		d := data[event.Worker](e)
		return phrases(d.Worker, strings.Join(d.Roles, " "), d.Reason)
	}
}

func tookText(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
