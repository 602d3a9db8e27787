package intent

// ScopeSpec is the spec of a Scope. The most specific path that matches decides, over all Scopes of a device.
type ScopeSpec struct {
	// All devices if absent.
	Devices *Selector   `json:"devices,omitempty"`
	Rules   []ScopeRule `json:"rules,omitempty"`
	// Paths that are never deleted or replaced, whatever the rules say.
	Protect []string `json:"protect,omitempty"`
	// What a plan that nobody asked for may delete of one device; the least of several Scopes counts.
	MaxDeletes *MaxDeletes `json:"maxDeletes,omitempty"`
}

// MaxDeletes bounds what a plan may delete of one device without an approval, whatever the policies say.
type MaxDeletes struct {
	// Leaves; 50 if absent.
	Leaves *int `json:"leaves,omitempty" jsonschema:"minimum=0"`
	// Percent of the leaves that Tenter has written on the device; 10 if absent. Up to ten leaves are never too large a share.
	Percent *int `json:"percent,omitempty" jsonschema:"minimum=0,maximum=100"`
}

// ScopeRule gives an action to a path and all below it.
type ScopeRule struct {
	// Path with wildcards: "/interfaces/interface[name=*]".
	Path   string `json:"path"`
	Action string `json:"action" jsonschema:"enum=own,enum=merge,enum=report,enum=ignore"`
}

// DriftPolicySpec is the spec of a DriftPolicy. The most specific path that matches decides, over all DriftPolicies
// of a device; what no policy covers is proposed.
type DriftPolicySpec struct {
	// All devices if absent.
	Devices *Selector   `json:"devices,omitempty"`
	Rules   []DriftRule `json:"rules" jsonschema:"minItems=1"`
}

// DriftRule gives a mode to a path and all below it.
type DriftRule struct {
	// Path with wildcards; "/**" is everything.
	Path string `json:"path"`
	Mode string `json:"mode" jsonschema:"enum=observe,enum=propose,enum=enforce,enum=adopt,enum=ignore"`
	// Last day of ignore, in UTC, or the moment at which it ends; mandatory there.
	Until Date `json:"until,omitempty"`
	// Why drift is ignored; mandatory there.
	Reason string `json:"reason,omitempty"`
	// How bad drift is here; warning if absent. Who is told in chat goes by it.
	Severity string `json:"severity,omitempty" jsonschema:"enum=info,enum=warning,enum=error,enum=critical"`
	// How long a leaf that was written with another value than before is only observed.
	Grace Duration `json:"grace,omitempty"`
}

// ScheduleSpec is the spec of a Schedule.
type ScheduleSpec struct {
	// All devices if absent.
	Devices *Selector `json:"devices,omitempty"`
	// When to start: minute, hour, day of month, month, day of week.
	Cron Cron `json:"cron"`
	// IANA time zone of cron.
	TimeZone TimeZone `json:"timeZone"`
	// plan: make a plan that waits; reconcile: plan and run as policy allows.
	Action string `json:"action" jsonschema:"enum=plan,enum=reconcile"`
}
