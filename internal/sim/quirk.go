package sim

import (
	"crypto/aes"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/plane"
)

// A couple is two leaves of which a device takes neither without the other in the same Set.
type couple [2]conf.Path

// An effect is a leaf that a device sets by itself when another one changes.
type effect struct {
	on, leaf conf.Path
	value    string
}

// quirks are what one device makes of what it is told, beyond its dialect.
type quirks struct {
	mu      sync.Mutex
	couples []couple
	effects []effect
}

// couple and effect add a quirk; clear ends all of them.
func (q *quirks) couple(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("couple needs two leaves")
	}
	a, errA := conf.ParsePath(args[0])
	b, errB := conf.ParsePath(args[1])
	if errA != nil || errB != nil {
		return fmt.Errorf("couple: %q and %q are to be paths of leaves", args[0], args[1])
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.couples = append(q.couples, couple{a, b})
	return nil
}

func (q *quirks) effect(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("effect needs a leaf, the leaf that changes with it, and its value")
	}
	on, errOn := conf.ParsePath(args[0])
	leaf, err := conf.ParsePath(args[1])
	if errOn != nil || err != nil {
		return fmt.Errorf("effect: %q and %q are to be paths of leaves", args[0], args[1])
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.effects = append(q.effects, effect{on, leaf, strings.Join(args[2:], " ")})
	return nil
}

func (q *quirks) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.couples, q.effects = nil, nil
}

func (q *quirks) list() ([]couple, []effect) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.couples), slices.Clone(q.effects)
}

// quirked returns what the device makes of a configuration that a request leads to, or why it does not take it.
func (s *server) quirked(next *conf.Tree, req *gpb.SetRequest) (*conf.Tree, error) {
	couples, effects := s.quirks.list()
	said := conf.NewTree(s.schema)
	if len(couples)+len(effects) > 0 {
		said = s.said(req)
	}
	if err := s.coupled(couples, next, said); err != nil {
		return nil, err
	}
	for _, f := range effects {
		if textAt(s.config, f.on) == textAt(next, f.on) || textAt(said, f.leaf) != "" { // who says it gets what was said
			continue
		}
		e := next.Edit()
		if err := e.Update(f.leaf, &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: []byte(f.value)}}); err != nil {
			return nil, fmt.Errorf("%s changes with %s: %w", f.leaf, f.on, err)
		}
		next = e.Tree()
	}
	if s.faults.on(Respell) {
		next = respelled(s.config, next)
	}
	if s.faults.on(HashSecrets) || s.faults.on(Resalt) {
		next = encrypted(s.config, next)
	}
	if s.faults.on(Resalt) && len(conf.Diff(s.config, next, nil)) > 0 {
		next = resalted(next)
	}
	return next, nil
}

// said is what a request names, apart from what there is.
func (s *server) said(req *gpb.SetRequest) *conf.Tree {
	e := conf.NewTree(s.schema).Edit()
	for _, u := range slices.Concat(req.GetReplace(), req.GetUpdate()) {
		if path, err := s.resolve(req.GetPrefix(), u.GetPath()); err == nil && s.origin(req.GetPrefix(), u.GetPath()) != cliOrigin {
			_ = e.Update(path, u.GetVal()) // that it can be was found out before
		}
	}
	return e.Tree()
}

// coupled refuses a request that names or changes one leaf of a couple and does not name the other.
func (s *server) coupled(couples []couple, next, said *conf.Tree) error {
	for _, c := range couples {
		for i, leaf := range c {
			other := c[1-i]
			touched := textAt(said, leaf) != "" || textAt(s.config, leaf) != textAt(next, leaf)
			gone := textAt(next, leaf) == "" && textAt(next, other) == ""
			if touched && !gone && textAt(said, other) == "" {
				return fmt.Errorf("%s: it is configured together with %s, which the request does not have", leaf, other)
			}
		}
	}
	return nil
}

// textAt is the text of a leaf, empty if there is none.
func textAt(t *conf.Tree, at conf.Path) (text string) {
	t.Find(at, func(_ conf.Path, n *conf.Node) {
		if n.Leaf() {
			text = fmt.Sprint(*n.Value)
		}
	})
	return text
}

// respelled returns a configuration with the descriptions that were set in lower case and without space around them.
func respelled(before, next *conf.Tree) *conf.Tree {
	e := next.Edit()
	for _, c := range conf.Diff(before, next, nil) {
		if c.Leaf == nil || !c.Leaf.Leaf() || c.Path[len(c.Path)-1].Name != "description" {
			continue
		}
		v := conf.String(strings.ToLower(strings.TrimSpace(c.Leaf.Value.Text)))
		e.Put(c.Path, &conf.Node{Value: &v})
	}
	return e.Tree()
}

// resalted returns a configuration with each encrypted password as another text of the same password.
func resalted(t *conf.Tree) *conf.Tree {
	e := t.Edit()
	for _, c := range conf.Diff(nil, t, nil) {
		if secret(c.Leaf) && plane.Encrypted(c.Leaf.Value.Text) {
			put(e, c.Path, plane.Decrypt(c.Leaf.Value.Text))
		}
	}
	return e.Tree()
}

// secret tells whether a leaf holds a password of a routing protocol.
func secret(n *conf.Node) bool {
	return n != nil && n.Leaf() && n.Schema != nil && n.Schema.TypeName() == "routing-password"
}

// put writes a password as a device keeps it: encrypted, with a salt of its own.
func put(e *conf.Edit, at conf.Path, clear string) {
	salt := make([]byte, aes.BlockSize)
	_, _ = rand.Read(salt) // it never fails
	v := conf.String(plane.Encrypt(clear, salt))
	e.Put(at, &conf.Node{Value: &v})
}
