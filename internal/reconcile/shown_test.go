package reconcile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

const (
	neighbor = "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=10.0.0.1]/config/"
	password = neighbor + "auth-password"
)

// encrypts makes the world's devices show passwords of sessions encrypted, as another text with each Set.
func (w *world) encrypts() {
	w.secrets = w.secrets.Disguised(w.devices["leaf1"].table.Roots(), profile.Secrets{Types: []string{"routing-password"}, Shown: `^\$\w+\$\d+\$`})
	for _, d := range w.devices {
		d.onSet = func(d *device, e tree.Edit) error { return d.apply(encrypt(d, e)) }
	}
}

func encrypt(d *device, e tree.Edit) tree.Edit {
	out := tree.Edit{Deletes: e.Deletes, Replaces: e.Replaces}
	for _, l := range e.Updates {
		if strings.HasSuffix(l.Path.String(), "/auth-password") && !strings.HasPrefix(l.Value.Text(), "$") {
			l.Value = schema.Value(fmt.Sprintf("%c$aes1$%d$%x", schema.KindString, d.sets, l.Value.Text()))
		}
		out.Updates = append(out.Updates, l)
	}
	return out
}

func (w *world) wants(generation, secret, rest string) {
	w.t.Helper()
	w.intend(generation, map[intent.DeviceName]string{"leaf1": password + " = " + secret + "\n" + rest}, func(m *fabric.Device) {
		m.Drift = []fabric.DriftRule{{Pattern: "/**", Mode: fabric.DriftEnforce}}
	})
}

// told is all that is kept and said of a device: nothing of it may be a secret.
func (w *world) told(row view.Run) string {
	w.t.Helper()
	devices, err := w.store.RunDevices(w.t.Context(), row.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	told := w.log() + row.Reason
	for _, r := range devices {
		told += r.Detail + string(r.State)
	}
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range files {
		if data, err := os.ReadFile(f); err == nil {
			told += string(data)
		}
	}
	return told
}

func (w *world) done(row view.Run) {
	w.t.Helper()
	if row.Status != view.RunDone {
		w.t.Fatalf("run %+v\n%s", row, w.log())
	}
}

// idle plans, and expects nothing to do.
func (w *world) idle(e *Engine) {
	w.t.Helper()
	planned, err := e.Plan(w.t.Context(), Request{})
	if err != nil {
		w.t.Fatal(err)
	}
	if !planned.Plan.Idle() {
		w.t.Fatalf("there is something to do: %+v", planned.Plan.Devices)
	}
}

// TestSecretsShownEncrypted writes a password to a device that shows it as another text, changes it, has somebody else
// change it, and puts it back.
func TestSecretsShownEncrypted(t *testing.T) {
	const first, second, strangers = "hunter1-first", "hunter2-second", "hunter3-strangers"
	w := newWorld(t, "leaf1")
	w.encrypts()
	d := w.devices["leaf1"]
	e := New(w.options("a"))

	w.wants("g1", first, "")
	w.done(w.apply(e))
	shown := d.has(password)
	if !strings.HasPrefix(shown, "$aes1$1$") {
		t.Fatalf("the device has %q", shown)
	}
	w.idle(e)
	w.idle(New(w.options("b"))) // who knows only what is stored

	w.wants("g2", second, "")
	row := w.apply(e)
	w.done(row)
	if d.has(password) == shown || d.count() != 2 {
		t.Errorf("the device has %q after %d Sets", d.has(password), d.count())
	}
	w.idle(e)

	d.change(t, password, "$aes1$9$"+fmt.Sprintf("%x", strangers))
	w.serve(w.options("c"))
	w.drift("leaf1", "e1", event.Finding{Path: password, Class: "changed"})
	var done event.ApplyCompleted
	w.await(event.TypeApplyCompleted, "e1", &done)
	if got := d.has(password); got != fmt.Sprintf("$aes1$3$%x", second) {
		t.Errorf("put back: %q", got)
	}
	w.idle(e)
	told := w.told(row)
	for _, s := range []string{first, second, fmt.Sprintf("%x", first), fmt.Sprintf("%x", second), fmt.Sprintf("%x", strangers)} {
		if strings.Contains(told, s) {
			t.Errorf("%q is told", s)
		}
	}
}

// TestSecretsShownEncryptedAreProven has devices that say that they did it: what they show tells.
func TestSecretsShownEncryptedAreProven(t *testing.T) {
	at, err := path.Parse(password)
	if err != nil {
		t.Fatal(err)
	}
	without := func(e tree.Edit) tree.Edit {
		var kept []tree.Leaf
		for _, l := range e.Updates {
			if !path.Equal(l.Path, at) {
				kept = append(kept, l)
			}
		}
		e.Updates = kept
		return e
	}
	const rest = eth1 + "name = Ethernet1\n" + eth1 + "mtu = 9214\n"
	for _, tt := range []struct {
		name  string
		set   func(d *device, e tree.Edit) error
		fresh bool // there was no password before
	}{
		{"left out", func(d *device, e tree.Edit) error { return d.apply(encrypt(d, without(e))) }, true},
		{"left as it was", func(d *device, e tree.Edit) error { return d.apply(encrypt(d, without(e))) }, false},
		{"the password only", func(d *device, e tree.Edit) error {
			if d.sets > 2 {
				return d.apply(encrypt(d, e)) // what puts it back
			}
			e.Updates = encrypt(d, e).Updates
			for _, l := range e.Updates {
				if path.Equal(l.Path, at) {
					return d.apply(tree.Edit{Updates: []tree.Leaf{l}})
				}
			}
			return nil
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "leaf1")
			w.encrypts()
			d := w.devices["leaf1"]
			e := New(w.options("a"))
			if !tt.fresh {
				w.wants("g1", "hunter1-first", "")
				w.done(w.apply(e))
			}
			before := d.has(password)
			d.onSet = tt.set
			w.wants("g2", "hunter2-second", rest)
			row := w.apply(e)
			if row.Status != view.RunFailed || d.has(password) != before || strings.Contains(row.Reason, "not put back") {
				t.Fatalf("the device has %q, it had %q, run %+v\n%s", d.has(password), before, row, w.log())
			}
			d.onSet = func(d *device, e tree.Edit) error { return d.apply(encrypt(d, e)) }
			if !tt.fresh {
				w.wants("g3", "hunter1-first", "")
				w.idle(e) // it was put back, and is known
			}
			w.wants("g4", "hunter2-second", rest)
			w.done(w.apply(e))
			w.idle(e)
		})
	}
}

// TestSecretsShownEncryptedAfterACrash finds what a process wrote that died before it read it back.
func TestSecretsShownEncryptedAfterACrash(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.encrypts()
	d := w.devices["leaf1"]
	w.wants("g1", "hunter1-first", "")
	w.done(w.apply(New(w.options("a"))))
	w.wants("g2", "hunter2-second", "")
	a := New(w.options("a"))
	run := w.begin(a)
	d.onSet = func(d *device, e tree.Edit) error {
		err := d.apply(encrypt(d, e))
		d.down = true
		return err
	}
	row, err := a.Execute(t.Context(), run)
	if err != nil || row.Status == view.RunDone {
		t.Fatalf("%+v, %v", row, err)
	}
	d.mu.Lock()
	d.down = false
	d.onSet = func(d *device, e tree.Edit) error { return d.apply(encrypt(d, e)) }
	d.mu.Unlock()
	b := New(w.options("b"))
	if err := b.clarify(t.Context(), "leaf1"); err != nil {
		t.Fatal(err)
	}
	w.idle(b)
	if d.count() != 2 {
		t.Errorf("%d Sets", d.count())
	}
}
