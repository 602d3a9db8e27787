package reconcile

import (
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/run"
)

// ann may do everything.
var ann = policy.Who{Name: "ann", Role: policy.Admin, Via: policy.ViaSelf}

// byAnn is a run that ann asks for.
func byAnn(mode run.Mode) Beginning { return Beginning{Who: ann, OnFailure: mode} }
