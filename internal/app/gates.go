package app

import (
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/gate"
	"github.com/tenter-net/tenter/internal/intent"
)

const codeGate intent.Code = "T0706"

// ungated are the gates of Rollouts that cannot be evaluated on one of their devices: a gate that nobody can look at must not
// pass for one that is well.
func (c *compiler) ungated(out *Compiled) intent.Diagnostics {
	var all intent.Diagnostics
	for _, r := range out.Fabric.Rollouts {
		for i, g := range gate.Of(r.Gates) {
			at := slices.IndexFunc(r.Devices, func(n intent.DeviceName) bool {
				t := out.targets[n]
				return t != nil && g.Lacks(t.profile) != ""
			})
			if at < 0 {
				continue
			}
			name, from := r.Devices[at], r.Gates[i].Source
			all = append(all, intent.Diagnostic{
				Severity: intent.SeverityError, Code: codeGate, About: "a gate cannot be evaluated on a device",
				File: from.File, Line: from.Line, Column: from.Column,
				Message: fmt.Sprintf("device %q: gate %s: %s; leave the device out of this Rollout, or the gate", name, g.Kind, g.Lacks(out.targets[name].profile)),
			})
		}
	}
	return all
}
