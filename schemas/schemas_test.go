package schemas_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
	"github.com/tenter-net/tenter/schemas"
)

// With YANG_DIR set to a directory with the sources that the locks name, the tests also compile them again; with
// -update they write what they compiled.
var update = flag.Bool("update", false, "write the schemas compiled from YANG_DIR")

type spec struct {
	file   string
	dirs   []string // under YANG_DIR, none for the YANG of this directory
	source string
	load   func() *schema.Schema
	opts   compile.Options
}

const eosBGP = "/network-instances/network-instance/protocols/protocol/bgp/"

var specs = []spec{{
	file:   "openconfig",
	dirs:   []string{"openconfig/release/models", "openconfig/third_party"},
	source: "openconfig/public",
	load:   schemas.OpenConfig,
	opts: compile.Options{Name: "openconfig", Version: "v5.9.0", Modules: []string{
		"openconfig-interfaces", "openconfig-if-ethernet", "openconfig-if-aggregate", "openconfig-if-ip", "openconfig-if-ip-ext",
		"openconfig-vlan", "openconfig-lacp", "openconfig-lldp", "openconfig-bfd", "openconfig-network-instance",
		"openconfig-bgp", "openconfig-bgp-policy", "openconfig-evpn", "openconfig-evpn-types", "openconfig-routing-policy",
		"openconfig-defined-sets", "openconfig-local-routing", "openconfig-ethernet-segments",
		"openconfig-system", "openconfig-system-grpc", "openconfig-system-logging", "openconfig-aaa",
		"openconfig-acl", "openconfig-platform", "iana-if-type",
	}, Skip: []string{"ietf-interfaces"}},
}, {
	file:   "srlinux",
	dirs:   []string{"srlinux/srlinux-yang-models/srl_nokia", "srlinux/srlinux-yang-models/ietf", "srlinux/srlinux-yang-models/iana", "srlinux/srlinux-yang-models/openconfig"},
	source: "nokia/srlinux-yang-models",
	load:   schemas.SRLinux,
	opts: compile.Options{
		Name: "srlinux", Version: "v25.3", Modules: []string{"srl_nokia-*"},
		Skip: []string{"srl_nokia-tools-*", "openconfig-*", "ietf-*"},
		// What a 7220 IXR switch has. Features of other chassis come with conditions that a switch does not have, and
		// "not fpcx" with nodes that it does; imgmt takes the system container away, and future-0-0 says of itself that
		// no release has it. For another chassis there is "tenter schema compile --without".
		Features: func(_, feature string) bool {
			return !slices.Contains([]string{
				"platform-imgmt", "platform-vsrl", "platform-7215-a1", "fpcx", "ixr-dnx", "tomahawk3", "future-0-0",
				"bgp-multipath-maximum-paths", // the other of two ways to say it is bgp-peertype-maximum-paths
			}, feature)
		},
	},
}, {
	file:   "eos",
	dirs:   []string{"eos/EOS-4.36.1F", "openconfig/third_party"},
	source: "aristanetworks/yang",
	load:   schemas.EOS,
	opts: compile.Options{
		Name: "eos", Version: "EOS-4.36.1F", Modules: []string{
			"openconfig-interfaces", "openconfig-if-*", "openconfig-network-instance", "openconfig-bfd", "openconfig-lacp", "openconfig-lldp",
			"openconfig-routing-policy", "openconfig-acl", "openconfig-system", "openconfig-system-grpc", "openconfig-evpn-types", "iana-if-type",
			"arista-*-deviations", "arista-*-augments", "arista-l1-open-config-*", "arista-bgp-common-bgp-open-config-*",
			"arista-bfd-open-config-session-config", "arista-fhrp-fhrp-config", "vlan-translation",
			"arista-exp-eos", "arista-exp-eos-bgp", "arista-exp-eos-evpn", "arista-exp-eos-igmpsnooping", "arista-exp-eos-mlag",
			"arista-exp-eos-varp-intf", "arista-exp-eos-vxlan",
		},
		Skip: []string{"ietf-interfaces"},
		// Imported only by deviations of themselves.
		Missing: []string{"openconfig-hercules-interfaces", "openconfig-hercules-platform", "openconfig-hercules-qos"},
		Roots: []string{
			"acl", "arista", "bfd", "components", "interfaces", "keychains", "lacp", "lldp", "macsec", "network-instances", "qos",
			"relay-agent", "routing-policy", "sampling", "stp", "system",
		},
		Prune: []string{
			// EOS has these a second time, in milliseconds.
			eosBGP + "peer-groups/peer-group/enable-bfd/config/arista-bgp-augments:desired-minimum-tx-interval",
			eosBGP + "peer-groups/peer-group/enable-bfd/config/arista-bgp-augments:required-minimum-receive",
			eosBGP + "peer-groups/peer-group/enable-bfd/config/arista-bgp-augments:detection-multiplier",
			eosBGP + "neighbors/neighbor/enable-bfd/config/arista-bgp-augments:desired-minimum-tx-interval",
			eosBGP + "neighbors/neighbor/enable-bfd/config/arista-bgp-augments:required-minimum-receive",
			eosBGP + "neighbors/neighbor/enable-bfd/config/arista-bgp-augments:detection-multiplier",
			// Deviations take away what keys and references in here refer to, or augments repeat whole containers.
			"/bfd/interfaces/interface/micro-bfd-sessions",
			"/network-instances/network-instance/protocols/protocol/isis",
			"/network-instances/network-instance/mpls",
			"/network-instances/network-instance/segment-routing",
			"/network-instances/network-instance/policy-forwarding",
		},
	},
}, {
	file:   "cli",
	source: "schemas/yang",
	load:   schemas.CLI,
	opts:   compile.Options{Name: "cli", Version: "2026-11-21", Modules: []string{"tenter-cli"}},
}}

// several is a file system of some directories of another.
type several struct {
	fs.FS
	dirs []string
}

func (s several) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return fs.ReadDir(s.FS, name)
	}
	var out []fs.DirEntry
	for _, d := range s.dirs {
		info, err := fs.Stat(s.FS, d)
		if err != nil {
			return nil, err
		}
		out = append(out, dirEntry{fs.FileInfoToDirEntry(info), d})
	}
	return out, nil
}

type dirEntry struct {
	fs.DirEntry
	path string
}

func (d dirEntry) Name() string { return d.path }

func TestSchemas(t *testing.T) {
	for _, sp := range specs {
		t.Run(sp.file, func(t *testing.T) {
			if dir := os.Getenv("YANG_DIR"); len(sp.dirs) == 0 {
				sp.dirs = []string{"yang"}
				regenerate(t, sp, ".")
			} else if dir != "" {
				regenerate(t, sp, dir)
			}
			if *update {
				return // the embedded files are those from before
			}
			data, err := os.ReadFile(sp.file + ".schema")
			if err != nil {
				t.Fatal(err)
			}
			var lock compile.Report
			text, err := os.ReadFile(sp.file + ".lock.json")
			if err == nil {
				err = json.Unmarshal(text, &lock)
			}
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != lock.SHA256 {
				t.Errorf("the schema is not the one of its lock: SHA-256 %x, want %s", sum, lock.SHA256)
			}
			s := sp.load()
			if name, version := s.Name(); name != lock.Name || version != lock.Version {
				t.Errorf("schema %s %s, want %s %s", name, version, lock.Name, lock.Version)
			}
			if s.Len() != lock.Nodes {
				t.Errorf("%d nodes, want %d", s.Len(), lock.Nodes)
			}
		})
	}
}

func regenerate(t *testing.T, sp spec, dir string) {
	report, data, err := compile.Dir(several{os.DirFS(dir), sp.dirs}, sp.opts)
	if err != nil {
		t.Fatal(err)
	}
	report.Source = sp.source
	lock, err := json.MarshalIndent(report, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{sp.file + ".schema": data, sp.file + ".lock.json": append(lock, '\n')} {
		if *update {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(filepath.Clean(name))
		if err != nil {
			t.Fatal(err)
		}
		if string(have) != string(want) {
			t.Errorf("%s differs from what %s compiles to", name, dir)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, sp := range specs {
		b.Run(sp.file, func(b *testing.B) {
			data, err := os.ReadFile(sp.file + ".schema")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := schema.Load(data); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(data)), "bytes")
		})
	}
}
