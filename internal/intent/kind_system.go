package intent

// SystemSpec is the spec of a System.
type SystemSpec struct {
	// All devices if absent.
	Devices *Selector   `json:"devices,omitempty"`
	NTP     *NTPSpec    `json:"ntp,omitempty"`
	DNS     *DNSSpec    `json:"dns,omitempty"`
	Syslog  []LogServer `json:"syslog,omitempty"`
	Banner  *BannerSpec `json:"banner,omitempty"`
	// IANA time zone of the devices' clocks.
	TimeZone TimeZone `json:"timeZone,omitempty"`
}

// NTPSpec lists time servers.
type NTPSpec struct {
	Servers []NTPServer `json:"servers" jsonschema:"minItems=1"`
}

// NTPServer is a time server.
type NTPServer struct {
	Address Host `json:"address"`
	Prefer  bool `json:"prefer,omitempty"`
	// Network instance to reach it through.
	NetworkInstance string `json:"networkInstance,omitempty"`
}

// DNSSpec is name resolution.
type DNSSpec struct {
	// Domain of the device's own name.
	Domain  string   `json:"domain,omitempty"`
	Search  []string `json:"search,omitempty"`
	Servers []Host   `json:"servers,omitempty"`
	// Network instance to reach the servers through.
	NetworkInstance string `json:"networkInstance,omitempty"`
}

// LogServer is a remote syslog server.
type LogServer struct {
	Address Host `json:"address"`
	// UDP port, 514 if absent.
	Port int `json:"port,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// local7 if absent.
	Facility string `json:"facility,omitempty" jsonschema:"enum=kernel,enum=user,enum=system,enum=security,enum=local0,enum=local1,enum=local2,enum=local3,enum=local4,enum=local5,enum=local6,enum=local7"`
	// Least severe level to send; informational if absent.
	Severity string `json:"severity,omitempty" jsonschema:"enum=emergency,enum=alert,enum=critical,enum=error,enum=warning,enum=notice,enum=informational,enum=debug"`
	// Network instance to reach it through.
	NetworkInstance string `json:"networkInstance,omitempty"`
}

// BannerSpec is what people see when they log in.
type BannerSpec struct {
	// Before login.
	Login string `json:"login,omitempty"`
	// After login.
	MOTD string `json:"motd,omitempty"`
}

// ConfigSpec is the spec of a Config.
type ConfigSpec struct {
	// All devices if absent.
	Devices *Selector `json:"devices,omitempty"`
	// Dialect that the paths are written for; all chosen devices must speak it.
	Dialect string `json:"dialect" jsonschema:"enum=openconfig,enum=srlinux,enum=eos,enum=frr,enum=native"`
	// Higher wins over lower and over everything that other kinds say (0).
	Priority int `json:"priority,omitempty" jsonschema:"minimum=0,maximum=1000"`
	// Origin of the paths (gNMI specification §2.7.1); if absent the dialect's own: srl_nokia for srlinux, cli for frr,
	// else openconfig.
	Origin string     `json:"origin,omitempty"`
	Leaves []LeafSpec `json:"leaves" jsonschema:"minItems=1"`
}

// LeafSpec is a path with its value.
type LeafSpec struct {
	// "/interfaces/interface[name=Ethernet1]/config/mtu".
	Path string `json:"path"`
	// As in JSON; a list for a leaf-list.
	Value any `json:"value,omitempty"`
	// Secret with the value.
	ValueFrom *SecretRef `json:"valueFrom,omitempty"`
	// Instead of a value: nothing of what documents of less priority say at and under the path is meant.
	Omit bool `json:"omit,omitempty"`
}
