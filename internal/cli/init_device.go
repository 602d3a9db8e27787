package cli

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/infer"
	"github.com/tenter-net/tenter/internal/settings"
)

// inventoryFlags say which devices to read.
type inventoryFlags struct {
	on                       bool
	clab, dir                string
	devices                  []string // NAME=HOST:PORT
	fabric, dialect, profile string
	credentials, tls, ssh    string
}

func (f *inventoryFlags) add(cmd *cobra.Command) {
	l := cmd.Flags()
	l.BoolVar(&f.on, "from-device", false, "read running devices")
	l.StringVar(&f.clab, "clab", "", "with --from-device: the devices of a containerlab topology")
	l.StringVar(&f.dir, "inventory", "", "with --from-device: the devices that the Device documents in a directory name")
	l.StringArrayVar(&f.devices, "device", nil, "with --from-device: a device, as NAME=HOST:PORT; may be repeated")
	l.StringVar(&f.fabric, "name", "", "with --from-device: what the fabric is called")
	l.StringVar(&f.profile, "profile", "openconfig", "with --device: the profile of the devices")
	l.StringVar(&f.dialect, "dialect", "", "with --device: their dialect (default: that of the profile's name, else openconfig)")
	l.StringVar(&f.credentials, "credentials", "lab", "with --device: the name of their credentials in the settings")
	l.StringVar(&f.tls, "tls", "", "with --device: the name of their TLS in the settings")
	l.StringVar(&f.ssh, "ssh", "", "with --device: the name of their SSH in the settings")
}

// inventory reads the flags.
func (f *inventoryFlags) inventory() (app.Inventory, error) {
	inv := app.Inventory{Topology: f.clab, Dir: f.dir}
	dialect := f.dialect
	if dialect == "" {
		dialect = "openconfig"
		if slices.Contains([]string{"eos", "srlinux", "frr"}, f.profile) {
			dialect = f.profile
		}
	}
	for _, text := range f.devices {
		name, address, ok := strings.Cut(text, "=")
		if !ok || name == "" || address == "" {
			return inv, fmt.Errorf("--device %q is not NAME=HOST:PORT", text)
		}
		e := infer.Entry{Name: name, Address: address, Dialect: dialect, Profile: f.profile, Credentials: f.credentials, TLS: f.tls, SSH: f.ssh}
		if e.TLS == "" && e.SSH == "" {
			e.TLS = "lab"
		}
		inv.Listed = append(inv.Listed, e)
	}
	if inv.Topology == "" && inv.Dir == "" && len(inv.Listed) == 0 {
		return inv, errors.New("which devices? --clab FILE, --inventory DIR or --device NAME=HOST:PORT")
	}
	return inv, nil
}

func (f *initFlags) fromDevices(cmd *cobra.Command, s Streams, set *settings.Settings) error {
	inv, err := f.devices.inventory()
	if err != nil {
		return hint(err, "tenter init --from-device --clab FILE")
	}
	for _, e := range inv.Listed {
		for _, d := range set.Devices {
			if string(d.Name) == e.Name && d.Address != "" && d.Address != e.Address {
				fmt.Fprintf(s.Err, "%s: reached at %s instead, as the setting devices says\n", e.Name, d.Address)
			}
		}
	}
	log, err := app.NewLog(set, true)
	if err != nil {
		return err
	}
	out, err := app.InitFromDevices(cmd.Context(), set, inv, app.InferOptions{Name: f.devices.fabric, Dir: f.out, Log: log})
	switch {
	case errors.Is(err, app.ErrThere):
		return hint(err, "the same with --dir OTHER")
	case err != nil:
		return hint(fmt.Errorf("%w; nothing was written", err), "tenter init --help")
	}
	if len(out.Unread) > 0 {
		for _, name := range slices.Sorted(maps.Keys(out.Unread)) {
			fmt.Fprintln(s.Err, out.Unread[name])
		}
		fmt.Fprintln(s.Err, "\nnothing was written, for not all devices could be read\nnext:  mend their access in the settings, or leave them out; then again")
		return exit(exitError)
	}
	return sayInferred(s, out, f.out)
}

// sayInferred tells how much came back, and what is left to do.
func sayInferred(s Streams, out *app.Inferred, dir string) error {
	t := newTable("DEVICE", "ROLE", "ID", "DIALECT", "LEAVES", "BY KINDS", "AS CONFIG", "LEFT OUT")
	for _, c := range out.Devices {
		t.add(c.Device, c.Role, fmt.Sprint(c.ID), c.Dialect, fmt.Sprint(c.Total()), fmt.Sprint(c.Typed), fmt.Sprint(c.Rest), fmt.Sprint(c.Spared+c.Unsaid))
	}
	if err := t.print(s.Out); err != nil {
		return err
	}
	sum := out.Sum()
	if _, err := fmt.Fprintf(s.Out, "\n%s of %s leaves (%.1f %%) by typed kinds, %s as Config\n", infer.Grouped(sum.Typed), infer.Grouped(sum.Total()),
		100*float64(sum.Typed)/float64(max(1, sum.Total())), infer.Grouped(sum.Rest)); err != nil {
		return err
	}
	fmt.Fprint(s.Err, out.Warnings.Text())
	for _, p := range out.Problem {
		fmt.Fprintf(s.Err, "%s: %s: %s: left as it is\n", p.Device, p.Path, p.Reason)
	}
	if sum.Spared > 0 {
		fmt.Fprintf(s.Err, "left out: %s leaves of what the devices are reached through, which Tenter never writes\n", infer.Grouped(sum.Spared))
	}
	if sum.Unsaid > 0 {
		fmt.Fprintf(s.Err, "left out: %s leaves that no document can say; they stay as they are\n", infer.Grouped(sum.Unsaid))
	}
	for _, name := range out.Files {
		fmt.Fprintln(s.Err, "wrote", filepath.Join(dir, name))
	}
	for _, m := range out.Missing {
		fmt.Fprintf(s.Err, "secret %s: give Tenter its value, which the device has: %s\n", m.Name, out.Where(m.Name))
	}
	for _, name := range out.Other {
		fmt.Fprintf(s.Err, "secret %s: the settings have another value than the device shows; a plan may set it anew\n", name)
	}
	_, err := fmt.Fprintf(s.Err, "\nnext:  tenter validate %s\n       tenter plan --intents %s\n", dir, dir)
	return err
}
