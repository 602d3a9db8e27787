package fabric

import "github.com/tenter-net/tenter/internal/intent"

func prove(f *Fabric, set *intent.Set) intent.Diagnostics { return nil }
