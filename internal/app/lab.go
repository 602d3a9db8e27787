package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/sim"
)

// LabFile is the settings file that a lab writes into its directory.
const LabFile = "tenter.yaml"

// labUser logs in to the devices of every lab.
const labUser = "admin"

// LabOptions say which simulated fabric to serve, and where.
type LabOptions struct {
	Topology string // file; empty if Data is given
	Data     []byte
	Dir      string
	Host     string
	Port     int
	Faults   []string
	Intents  string // directory of the intents that the lab's settings name
	Redis    string // bus of the lab's settings, empty for the embedded one
	Fabric   string // its name there, empty for the default
	Log      *zap.Logger
}

// A Lab is a simulated fabric with settings that reach it.
type Lab struct {
	*sim.Fabric
	dir  string
	lock *stateLock
}

// Run serves the fabric until ctx ends, and gives its directory back.
func (l *Lab) Run(ctx context.Context) error { return errors.Join(l.Fabric.Run(ctx), l.lock.release()) }

// NewLab makes the fabric and writes its settings file, password and secrets into the directory. What is there already
// from an earlier lab stays the same, but for the addresses. The error is a *LockedError while another one runs there.
func NewLab(ctx context.Context, o LabOptions) (*Lab, error) {
	data := o.Data
	if o.Topology != "" {
		var err error
		if data, err = os.ReadFile(o.Topology); err != nil {
			return nil, err
		}
	}
	topology, err := sim.Load(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Topology, err)
	}
	lock, err := lockState(o.Dir, "sim", time.Now())
	if err != nil {
		return nil, err
	}
	lab, err := newLab(ctx, topology, o)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	lab.lock = lock
	return lab, nil
}

// newLab makes the fabric in a directory that nobody else uses.
func newLab(ctx context.Context, topology *sim.Topology, o LabOptions) (*Lab, error) {
	password, err := keep(filepath.Join(o.Dir, "password"))
	if err != nil {
		return nil, err
	}
	f, err := sim.New(topology, sim.Options{
		Dir: o.Dir, Host: o.Host, Port: o.Port, Username: labUser, Password: password, Faults: o.Faults, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	lab := &Lab{Fabric: f, dir: o.Dir}
	if err := errors.Join(lab.writeSecrets(ctx, o.Intents), lab.writeSettings(o)); err != nil {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return nil, errors.Join(err, f.Run(ended)) // which gives back the addresses
	}
	return lab, nil
}

// Settings returns the settings file.
func (l *Lab) Settings() string { return filepath.Join(l.dir, LabFile) }

// keep returns what a file holds, and fills it with random text if there is none.
func keep(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	text := rand.Text()
	return text, os.WriteFile(file, []byte(text+"\n"), 0o600)
}

// writeSecrets gives each secret that the intents name a random value. Intents with mistakes name none.
func (l *Lab) writeSecrets(ctx context.Context, intents string) error {
	dir := filepath.Join(l.dir, "secrets")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(intents); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	set := settings.Default()
	set.Intents = intents
	c, diags, err := CompileDirectory(ctx, &set)
	if err != nil || diags.HasErrors() {
		return nil //nolint:nilerr // whoever plans with them is told; a lab serves without intents too
	}
	for _, name := range secretNames(c.Fabric) {
		if _, err := keep(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// secretNames returns the secrets that the models refer to.
func secretNames(f *fabric.Fabric) []string {
	var names []string
	add := func(name string) {
		if name != "" {
			names = append(names, name)
		}
	}
	for _, d := range f.Devices {
		for _, b := range d.BGP {
			for _, g := range b.Groups {
				add(g.Auth)
			}
			for _, n := range b.Neighbors {
				add(n.Auth)
			}
		}
		for _, c := range d.Config {
			add(c.Secret)
		}
	}
	return names
}

var labSettings = template.Must(template.New("").Parse(`# Written by tenter sim: settings that reach the simulated fabric of this directory.
intents: {{printf "%q" .Intents}}
state_dir: state
{{- if .Fabric}}
fabric: {{printf "%q" .Fabric}}
{{- end}}
tls:
  - {name: lab, ca_file: {{printf "%q" .CA}}}
credentials:
  - {name: lab, username: {{.User}}, password_file: password}
secrets: {dir: secrets}
{{- if .Redis}}
bus: {redis: {{printf "%q" .Redis}}}
{{- end}}
devices:
{{- range .Nodes}}
  - {name: {{.Name}}, address: {{printf "%q" .Address}}}
{{- end}}
`))

func (l *Lab) writeSettings(o LabOptions) error {
	intents, err := filepath.Abs(o.Intents)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	data := struct {
		Intents, User, Redis, Fabric, CA string
		Nodes                            []sim.Node
	}{intents, labUser, o.Redis, o.Fabric, filepath.Base(l.CA()), l.Nodes()}
	if err := labSettings.Execute(&b, data); err != nil {
		return err
	}
	return os.WriteFile(l.Settings(), b.Bytes(), 0o600)
}

// LabAccess is how to reach the devices of a lab without Tenter.
type LabAccess struct {
	CA                 string // file
	Username, Password string
	Addresses          map[string]string // by device
}

// ReadLab reads what a lab wrote into its directory.
func ReadLab(dir string) (LabAccess, error) {
	set, err := settings.LoadFile(filepath.Join(dir, LabFile))
	if err != nil {
		return LabAccess{}, err
	}
	password, err := os.ReadFile(filepath.Join(dir, "password"))
	if err != nil {
		return LabAccess{}, err
	}
	a := LabAccess{CA: filepath.Join(dir, "ca.pem"), Username: labUser, Password: strings.TrimSpace(string(password)), Addresses: map[string]string{}}
	for _, d := range set.Devices {
		a.Addresses[string(d.Name)] = d.Address
	}
	return a, nil
}
