package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/infer"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/secret"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// Inventory says which devices to read: those of a containerlab topology, those that the Device documents of a
// directory name, and those that are listed.
type Inventory struct {
	Topology string
	Dir      string
	Listed   []infer.Entry
}

// From names the inventory for people.
func (i Inventory) From() string {
	switch {
	case i.Topology != "":
		return i.Topology
	case i.Dir != "":
		return "the devices of " + i.Dir
	}
	return "running devices"
}

// known returns what the inventory says: devices, cables, and what the fabric is called if it says so.
func (i Inventory) known() (out infer.Topology, err error) {
	if i.Topology != "" {
		data, err := os.ReadFile(i.Topology)
		if err != nil {
			return out, err
		}
		if out, err = infer.ReadTopology(data, i.Topology); err != nil {
			return out, err
		}
	}
	if i.Dir != "" {
		root, err := os.OpenRoot(i.Dir)
		if err != nil {
			return out, err
		}
		defer func() { _ = root.Close() }() // read only
		set, diags := intent.Load(root.FS(), intent.Options{})
		if len(set.Devices) == 0 {
			return out, fmt.Errorf("%s: no Device document is in it%s", i.Dir, firstError(diags))
		}
		if set.Fabric != nil {
			out.Name = set.Fabric.Name
			out.Cables = infer.FabricCables(set)
		}
		for _, d := range set.Devices {
			out.Devices = append(out.Devices, infer.DeviceEntry(d))
		}
	}
	out.Devices = append(out.Devices, i.Listed...)
	return out, nil
}

func firstError(diags intent.Diagnostics) string {
	for _, d := range diags {
		if d.Severity == intent.SeverityError {
			return ": " + d.String()
		}
	}
	return ""
}

// Inferred is what InitFromDevices made of a running network.
type Inferred struct {
	*infer.Network
	Files   []string         // written, by name
	Missing []infer.Named    // secrets that the settings do not know yet; no value of them leaves this process
	Other   []string         // secrets that the settings know with another value than the device shows
	Problem []ReadProblem    // what of the devices no schema explains
	Unread  map[string]error // devices that could not be read

	set *settings.Settings
}

// InferOptions are what inferring needs besides an inventory.
type InferOptions struct {
	Name string // of the fabric; empty for what the inventory calls it
	Dir  string // to write to
	Log  *zap.Logger
}

// Where says where the settings look for a secret.
func (i *Inferred) Where(name string) string {
	var ways []string
	if i.set.Secrets.Dir != "" {
		ways = append(ways, "in the file "+filepath.Join(i.set.Secrets.Dir, name))
	}
	if i.set.Secrets.EnvPrefix != "" {
		ways = append(ways, "in the variable "+i.set.Secrets.EnvPrefix+strings.ToUpper(strings.ReplaceAll(name, "-", "_")))
	}
	if len(ways) == 0 {
		return "set secrets.dir or secrets.env_prefix in the settings"
	}
	return strings.Join(ways, " or ")
}

// ReadProblem is something that a device has and no schema explains.
type ReadProblem struct{ Device, Path, Reason string }

// InitFromDevices reads the whole configuration of each device and writes the intents that come to it into a directory,
// which is made if absent. Nothing is written if a device cannot be read, if the directory holds intents already
// (ErrThere), or if what would be written wants any change of a device.
func InitFromDevices(ctx context.Context, set *settings.Settings, inv Inventory, o InferOptions) (*Inferred, error) {
	if err := checkEmpty(o.Dir); err != nil {
		return nil, err
	}
	known, err := inv.known()
	if err != nil {
		return nil, err
	}
	if len(known.Devices) == 0 {
		return nil, errors.New("no device was named")
	}
	out := &Inferred{Unread: map[string]error{}, set: set}
	compiler := &inferCompiler{}
	if compiler.compiler, err = newCompiler(set, compiler.secret, nil); err != nil {
		return nil, err
	}
	secrets := secret.NewReader(set.Secrets.Dir, set.Secrets.EnvPrefix, func(text string) { o.Log.Warn(text) })
	seen, err := readAll(ctx, reading{set: set, secrets: secrets, compiler: compiler.compiler, log: o.Log}, known.Devices, out)
	if err != nil || len(out.Unread) > 0 {
		return out, err
	}
	if out.Network, err = infer.FromDevices(seen, infer.NetworkOptions{
		Name: cmp.Or(o.Name, known.Name), From: inv.From(), Cables: known.Cables, Compile: compiler.compileWith,
	}); err != nil {
		return out, err
	}
	for _, s := range out.Secrets {
		known, err := secrets.Named(s.Name)
		switch {
		case err != nil:
			out.Missing = append(out.Missing, s)
		case known.Reveal() != s.Value:
			out.Other = append(out.Other, s.Name)
		}
	}
	out.Files, err = writeAll(o.Dir, out.Network.Files)
	return out, err
}

// checkEmpty fails with ErrThere if a directory holds intents.
func checkEmpty(dir string) error {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // read only
	there, err := intent.ReadFiles(root.FS())
	if err == nil && len(there) > 0 {
		err = fmt.Errorf("%s: %w: %s", dir, ErrThere, slices.Sorted(maps.Keys(there))[0])
	}
	return err
}

func writeAll(dir string, files map[string][]byte) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // every file was closed
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		if err := writeNew(root, name, files[name]); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// An inferCompiler renders guesses with the values that devices show for the secrets that they name.
type inferCompiler struct {
	*compiler
	mu      sync.Mutex
	secrets map[string]string
}

func (c *inferCompiler) secret(name string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.secrets[name]
	return v, ok
}

func (c *inferCompiler) compileWith(files map[string][]byte, secrets map[string]string) (infer.Compiled, intent.Diagnostics) {
	c.mu.Lock()
	c.secrets = secrets
	c.mu.Unlock()
	out, diags := c.compile(files, "")
	if out == nil {
		return nil, diags
	}
	return inferred{out}, diags
}

// inferred is what a guess comes to.
type inferred struct{ *Compiled }

// Desired returns what a device is to have.
func (i inferred) Desired(device string) *tree.Tree {
	t, ok := i.targets[intent.DeviceName(device)]
	if !ok {
		return nil
	}
	return t.result.Desired
}

// Source returns a position.
func (i inferred) Source(id tree.SourceID) tree.Source { return i.Sources.Get(id) }

// reading is what it takes to read a device that no generation has.
type reading struct {
	set      *settings.Settings
	secrets  *secret.Reader
	compiler *compiler
	log      *zap.Logger
}

// readAll reads all devices at the same time. Those that cannot be read are in out.
func readAll(ctx context.Context, r reading, entries []infer.Entry, out *Inferred) ([]infer.Seen, error) {
	p := newPool(r.set, r.secrets, r.log)
	seen := make([]infer.Seen, len(entries))
	errs := make([]error, len(entries))
	problems := make([][]tree.Problem, len(entries))
	var wg sync.WaitGroup
	free := make(chan struct{}, 16)
	for i, e := range entries {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			seen[i], problems[i], errs[i] = r.read(ctx, p, e)
		})
	}
	wg.Wait()
	for i, e := range entries {
		if errs[i] != nil {
			out.Unread[e.Name] = errs[i]
		}
		for _, x := range problems[i] {
			out.Problem = append(out.Problem, ReadProblem{e.Name, x.Path, x.Reason})
		}
	}
	return seen, ctx.Err()
}

// read reads one device over a session of its own.
func (r reading) read(ctx context.Context, p *pool, e infer.Entry) (infer.Seen, []tree.Problem, error) {
	out := infer.Seen{Entry: e}
	prof := r.compiler.adapted[e.Profile]
	if prof == nil {
		_, err := r.compiler.profiles.Get(e.Profile)
		return out, nil, fmt.Errorf("device %q: %w", e.Name, err)
	}
	model := &fabric.Device{Name: intent.DeviceName(e.Name), Access: fabric.Access{
		Address: e.Address, Credentials: e.Credentials, TLS: e.TLS, SSH: e.SSH,
		Management: fabric.Management{Interface: e.Management.Interface, NetworkInstance: e.Management.NetworkInstance},
	}}
	roots, err := r.compiler.profiles.Models(schemas.Named).Roots(prof)
	if err != nil {
		return out, nil, fmt.Errorf("device %q: profile %q: %w", e.Name, prof.Name, err)
	}
	a := r.compiler.book(model)
	s, err := p.dial(ctx, model.Name, access{address: a.Address, tls: a.TLS, ssh: a.SSH, credentials: a.Credentials, profile: prof, table: tree.NewTable(roots)})
	if err != nil {
		return out, nil, err
	}
	defer func() { _ = s.Close() }() // it was only read from
	have, problems, err := s.Read(ctx, nil)
	if err != nil {
		return out, nil, err
	}
	protected, err := plan.NewProtection(prof, model)
	if err != nil {
		return out, nil, fmt.Errorf("device %q: %w", e.Name, err)
	}
	out.Tree, out.Names, out.Spared = have, prof.Names, protected.Covers
	out.Secret = plan.NewSecrets(nil, nil).Is
	return out, problems, nil
}
