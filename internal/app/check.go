package app

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
)

// The codes of what only a whole device's configuration shows.
const (
	codeModelRule intent.Code = "T0704"
	codeModelHint intent.Code = "T0954"
)

// A checked result is one that was held against the rules of its model.
type checked struct {
	result *render.Result
	diags  intent.Diagnostics
}

// check holds the devices' whole configurations against the rules of their models (RFC 7950 §8.1). A device whose result
// was checked before is not checked again.
func (c *compiler) check(out *Compiled) intent.Diagnostics {
	results := make([]checked, len(out.Fabric.Devices))
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, d := range out.Fabric.Devices {
		r := out.targets[d.Name].result
		if results[i] = c.checked[d.Name]; results[i].result == r {
			continue
		}
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			results[i] = checked{r, violations(d, out.targets[d.Name].profile.Management, r.Desired, out.Sources)}
		})
	}
	wg.Wait()
	all := slices.Concat(c.unreachable(out), c.ungated(out), c.odd(out))
	c.checked = make(map[intent.DeviceName]checked, len(results))
	for i, d := range out.Fabric.Devices {
		c.checked[d.Name] = results[i]
		all = append(all, results[i].diags...)
	}
	return all
}

// violations are errors where nothing that the device has besides could mend them. The others are warnings: what is
// missing here may be there, and conditions of a model (must, when) are known to be stricter than devices are. What the
// device is managed through is there.
func violations(device *fabric.Device, factory profile.Management, desired *tree.Tree, sources *tree.Sources) intent.Diagnostics {
	found, _ := tree.Validate(desired, nil)
	via := device.Access.Management
	managed := []string{
		cmp.Or(via.Interface, factory.Interface), cmp.Or(via.NetworkInstance, factory.NetworkInstance),
	}
	var out intent.Diagnostics
	for _, v := range found {
		if l, ok := desired.Get(v.Path); ok && v.Rule == "leafref" && slices.Contains(managed, l.Value.Text()) {
			continue
		}
		at := sources.Get(v.Source)
		d := intent.Diagnostic{
			Severity: intent.SeverityWarning, Code: codeModelHint, About: "the device's model has a rule that the configuration breaks",
			File: at.File, Line: at.Line, Column: at.Column,
			Message: fmt.Sprintf("device %q: %s: %s", device.Name, v.Path, v.Reason),
		}
		switch v.Rule {
		case "unique", "max-elements", "choice", "key":
			d.Severity, d.Code = intent.SeverityError, codeModelRule
		}
		out = append(out, d)
	}
	return out
}
