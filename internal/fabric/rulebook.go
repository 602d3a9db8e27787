package fabric

import "github.com/tenter-net/tenter/internal/intent"

// Policies returns the policy documents that the Fabric was compiled from, in the order of files and lines.
func (f *Fabric) Policies() []intent.PolicyDoc { return f.set.Policies() }
