// Package profile says, as data, how a family of devices behaves over its transport: origins, encodings, names,
// what it can stream, how it saves. A quirk of a vendor is a field of a profile, never a condition in the code.
//
// Profiles are YAML files, embedded, and overridable by files of the same name in a directory of the user's; a file that
// extends another profile holds only what differs. Next to its values a file says why it has them and where that is
// published; Explain tells it for every field. A loaded Profile is never changed, so any number of goroutines may share
// one.
package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/path"
)

// A Profile is the behaviour of one family of devices.
type Profile struct {
	Name        string      `yaml:"-"` // of the file, without .yaml
	Description string      `yaml:"description"`
	Transport   Transport   `yaml:"transport"`
	Target      string      `yaml:"target"` // prefix.target of every request, empty for none
	Origins     []Origin    `yaml:"origins"`
	Encodings   Encodings   `yaml:"encodings"`
	Granularity Granularity `yaml:"granularity"` // of what one update of a Set carries
	Everything  Everything  `yaml:"everything"`
	Read        ReadMethod  `yaml:"read"` // tried first; the other one where it is unimplemented
	Phasing     Phasing     `yaml:"phasing"`
	Defaults    Defaults    `yaml:"defaults"`
	Secrets     Secrets     `yaml:"secrets"`
	Names       Names       `yaml:"names"`
	Facts       FactPaths   `yaml:"facts"`
	State       State       `yaml:"state"`
	Watch       Watch       `yaml:"watch"`
	Limits      Limits      `yaml:"limits"`
	Save        Save        `yaml:"save"`
	// CommitConfirmed opens each Set as a commit that the device rolls back unless it is confirmed (gNMI extension Commit).
	CommitConfirmed bool `yaml:"commitConfirmed"`
	// Prove is a text leaf that may be set for a moment: before the first commit that is to be confirmed, Tenter sets it in one
	// that nobody confirms, and sees the device take that back. Without it commits are never confirmed.
	Prove Path `yaml:"prove"`
	// Arbitration sends an election id with each Set (gNMI extension MasterArbitration).
	Arbitration bool       `yaml:"arbitration"`
	CLI         CLI        `yaml:"cli"`     // of TransportCLI; the syntax also of commands that go with a gNMI Set
	NETCONF     NETCONF    `yaml:"netconf"` // of TransportNETCONF
	Management  Management `yaml:"management"`
	Protected   []Pattern  `yaml:"protected"` // never deleted or replaced, whatever the policy
	// Together are groups of leaves of which the device takes none without the others in the same Set. A key value "*" stands for
	// any, and the same one within a group.
	Together [][]Path `yaml:"together"`

	reasons map[string]reason // by field
	places  map[string]string // "file:line" by field that a file sets
}

// An Origin maps the origin of our paths to what the device calls it, and says which models it has there.
type Origin struct {
	Schema string `yaml:"schema"` // our origin: "openconfig"
	Wire   string `yaml:"wire"`   // in requests; empty leaves the field out
	// Models is a schema of the program, or a .schema file beside the profile; empty is the one named as the origin.
	Models string `yaml:"models"`
	// Qualified: the first element of a path carries its module, as "openconfig-interfaces:interfaces".
	Qualified bool `yaml:"qualified"`
}

// Everything is how the whole configuration is asked for, per RPC.
type Everything struct {
	Get       Breadth `yaml:"get"`
	Subscribe Breadth `yaml:"subscribe"`
}

// Encodings are the gNMI encodings that work per RPC.
type Encodings struct {
	Get       Encoding `yaml:"get"`
	Set       Encoding `yaml:"set"`
	Subscribe Encoding `yaml:"subscribe"`
}

// Defaults says what the device does about leaves that nobody set.
type Defaults struct {
	// Echoed: leaves at their default are reported as if they had been set.
	Echoed bool `yaml:"echoed"`
}

// Secrets says which secrets the device shows in a form of its own, and as another text each time that they are set. They
// are known by the types that their leaves have in its models, by their names without a prefix.
type Secrets struct {
	Types []string   `yaml:"types"`
	Shown Expression `yaml:"shown"` // what such a text matches, and a secret in clear does not
}

// FactPaths are where a probe reads what identifies the device. An empty path is not read.
type FactPaths struct {
	SoftwareVersion Path `yaml:"softwareVersion"`
	Serial          Path `yaml:"serial"`
	ChassisMAC      Path `yaml:"chassisMac"`
	BootTime        Path `yaml:"bootTime"` // nanoseconds since 1970
}

// State is where gates read what works on the device. Key values "*" stand for all entries. A path that is empty is not
// known, and a gate that needs it cannot be evaluated on the device.
type State struct {
	BGP          Path   `yaml:"bgp"`          // the state of each BGP session; the instance is its first key, the neighbor its last
	BGPUp        string `yaml:"bgpUp"`        // what that is of a session that is established
	Interfaces   Path   `yaml:"interfaces"`   // the operational state of each interface
	InterfacesUp string `yaml:"interfacesUp"` // what that is of one that is up
	LLDP         Path   `yaml:"lldp"`         // the system name of each neighbour; its first key is the interface
}

// Watch is how to stay informed.
type Watch struct {
	First    Stage     `yaml:"first"`    // the first rung of the ladder
	OnChange []Pattern `yaml:"onChange"` // subtrees that stream on change; the others start at TARGET_DEFINED

	SyncTimeout    time.Duration `yaml:"syncTimeout"`    // silence until sync_response that steps down the ladder
	SampleInterval time.Duration `yaml:"sampleInterval"` // of the SAMPLE rung
	PollInterval   time.Duration `yaml:"pollInterval"`   // of the last rung, and of command lines beside a stream
	AuditInterval  time.Duration `yaml:"auditInterval"`  // between full reads, whatever the stream says

	// ConfigSubscription asks for configuration only, by the gNMI extension of that name, where the device has it.
	ConfigSubscription bool `yaml:"configSubscription"`
}

// Limits are what a session keeps to.
type Limits struct {
	MaxMessage       int           `yaml:"maxMessage"`    // bytes of one message to the device; over gNMI its answers may have up to 64 MiB all the same
	MaxOperations    int           `yaml:"maxOperations"` // deletes, replaces and updates of one Set; 0 for any number
	MaxCalls         int           `yaml:"maxCalls"`      // RPCs under way at once, streams counted; 0 for any number
	Timeout          time.Duration `yaml:"timeout"`       // of a unary RPC
	KeepaliveTime    time.Duration `yaml:"keepaliveTime"`
	KeepaliveTimeout time.Duration `yaml:"keepaliveTimeout"`
}

// Save is how the running configuration becomes the startup configuration.
type Save struct {
	Method  SaveMethod `yaml:"method"`
	Command string     `yaml:"command"` // of SaveCLI: one update with origin "cli" and this as ascii_val
	Show    string     `yaml:"show"`    // of SaveCLI: a Get of this element with origin "cli" returns what was saved
}

// NETCONF is how a device is written to over NETCONF. What it can do otherwise it says itself, in its hello.
type NETCONF struct {
	// Validate sends validate before a commit where the device has it. A commit validates anyway (RFC 6241, section
	// 8.3.4.1).
	Validate bool `yaml:"validate"`
}

// Management names what Tenter reaches the device through; a device may name its own. Patterns of Protected hold
// {interface} and {networkInstance} where these names go.
type Management struct {
	Interface       string `yaml:"interface"`
	NetworkInstance string `yaml:"networkInstance"`
}

// WireOrigin returns what requests call the origin of our paths; an origin that the profile does not list keeps its
// name.
func (p *Profile) WireOrigin(schema string) string {
	for _, o := range p.Origins {
		if o.Schema == schema {
			return o.Wire
		}
	}
	return schema
}

// Qualifies reports whether the device wants the module of the first element of paths of an origin.
func (p *Profile) Qualifies(schema string) bool {
	return slices.ContainsFunc(p.Origins, func(o Origin) bool { return o.Schema == schema && o.Qualified })
}

// StreamsOnChange reports whether everything at and below prefix streams on change.
func (p *Profile) StreamsOnChange(prefix path.Path) bool { return matches(p.Watch.OnChange, prefix) }

// ProtectedPatterns returns what is never deleted or replaced on a device that is managed through the named interface
// and network instance; an empty name means the profile's own.
func (p *Profile) ProtectedPatterns(via Management) ([]path.Pattern, error) {
	names := strings.NewReplacer(
		"{interface}", escapeKey(cmp.Or(via.Interface, p.Management.Interface)),
		"{networkInstance}", escapeKey(cmp.Or(via.NetworkInstance, p.Management.NetworkInstance)),
	)
	patterns := make([]path.Pattern, len(p.Protected))
	for i, g := range p.Protected {
		var err error
		if patterns[i], err = path.ParsePattern(names.Replace(g.String())); err != nil {
			return nil, fmt.Errorf("protected %q: %w", g, err)
		}
	}
	return patterns, nil
}

// escapeKey writes a name as the value of a key in a path.
func escapeKey(name string) string { return strings.NewReplacer(`\`, `\\`, `]`, `\]`).Replace(name) }

func matches(patterns []Pattern, p path.Path) bool {
	for _, g := range patterns {
		if g.Covers(p) {
			return true
		}
	}
	return false
}
