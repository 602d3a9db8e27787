package netconf_test

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	cryptossh "golang.org/x/crypto/ssh"

	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
)

// A node is an XML element of a fake's datastores.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Kids    []*node    `xml:",any"`
}

// keysOf are the lists of testdata/example-switch.yang with their keys; a leaf-list's entry is its own key.
var keysOf = map[string][]string{"policy": {"name"}, "rule": {"sequence", "name"}, "server": nil, "tag": nil}

func (n *node) kid(name string) *node {
	for _, k := range n.Kids {
		if k.XMLName.Local == name {
			return k
		}
	}
	return &node{}
}

func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name && a.Name.Space != "xmlns" {
			return a.Value
		}
	}
	return ""
}

func (n *node) id() string {
	id := n.XMLName.Local
	keys, isList := keysOf[id]
	if isList && keys == nil {
		return id + "=" + n.Text
	}
	for _, k := range keys {
		id += "/" + n.kid(k).Text
	}
	return id
}

func (n *node) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<%s xmlns=%q`, n.XMLName.Local, n.XMLName.Space)
	for _, a := range n.Attrs {
		if a.Name.Space == "xmlns" {
			fmt.Fprintf(&b, ` xmlns:%s=%q`, a.Name.Local, a.Value)
		}
	}
	b.WriteString(">")
	if len(n.Kids) == 0 {
		_ = xml.EscapeText(&b, []byte(n.Text))
	}
	for _, k := range n.Kids {
		b.WriteString(k.String())
	}
	return b.String() + "</" + n.XMLName.Local + ">"
}

func (n *node) clone() *node {
	c := *n
	c.Kids = nil
	for _, k := range n.Kids {
		c.Kids = append(c.Kids, k.clone())
	}
	return &c
}

// merge is edit-config's default operation. A still device moves no entry.
func (n *node) merge(from *node, still bool) string {
	for _, k := range from.Kids {
		at := slices.IndexFunc(n.Kids, func(h *node) bool { return h.id() == k.id() })
		op := k.attr("operation")
		switch {
		case (op == "delete" || op == "remove") && at >= 0:
			n.Kids = slices.Delete(n.Kids, at, at+1)
			continue
		case op == "delete":
			return "data-missing"
		case op == "remove":
			continue
		}
		if at < 0 {
			n.Kids, at = append(n.Kids, &node{XMLName: k.XMLName, Attrs: k.Attrs}), len(n.Kids)
		} else if k.attr("insert") == "last" && !still {
			n.Kids = append(slices.Delete(slices.Clone(n.Kids), at, at+1), n.Kids[at])
			at = len(n.Kids) - 1
		}
		if len(k.Kids) == 0 {
			n.Kids[at].Text, n.Kids[at].Attrs = k.Text, k.Attrs
		}
		if tag := n.Kids[at].merge(k, still); tag != "" {
			return tag
		}
	}
	return ""
}

// pick applies a subtree filter.
func pick(have, filter *node) *node {
	var chosen []*node
	for _, f := range filter.Kids {
		if f.Text != "" && len(f.Kids) == 0 {
			if have.kid(f.XMLName.Local).Text != f.Text {
				return nil
			}
			continue
		}
		chosen = append(chosen, f)
	}
	if len(chosen) == 0 {
		return have
	}
	out := &node{XMLName: have.XMLName}
	for _, h := range have.Kids {
		if slices.Contains(keysOf[have.XMLName.Local], h.XMLName.Local) {
			out.Kids = append(out.Kids, h)
			continue
		}
		for _, f := range chosen {
			if f.XMLName == h.XMLName {
				if p := pick(h, f); p != nil {
					out.Kids = append(out.Kids, p)
				}
			}
		}
	}
	return out
}

// A fake is a NETCONF server with datastores in memory. Where it lies it answers ok and does nothing.
type fake struct {
	*sshtest.Server
	caps []string

	mu       sync.Mutex
	stores   map[string]*node
	before   *node // of a confirmed commit
	holder   string
	lies     map[string]bool
	hangups  map[string]bool // operations that it does and does not answer
	refusals map[string]string
	state    string // what get shows, in the place of the sessions
	warns    string // with each answer to edit-config
	calls    []string
}

func startFake(t *testing.T, capabilities ...string) *fake {
	t.Helper()
	f := &fake{
		stores: map[string]*node{"running": {}, "candidate": {}, "startup": {}}, lies: map[string]bool{}, hangups: map[string]bool{},
		refusals: map[string]string{},
	}
	for _, c := range capabilities {
		if !strings.HasPrefix(c, "urn:") {
			c = "urn:ietf:params:netconf:capability:" + c
		}
		f.caps = append(f.caps, c)
	}
	f.Server = sshtest.Start(t, sshtest.Handlers{Subsystem: func(_ string, ch cryptossh.Channel) { f.serve(ch) }})
	return f
}

// full is what a device can do that can do everything.
var full = []string{base10, base11, "candidate:1.0", "confirmed-commit:1.1", "validate:1.1", "rollback-on-error:1.0", "startup:1.0"}

func (f *fake) serve(ch io.ReadWriter) {
	io.WriteString(ch, hello(f.caps...))
	if until(ch, "]]>]]>") != nil {
		return
	}
	in := bufio.NewReader(ch)
	chunked := slices.Contains(f.caps, base11)
	for {
		message, err := next(in, chunked)
		if err != nil {
			return
		}
		answer, hangup := f.answer(message)
		switch {
		case hangup:
			return
		case chunked:
			answer = chunks(answer[:1], answer[1:])
		default:
			answer += "]]>]]>"
		}
		if _, err := io.WriteString(ch, answer); err != nil {
			return
		}
	}
}

// next reads a message.
func next(in *bufio.Reader, chunked bool) (string, error) {
	var message bytes.Buffer
	for {
		if !chunked {
			c, err := in.ReadByte()
			if err != nil {
				return "", err
			}
			message.WriteByte(c)
			if text, found := strings.CutSuffix(message.String(), "]]>]]>"); found {
				return text, nil
			}
			continue
		}
		if _, err := in.ReadString('#'); err != nil {
			return "", err
		}
		size, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil {
			return message.String(), nil // the second # of the end
		}
		if _, err := io.CopyN(&message, in, int64(n)); err != nil {
			return "", err
		}
	}
}

func (f *fake) answer(message string) (text string, hangup bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var rpc node
	if err := xml.Unmarshal([]byte(message), &rpc); err != nil || len(rpc.Kids) != 1 {
		return reply("<rpc-error><error-tag>malformed-message</error-tag></rpc-error>"), false
	}
	op := rpc.Kids[0]
	name := op.XMLName.Local
	store := ""
	for _, where := range []string{"target", "source"} {
		if ds := op.kid(where).Kids; len(ds) > 0 {
			store = ds[0].XMLName.Local
			break
		}
	}
	f.calls = append(f.calls, strings.TrimSpace(name+" "+store))
	content := "<ok/>"
	tag := f.refusals[name]
	if tag == "" {
		tag = f.refusals[name+" "+store]
	}
	if tag != "" {
		content = "<rpc-error><error-tag>" + tag + "</error-tag><error-path>/system</error-path><error-message>secret-1 is no good</error-message></rpc-error>"
	} else if !f.lies[name] {
		if data := f.do(op, name, store); data != "" {
			content = data
		}
	}
	if f.warns != "" && name == "edit-config" {
		content = "<rpc-error><error-tag>weak</error-tag><error-severity>warning</error-severity><error-message>" + f.warns + "</error-message></rpc-error>" + content
		if f.lies["ok beside a warning"] {
			content = strings.TrimSuffix(content, "<ok/>")
		}
	}
	return strings.Replace(reply(content), `"1"`, `"`+rpc.attr("message-id")+`"`, 1), f.hangups[name]
}

func (f *fake) do(op *node, name, store string) string {
	switch name {
	case "lock":
		if f.holder != "" {
			return `<rpc-error><error-tag>lock-denied</error-tag><error-info><session-id>` + f.holder + `</session-id></error-info></rpc-error>`
		}
	case "get":
		if f.state != "" {
			return "<data>" + f.state + "</data>"
		}
		return `<data><netconf-state xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"><sessions><session><session-id>` + f.holder +
			`</session-id><username>alice</username><source-host>192.0.2.7</source-host></session></sessions></netconf-state></data>`
	case "get-config":
		var b strings.Builder
		for _, k := range pick(f.stores[store], op.kid("filter")).Kids {
			b.WriteString(k.String())
		}
		return "<data>" + b.String() + "</data>"
	case "edit-config":
		edited := f.stores[store].clone()
		if tag := edited.merge(op.kid("config"), f.lies["insert"]); tag != "" {
			return "<rpc-error><error-tag>" + tag + "</error-tag></rpc-error>"
		}
		f.stores[store] = edited
	case "commit":
		if op.kid("confirmed").XMLName.Local != "" {
			f.before = f.stores["running"]
		}
		f.stores["running"] = f.stores["candidate"].clone()
	case "cancel-commit":
		f.stores["running"], f.stores["candidate"] = f.before, f.before.clone()
	case "discard-changes":
		f.stores["candidate"] = f.stores["running"].clone()
	case "copy-config":
		f.stores[store] = f.stores[op.kid("source").Kids[0].XMLName.Local].clone()
	}
	return ""
}

// takeCalls returns the operations since the last time.
func (f *fake) takeCalls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

func (f *fake) with(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}
