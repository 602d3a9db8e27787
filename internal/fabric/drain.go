package fabric

import "slices"

// Drained returns the model of a device from which others steer their traffic away, because its own AS number stands so many times
// more before the routes that it announces to them: as the device is, but for that. For a spine it is all that it takes: what goes
// through it is decided by the leaves that hear its routes.
func (d *Device) Drained(prepend int) *Device {
	out := *d
	i := slices.IndexFunc(d.BGP, func(b BGP) bool { return b.VRF == "" })
	if i < 0 {
		return &out
	}
	out.Policies = slices.Clone(d.Policies)
	for k, p := range out.Policies {
		if p.Name != policyUnderlayOut {
			continue
		}
		p.Statements = slices.Clone(p.Statements)
		for j, s := range p.Statements {
			if s.Accept {
				p.Statements[j].PrependASN, p.Statements[j].PrependTimes = d.BGP[i].ASN, prepend
			}
		}
		out.Policies[k] = p
	}
	return &out
}
