//go:build real

package netconfd_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zaptest"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/netconf"
	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

const origin = "netconfd"

// A client is a session with what its paths need.
type client struct {
	*netconf.Session
	t     *testing.T
	roots *schema.Roots
	table *tree.Table
}

func (d *device) client(change func(*netconf.Config)) *client {
	d.t.Helper()
	roots := schema.NewRoots(map[string]*schema.Schema{origin: models(d.t, d)})
	c := &client{t: d.t, roots: roots, table: tree.NewTable(roots)}
	profiles, err := profile.Load(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	base, err := profiles.Get("openconfig")
	if err != nil {
		d.t.Fatal(err)
	}
	p := *base
	p.Transport, p.NETCONF.Validate, p.Facts = profile.TransportNETCONF, false, profile.FactPaths{}
	p.Watch.PollInterval = 100 * time.Millisecond
	cfg := netconf.Config{
		Name: "switch", Address: d.address, Trust: ssh.Trust{KnownHosts: d.knownHosts},
		Username:   func() (string, error) { return "root", nil },
		PrivateKey: func() (string, error) { return d.key, nil },
		Profile:    &p, Table: c.table, Log: zaptest.NewLogger(d.t),
	}
	if change != nil {
		change(&cfg)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if c.Session, err = netconf.Dial(ctx, cfg); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			d.t.Error(err)
		}
	})
	return c
}

func (c *client) path(text string) path.Path {
	c.t.Helper()
	p, err := path.Parse(origin + ":" + text)
	if err == nil {
		p, err = c.roots.Normalize(p)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// leaf makes a leaf; nil is a presence container's value, and a []string the order of a list.
func (c *client) leaf(text string, v any) tree.Leaf {
	c.t.Helper()
	p := c.path(text)
	if order, is := v.([]string); is {
		return tree.Leaf{Path: p, Value: schema.KeysValue(order)}
	}
	value, err := c.roots.Canonical(p, v)
	if err != nil {
		c.t.Fatal(err)
	}
	return tree.Leaf{Path: p, Value: value}
}

func (c *client) set(edit tree.Edit, opts profile.SetOptions) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.Set(ctx, edit, opts)
}

func (c *client) mustSet(updates ...tree.Leaf) {
	c.t.Helper()
	if err := c.set(tree.Edit{Updates: updates}, profile.SetOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

// show reads everything below a path, one leaf a line.
func (c *client) show(prefix string) []string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	have, problems, err := c.Read(ctx, []path.Path{c.path(prefix)})
	if err != nil || len(problems) > 0 {
		c.t.Fatal(err, problems)
	}
	var lines []string
	for l := range have.All() {
		lines = append(lines, strings.TrimPrefix(l.Path.String(), origin+":")+" = "+l.Value.Text())
	}
	return lines
}

func (c *client) want(prefix string, want ...string) {
	c.t.Helper()
	if diff := cmp.Diff(want, c.show(prefix)); diff != "" {
		c.t.Error(diff)
	}
}

func TestWhole(t *testing.T) {
	for _, target := range []string{"candidate", "running"} {
		t.Run(target, func(t *testing.T) {
			c := boot(t, target).client(nil)
			c.mustSet(
				c.leaf("/system/hostname", "leaf1"), c.leaf("/system/banner", "<hello> & \"bye\""),
				c.leaf("/system/tunnel", "example-switch:vxlan"), c.leaf("/system/metric", "1.50"),
				c.leaf("/system/server", []any{"192.0.2.9", "2001:db8::1"}), c.leaf("/system/tag", []any{"b", "a"}),
				c.leaf("/system/snmp", nil), c.leaf("/system/mtu", 1500),
				c.leaf("/interfaces/interface[name=eth0]/type", "iana-if-type:ethernetCsmacd"),
				c.leaf("/interfaces/interface[name=eth0]/zone", "dmz"),
				c.leaf("/interfaces/interface[name=eth0]/ietf-ip:ipv4/address[ip=192.0.2.1]/prefix-length", 31),
				c.leaf("/policies/policy[name=p]/rule", []string{"[name=b][sequence=20]", "[name=a][sequence=10]"}),
				c.leaf("/policies/policy[name=p]/rule[sequence=20][name=b]/action", "permit"),
				c.leaf("/policies/policy[name=p]/rule[sequence=10][name=a]/action", "deny"),
			)
			c.want("/system", "/system/banner = <hello> & \"bye\"", "/system/hostname = leaf1", "/system/metric = 1.5", "/system/mtu = 1500",
				"/system/server = [192.0.2.9, 2001:db8::1]", "/system/snmp = present", "/system/tag = [a, b]", "/system/tunnel = example-switch:vxlan")
			c.want("/interfaces/interface[name=eth0]", "/interfaces/interface[name=eth0]/ipv4 = present",
				"/interfaces/interface[name=eth0]/ipv4/address[ip=192.0.2.1]/ip = 192.0.2.1",
				"/interfaces/interface[name=eth0]/ipv4/address[ip=192.0.2.1]/prefix-length = 31",
				"/interfaces/interface[name=eth0]/name = eth0",
				"/interfaces/interface[name=eth0]/type = iana-if-type:ethernetCsmacd", "/interfaces/interface[name=eth0]/zone = dmz")
			c.want("/policies/policy[name=p]/rule", "/policies/policy[name=p]/name = p", "/policies/policy[name=p]/rule = [name=b][sequence=20] [name=a][sequence=10]",
				"/policies/policy[name=p]/rule[name=a][sequence=10]/action = deny", "/policies/policy[name=p]/rule[name=a][sequence=10]/name = a",
				"/policies/policy[name=p]/rule[name=a][sequence=10]/sequence = 10", "/policies/policy[name=p]/rule[name=b][sequence=20]/action = permit",
				"/policies/policy[name=p]/rule[name=b][sequence=20]/name = b", "/policies/policy[name=p]/rule[name=b][sequence=20]/sequence = 20")

			edit := tree.Edit{
				Deletes:  []path.Path{c.path("/system/hostname"), c.path("/system/snmp"), c.path("/policies/policy[name=p]/rule[sequence=10][name=a]"), c.path("/system/tunnel")},
				Replaces: []tree.Subtree{{Path: c.path("/interfaces/interface[name=eth0]"), Leaves: []tree.Leaf{c.leaf("/interfaces/interface[name=eth0]/type", "iana-if-type:ethernetCsmacd")}}},
				Updates: []tree.Leaf{
					c.leaf("/system/tag", []any{"a", "c"}),
					c.leaf("/policies/policy[name=p]/rule", []string{"[name=b][sequence=20]", "[name=c][sequence=30]"}),
					c.leaf("/policies/policy[name=p]/rule[sequence=30][name=c]/action", "deny"),
				},
			}
			for range 2 { // the second time there is nothing left to be done
				if err := c.set(edit, profile.SetOptions{}); err != nil {
					t.Fatal(err)
				}
				c.want("/system/tag", "/system/tag = [a, c]")
				c.want("/interfaces", "/interfaces/interface[name=eth0]/name = eth0", "/interfaces/interface[name=eth0]/type = iana-if-type:ethernetCsmacd")
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := c.Save(ctx); err != nil {
				t.Error(err)
			}
			facts, err := c.Probe(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(facts.HostKeySHA256, "SHA256:") || !strings.Contains(fmt.Sprint(facts.Models), "{example-switch  2026-11-21}") {
				t.Errorf("facts %+v", facts)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	d := boot(t, "candidate")
	c := d.client(nil)
	c.mustSet(c.leaf("/system/hostname", "leaf1"))
	s := d.stranger()
	s.call(`<lock><target><running/></target></lock>`)
	err := c.set(tree.Edit{Updates: []tree.Leaf{c.leaf("/system/hostname", "leaf2")}}, profile.SetOptions{})
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Locked || !e.Unsent() || e.Permanent() || !strings.Contains(err.Error(), "by session 2 of root from 127.0.0.1") {
		t.Errorf("locked by a stranger: %v", err)
	}
	s.call(`<unlock><target><running/></target></unlock>`)
	// What somebody left in the candidate is not committed along.
	s.call(`<edit-config><target><candidate/></target><config><system xmlns="urn:example:switch"><banner>stranger</banner></system></config></edit-config>`)
	err = c.set(tree.Edit{Updates: []tree.Leaf{c.leaf("/system/hostname", "leaf2")}}, profile.SetOptions{})
	if !errors.As(err, &e) || e.Kind != fault.Locked {
		t.Errorf("with another's edits in the candidate: %v", err)
	}
	c.want("/system", "/system/hostname = leaf1")
	s.call(`<discard-changes/>`)
	// The device refuses what breaks a rule of its models, and keeps nothing of it.
	err = c.set(tree.Edit{Updates: []tree.Leaf{c.leaf("/system/hostname", "leaf2"), c.leaf("/system/uplink", "eth9")}}, profile.SetOptions{})
	if !errors.As(err, &e) || !e.Refused() || !strings.Contains(err.Error(), `device "switch"`) || !strings.Contains(err.Error(), "uplink") {
		t.Errorf("a reference to nothing: %v", err)
	}
	c.want("/system", "/system/hostname = leaf1")
	c.mustSet(c.leaf("/system/hostname", "leaf3"))
	c.want("/system", "/system/hostname = leaf3")
}

// TestLies is what netconfd says and does not do.
func TestLies(t *testing.T) {
	d := boot(t, "candidate")
	var e *fault.Error
	for _, opts := range []profile.SetOptions{{}, {Commit: profile.CommitOpen, CommitID: "run-0", Rollback: time.Minute}} {
		t.Run("validate, then commit "+string(opts.Commit), func(t *testing.T) {
			d.t = t
			c := d.client(func(cfg *netconf.Config) { p := *cfg.Profile; p.NETCONF.Validate = true; cfg.Profile = &p })
			err := c.set(tree.Edit{Updates: []tree.Leaf{c.leaf("/system/hostname", "validated")}}, opts)
			if !errors.As(err, &e) || e.Kind != fault.Untrue || !e.Refused() || e.Call != "commit" || !strings.Contains(err.Error(), "validate: false") {
				t.Errorf("%v", err)
			}
			c.want("/system")
		})
	}
	t.Run("confirmed commit under a lock", func(t *testing.T) {
		d.t = t
		s := d.stranger()
		c := d.client(func(cfg *netconf.Config) { cfg.Address = strings.Replace(cfg.Address, "127.0.0.1", "[::1]", 1) })
		s.call(`<lock><target><running/></target></lock>`)
		s.call(`<edit-config><target><candidate/></target><config><system xmlns="urn:example:switch"><hostname>tried</hostname></system></config></edit-config>`)
		s.call(`<commit><confirmed/><confirm-timeout>1</confirm-timeout></commit>`)
		// Nobody confirms it, and it stays, for its session keeps the lock: Tenter gives its locks back at once.
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
			c.want("/system", "/system/hostname = tried")
		}
		s.edit("candidate", `<system xmlns="urn:example:switch"><hostname nc:operation="delete"/></system>`)
		s.leave()
	})
	t.Run("rolled back", func(t *testing.T) {
		d.t = t
		c := d.client(nil)
		c.mustSet(c.leaf("/system/hostname", "before"))
		for _, then := range []profile.CommitAction{profile.CommitCancel, profile.CommitConfirm} {
			opts := profile.SetOptions{Commit: profile.CommitOpen, CommitID: "run-" + string(then), Rollback: time.Minute}
			if err := c.set(tree.Edit{Updates: []tree.Leaf{c.leaf("/system/hostname", "tried")}}, opts); err != nil {
				t.Fatal(err)
			}
			// Another process, after a crash, knows the commit by its id only.
			if err := d.client(nil).set(tree.Edit{}, profile.SetOptions{Commit: then, CommitID: opts.CommitID}); err != nil {
				t.Fatal(err)
			}
			c.want("/system", "/system/hostname = "+map[profile.CommitAction]string{profile.CommitCancel: "before", profile.CommitConfirm: "tried"}[then])
		}
	})
	t.Run("moves no entry", func(t *testing.T) {
		d.t = t
		c := d.client(nil)
		one, two := "[name=a][sequence=1]", "[name=b][sequence=2]"
		c.mustSet(c.leaf("/policies/policy[name=q]/rule", []string{one, two}),
			c.leaf("/policies/policy[name=q]/rule"+one+"/action", "deny"), c.leaf("/system/server", []any{"192.0.2.1", "192.0.2.2"}), c.leaf("/policies/policy[name=q]/rule"+two+"/action", "deny"))
		// It says ok to the one and refuses the other; both come out as wanted all the same.
		c.mustSet(c.leaf("/policies/policy[name=q]/rule", []string{two, one}))
		c.mustSet(c.leaf("/system/server", []any{"192.0.2.2", "192.0.2.1"}))
		if got := c.show("/policies")[1]; !strings.HasSuffix(got, "= "+two+" "+one) {
			t.Error(got)
		}
		c.want("/system/server", "/system/server = [192.0.2.2, 192.0.2.1]")
		if err := c.set(tree.Edit{Deletes: []path.Path{c.path("/system/server"), c.path("/policies/policy[name=q]")}}, profile.SetOptions{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("drops spaces", func(t *testing.T) {
		d.t = t
		c := d.client(nil)
		c.mustSet(c.leaf("/system/hostname", "before"))
		err := c.set(tree.Edit{Updates: []tree.Leaf{c.leaf("/system/banner", " spaced ")}}, profile.SetOptions{})
		if !errors.As(err, &e) || e.Kind != fault.Untrue || e.Call != "edit-config" {
			t.Errorf("%v", err)
		}
		c.want("/system", "/system/hostname = before") // nothing of it was committed
	})
}

func TestWatch(t *testing.T) {
	d := boot(t, "candidate")
	c, s := d.client(nil), d.stranger()
	c.mustSet(c.leaf("/system/hostname", "leaf1"))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	synced, done := false, errors.New("seen")
	err := c.Watch(ctx, profile.StageOnChange, profile.WatchOptions{Paths: []path.Path{c.path("/system")}}, func(u tree.Update) error {
		switch {
		case u.Sync:
			synced = true
			s.edit("candidate", `<system xmlns="urn:example:switch"><hostname>drifted</hostname></system>`)
		case synced && len(u.Leaves) == 1 && u.Leaves[0].Value.Text() == "drifted":
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		t.Error(err)
	}
}
