package plan

import (
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

const password = "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=10.0.0.1]/config/auth-password"

var encrypting = profile.Secrets{Types: []string{"routing-password"}, Shown: `^\$\w+\$\w+\$`}

func observing(t *testing.T, p path.Path, v schema.Value) *tree.Tree {
	t.Helper()
	b := tree.NewBuilder(tree.NewTable(openConfigRoots()))
	if err := b.Set(tree.Leaf{Path: p, Value: v}); err != nil {
		t.Fatal(err)
	}
	return b.Build()
}

func TestSecretsThatAreShownEncrypted(t *testing.T) {
	const old, first, other, clear, wanted = schema.Value("s$aes1$o$ld"), schema.Value("s$aes1$x$one"), schema.Value("s$aes1$y$two"), schema.Value("sstranger"), schema.Value("sshush")
	p := parsePath(t, password)
	banner := parsePath(t, "/system/config/login-banner")
	plain := NewSecrets(testKey, []path.Path{banner})
	s := plain.Disguised(openConfigRoots(), encrypting)
	change := tree.Change{Path: p, Before: old, After: wanted}

	if s.Same(p, first, wanted) || s.Shown(p, first) != "" {
		t.Error("a form that was never read back stands for a secret")
	}
	due := s.Expecting([]tree.Change{change, {Path: banner, After: wanted}, {Path: parsePath(t, strings.Replace(password, "10.0.0.1", "10.0.0.2", 1)), Before: old}})
	for _, tt := range []struct {
		name string
		at   path.Path
		v    schema.Value
		same bool
	}{
		{"as written", p, wanted, true},
		{"in the device's form", p, first, true},
		{"as it was before", p, old, false},
		{"in clear, and another one", p, clear, false},
		{"a leaf of another type", banner, first, false},
		{"absent", p, "", false},
	} {
		if got := due.Same(tt.at, tt.v, wanted); got != tt.same {
			t.Errorf("%s: the same %t", tt.name, got)
		}
	}
	if due := plain.Disguised(openConfigRoots(), profile.Secrets{}).Expecting([]tree.Change{change}); due.Same(p, first, wanted) {
		t.Error("a device that shows secrets as they are may show this one as another")
	}

	for name, v := range map[string]schema.Value{"unchanged": old, "in clear": clear} {
		if got := due.Recognising(observing(t, p, v)); !got.Same(p, first, wanted) || got.Shown(p, v) != "" {
			t.Errorf("%s: taken for what was written", name)
		}
	}
	now := due.Recognising(observing(t, p, first))
	if !now.Same(p, first, wanted) || now.Same(p, other, wanted) || now.Same(p, old, wanted) {
		t.Error("the form that was read back first is not the one")
	}
	if due.Shown(p, other) == "" || s.Same(p, first, wanted) {
		t.Error("what one knows another one knows too")
	}

	// A restart: only the store knows.
	form := Form{Path: p, Written: now.Digest(p, wanted), Shown: now.Shown(p, first)}
	if !Hidden(form.Shown) || form.Shown == form.Written {
		t.Fatalf("form %+v", form)
	}
	later := s.Knowing([]Form{form})
	if !later.Same(p, first, wanted) || later.Same(p, other, wanted) || !later.Same(p, form.Shown, wanted) || later.Same(p, first, "sanother") {
		t.Error("the form that was proven is not the one")
	}

	// The next secret: while it is being written the last one stays what it was, for putting it back.
	next := later.Expecting([]tree.Change{{Path: p, Before: first, After: "snext"}}).Recognising(observing(t, p, other))
	if !next.Same(p, other, "snext") || !next.Same(p, first, wanted) || next.Same(p, first, "snext") {
		t.Error("two secrets of one leaf are taken for each other")
	}
}

// TestComputeWithSecretsThatAreShownEncrypted plans against a device that shows what was written encrypted.
func TestComputeWithSecretsThatAreShownEncrypted(t *testing.T) {
	p := parsePath(t, password)
	roots := openConfigRoots()
	table := tree.NewTable(roots)
	one := func(v schema.Value) *tree.Tree {
		b := tree.NewBuilder(table)
		if err := b.Set(tree.Leaf{Path: p, Value: v}); err != nil {
			t.Fatal(err)
		}
		return b.Build()
	}
	base := NewSecrets(testKey, nil).Disguised(roots, encrypting)
	const shown = schema.Value("s$aes1$x$one")
	written := base.Digest(p, "sshush")
	s := base.Knowing([]Form{{Path: p, Written: written, Shown: base.Digest(p, shown)}})
	for _, tt := range []struct {
		name              string
		desired, observed schema.Value
		part              Part
		writes            schema.Value
	}{
		{"as applied", "sshush", shown, Whole, ""},
		{"a stranger's, whole", "sshush", "s$aes1$y$two", Whole, "sshush"},
		{"a stranger's, put back", "sshush", "s$aes1$y$two", Remedy, "sshush"},
		{"nothing to put back", "sshush", shown, Remedy, ""},
		{"another secret is wanted", "sother", shown, Whole, "sother"},
		{"another secret is wanted, which a remedy leaves", "sother", shown, Remedy, ""},
	} {
		r := Compute(Input{
			Device: "leaf1", Desired: one(tt.desired), Observed: one(tt.observed), Applied: one(written), Part: tt.part, Secrets: s, Roots: roots,
		})
		var got schema.Value
		for _, w := range r.Writes {
			got = w.After
		}
		if got != tt.writes || len(r.Writes) > 1 || tt.writes == "" && !r.Plan.Idle() {
			t.Errorf("%s: %+v, %+v", tt.name, r.Writes, r.Plan)
		}
	}
}
