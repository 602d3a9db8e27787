package netconf

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
	"github.com/tenter-net/tenter/internal/tree"
)

func exampleRoots(t testing.TB) *schema.Roots {
	t.Helper()
	_, data, err := compile.Dir(os.DirFS("testdata"), compile.Options{Name: "example"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return schema.NewRoots(map[string]*schema.Schema{"example": s})
}

type oneWay struct{ io.Reader }

func (oneWay) Write(p []byte) (int, error) { return len(p), nil }

// FuzzReply has a device send any bytes at all. What comes out of them as a whole reply must mean the same when it is
// sent again as leaves of ours.
func FuzzReply(f *testing.F) {
	head := `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">`
	for _, content := range []string{
		`<ok/>`, `<data/>`, ``, `<rpc-error><error-tag>lock-denied</error-tag><error-info><session-id>5</session-id></error-info></rpc-error>`,
		`<data><system xmlns="urn:example:switch"><hostname>a</hostname><tunnel xmlns:x="urn:example:switch">x:vxlan</tunnel>` +
			`<server>b</server><server>a</server><snmp><community>c</community></snmp><either xmlns:y="urn:example:types">y:round</either><on/>` +
			`<at xmlns:s="urn:example:switch">/s:system/s:server[.='a:b']</at><metric>1.5</metric><unknown/><uptime>5</uptime></system>` +
			`<policies xmlns="urn:example:switch"><policy><name>p</name><rule><sequence>1</sequence><name>r</name><action>deny</action></rule>` +
			`<rule><sequence>x</sequence><name>r</name></rule><rule/></policy></policies></data>`,
	} {
		message := head + content + `</rpc-reply>`
		f.Add([]byte(message+endOfMessage), false)
		f.Add([]byte("\n#"+strconv.Itoa(len(message))+"\n"+message+"\n##\n"), true)
		f.Add([]byte("\n#5\n"+message[:5]+"\n#"+strconv.Itoa(len(message)-5)+"\n"+message[5:]+"\n##\n"), true)
	}
	f.Add([]byte(clientHello+endOfMessage), false)
	roots := exampleRoots(f)
	f.Fuzz(func(t *testing.T, data []byte, chunked bool) {
		frames := newFramer(oneWay{bytes.NewReader(data)}, 1<<16)
		frames.chunked = chunked
		message, err := frames.read()
		if err != nil {
			return
		}
		if len(message) > 1<<16 {
			t.Fatalf("a message of %d bytes", len(message))
		}
		_, _ = parseHello(message)
		content, _, err := parseReply(message, "1")
		if err != nil || content == nil {
			return
		}
		table := tree.NewTable(roots)
		d := &decoder{into: tree.NewBuilder(table)}
		d.data(content)
		have := d.into.Build()
		text, err := configXML(tree.NewBuilder(table).Build(), have, changes(tree.NewBuilder(table).Build(), have), "delete")
		if err != nil {
			t.Fatalf("what was read cannot be sent: %v", err)
		}
		again, _, err := parseReply([]byte(head+"<data>"+text+"</data></rpc-reply>"), "1")
		if err != nil {
			t.Fatalf("what is sent cannot be read: %v\n%s", err, text)
		}
		back := &decoder{into: tree.NewBuilder(table)}
		back.data(again)
		if diff := cmp.Diff(lines(have), lines(back.into.Build())); diff != "" || len(back.problems) > 0 {
			t.Fatalf("%s\n%v\n%s", diff, back.problems, text)
		}
	})
}

func lines(t *tree.Tree) []string {
	var out []string
	for l := range t.All() {
		out = append(out, l.Path.String()+" = "+string(l.Value))
	}
	return out
}

// TestDefaultsMode holds what is asked of devices by what they say of defaults (RFC 6243).
func TestDefaultsMode(t *testing.T) {
	tests := []struct {
		basic, also string
		echoed      bool
		mode        string
		untagged    bool
	}{
		{"", "", false, "", false},
		{"explicit", "trim,report-all", false, "", false},
		{"trim", "report-all,explicit", false, "explicit", false},
		{"trim", "report-all", false, "", false},
		{"report-all", "trim,report-all-tagged", false, "trim", false},
		{"report-all", "report-all-tagged", false, "report-all-tagged", true},
		{"explicit", "report-all", true, "report-all", false},
		{"explicit", "report-all-tagged", true, "report-all-tagged", false},
		{"report-all", "", true, "", false},
		{"explicit", "", true, "", false},
	}
	for _, tt := range tests {
		caps := &capabilities{version: "1.0"}
		caps.add(capPrefix + capWithDefaults + "?basic-mode=" + tt.basic + "&also-supported=" + tt.also)
		if mode, untagged := defaultsMode(caps, tt.echoed); mode != tt.mode || untagged != tt.untagged {
			t.Errorf("%+v: %q, %v", tt, mode, untagged)
		}
	}
}

// TestTagged leaves out what a device tags as default.
func TestTagged(t *testing.T) {
	content, err := parse([]byte(`<data xmlns:wd="` + nsDefault + `"><system xmlns="urn:example:switch"><hostname>a</hostname><mtu wd:default="true">1500</mtu></system></data>`))
	if err != nil {
		t.Fatal(err)
	}
	for _, untagged := range []bool{true, false} {
		d := &decoder{into: tree.NewBuilder(tree.NewTable(exampleRoots(t))), untagged: untagged}
		d.data(content)
		want := []string{"example:/system/hostname = sa"}
		if !untagged {
			want = append(want, "example:/system/mtu = i1500")
		}
		if diff := cmp.Diff(want, lines(d.into.Build())); diff != "" {
			t.Error(diff)
		}
	}
}

// TestDecode reads what devices write in their own ways, and tells of what no schema explains.
func TestDecode(t *testing.T) {
	content, err := parse([]byte(`<data><s:system xmlns:s="urn:example:switch" xmlns:odd="urn:example:types">
		<s:hostname>a</s:hostname><s:shape>odd:round</s:shape><s:either>odd:round</s:either><s:port>eth1:2</s:port>
		<s:mtu> 1500 </s:mtu><s:metric>1.50</s:metric><s:server>x:y</s:server><s:on/><s:key>aGk=</s:key>
		<s:at xmlns:q="urn:example:switch">/q:policies/q:policy[q:name='a:b']/q:rule</s:at>
		<s:uptime>5</s:uptime><s:fan>1</s:fan><odd:hostname>b</odd:hostname><s:tunnel>s:none</s:tunnel>
		</s:system><interfaces xmlns="urn:x"/></data>`))
	if err != nil {
		t.Fatal(err)
	}
	d := &decoder{into: tree.NewBuilder(tree.NewTable(exampleRoots(t)))}
	d.data(content)
	want := []string{
		"at = s/example-switch:policies/example-switch:policy[example-switch:name='a:b']/example-switch:rule",
		"either = rexample-types:round", "hostname = sa", "key = yhi", "metric = d150/2", "mtu = i1500", "on = p",
		"port = seth1:2", "server = l\x04sx:y", "shape = rexample-types:round",
	}
	for i := range want {
		want[i] = "example:/system/" + want[i]
	}
	if diff := cmp.Diff(want, lines(d.into.Build())); diff != "" {
		t.Error(diff)
	}
	var told []string
	for _, p := range d.problems {
		told = append(told, p.Path)
	}
	if diff := cmp.Diff([]string{"example:/system/fan", "example:/system/hostname", "example:/system/tunnel", "example:/interfaces"}, told); diff != "" {
		t.Error(diff)
	}
}

// TestSubtrees asks for no subtree twice, and for whole containers where it would be too many.
func TestSubtrees(t *testing.T) {
	roots := exampleRoots(t)
	at := func(text string) path.Path {
		p, err := path.Parse("example:" + text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, tt := range []struct {
		ask  []path.Path
		want string
	}{
		{nil, `<policies xmlns="urn:example:switch"></policies><system xmlns="urn:example:switch"></system>`},
		{[]path.Path{at("/system/hostname"), at("/system/mtu")}, `<system xmlns="urn:example:switch"><hostname></hostname><mtu></mtu></system>`},
		{[]path.Path{at("/system/hostname"), at("/system")}, `<system xmlns="urn:example:switch"></system>`},
		{
			[]path.Path{at("/policies/policy[name=a<b]/rule[name=r][sequence=1]/action"), at("/policies/policy[name=c]")},
			`<policies xmlns="urn:example:switch"><policy><name>a&lt;b</name><rule><sequence>1</sequence><name>r</name><action></action></rule></policy>` +
				`<policy><name>c</name></policy></policies>`,
		},
	} {
		got, err := filterXML(roots, subtrees(roots, tt.ask))
		if err != nil {
			t.Fatal(err)
		}
		if want := `<filter type="subtree">` + tt.want + `</filter>`; got != want {
			t.Errorf("%v:\n got %s\nwant %s", tt.ask, got, want)
		}
	}
}
