package blocks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

func patterns(texts ...string) []Pattern {
	var out []Pattern
	for _, t := range texts {
		p, err := ParsePattern(t)
		if err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}

// router is a syntax of the kind that a profile has.
func router() *Syntax {
	return &Syntax{
		Ignore:   patterns("exit", "exit-address-family", "end", "Building configuration..."),
		Texts:    []Text{{patterns("banner *")[0], "EOF"}},
		Blocks:   patterns("interface **", "router bgp **", "address-family **"),
		Order:    patterns("interface **", "neighbor * peer-group", "neighbor * remote-as *", "**", "address-family **", "router bgp **"),
		Settings: patterns("description **", "neighbor * remote-as ?", "neighbor * route-map ? in"),
		Undo:     []Undo{{patterns("neighbor * description **")[0], "no neighbor {1} description"}},
		Held:     patterns("address-family **"),
		Secret:   patterns("neighbor * password **"),
	}
}

const sample = `Building configuration...

hostname leaf1
!
interface eth1
 description to spine1
 ip address 10.0.0.1/31
exit
!
router bgp 65001
 bgp router-id 10.1.0.1
 neighbor 10.0.0.0 remote-as 65100
 neighbor 10.0.0.0 description spine1
 !
 address-family ipv4 unicast
  neighbor 10.0.0.0 activate
 exit-address-family
exit
!
banner motd
 ! hello
no comment
EOF
end
`

// form writes lines indented, in their order.
func form(lines []Line, indent string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(indent + strings.ReplaceAll(l.Text, "\n", `\n`) + "\n" + form(l.Lines, indent+" "))
	}
	return b.String()
}

func parse(t *testing.T, text string) []Line {
	t.Helper()
	lines, problems := Parse(text, router())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return lines
}

func TestParse(t *testing.T) {
	got := form(parse(t, sample), "")
	want := `hostname leaf1
interface eth1
 description to spine1
 ip address 10.0.0.1/31
router bgp 65001
 bgp router-id 10.1.0.1
 neighbor 10.0.0.0 remote-as 65100
 neighbor 10.0.0.0 description spine1
 address-family ipv4 unicast
  neighbor 10.0.0.0 activate
banner motd\n ! hello\nno comment
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if again := form(parse(t, "vrf red\n vni 1\nexit\r\nvrf red\n vni 1\n\trd 2\n"), ""); again != "vrf red\n vni 1\n rd 2\n" {
		t.Errorf("blocks of one header are one block: %q", again)
	}
}

func TestParseProblems(t *testing.T) {
	for _, tc := range []struct{ name, text, at, reason string }{
		{"secret", "router bgp 1\n neighbor a password hunter2\n", "cli:/line[text=router bgp 1]", "a line with a secret is not read"},
		{"deep", "1\n 2\n  3\n   4\n    5\n     6\n", "cli:/line[text=1]/line[text=2]/line[text=3]/line[text=4]/line[text=5]", "the line stands too deep in blocks"},
		{"no text", "a\x1b[2Jb\n", "cli:/", "the line holds what is no text"},
		{"not UTF-8", "a\xff\n", "cli:/", "the line holds what is no text"},
		{"long", strings.Repeat("x", maxLine+1), "cli:/", "the line is too long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, problems := Parse(tc.text, router())
			if len(problems) != 1 || problems[0].Path != tc.at || problems[0].Reason != tc.reason {
				t.Fatalf("problems %q", problems)
			}
			if strings.Contains(problems[0].Path+problems[0].Reason, "hunter2") {
				t.Error("the secret is handed on")
			}
		})
	}
}

func table(t testing.TB) *tree.Table {
	t.Helper()
	return tree.NewTable(schema.NewRoots(map[string]*schema.Schema{Origin: schemas.CLI()}))
}

func built(t testing.TB, table *tree.Table, lines []Line) *tree.Tree {
	b := tree.NewBuilder(table)
	for _, l := range Leaves(lines) {
		if err := b.Set(l); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

// back makes lines of a tree's leaves.
func back(t testing.TB, have *tree.Tree) []Line {
	t.Helper()
	var edit tree.Edit
	for l := range have.All() {
		edit.Updates = append(edit.Updates, l)
	}
	lines, err := Apply(nil, edit, &Syntax{})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestLeavesThereAndBack(t *testing.T) {
	lines := parse(t, sample)
	have := built(t, table(t), lines)
	if have.Len() != len(Leaves(lines)) {
		t.Errorf("%d leaves of %d lines", have.Len(), len(Leaves(lines)))
	}
	if _, ok := have.Get(Path("router bgp 65001", "neighbor 10.0.0.0 remote-as 65100").Append(path.Elem{Name: "text"})); !ok {
		t.Error("a line is not where it should be")
	}
	if got := Commands(lines, back(t, have), router()); len(got) > 0 {
		t.Errorf("a tree's lines differ from those it was made of by %q", got)
	}
}

func TestCommands(t *testing.T) {
	for _, tc := range []struct{ name, have, want, commands string }{
		{"nothing", sample, sample, ""},
		{
			"a line removed, changed and added", "interface eth1\n mtu 1500\n description a\n",
			"interface eth1\n description b\n ip address 10.0.0.1/31\n",
			"interface eth1|no mtu 1500|exit|interface eth1|description b|ip address 10.0.0.1/31|exit",
		},
		{
			"blocks removed", sample, "hostname leaf1\n",
			"no router bgp 65001|no banner motd|no interface eth1",
		},
		{
			"what others refer to comes first and goes last", "router bgp 1\n neighbor F peer-group\n neighbor a remote-as 2\n neighbor a bfd\n address-family ipv4\n  neighbor a activate\n",
			"router bgp 1\n", "router bgp 1|address-family ipv4|no neighbor a activate|exit|no neighbor a bfd|no neighbor a remote-as 2|no neighbor F peer-group|exit",
		},
		{
			"a new block", "", "router bgp 1\n address-family ipv4\n  neighbor a activate\n neighbor a bfd\n neighbor a remote-as 2\n",
			"router bgp 1|neighbor a remote-as 2|neighbor a bfd|address-family ipv4|neighbor a activate|exit|exit",
		},
		{"an empty block", "", "interface lo\n", "interface lo|exit"},
		{"a setting of another neighbor stays", "router bgp 1\n neighbor a route-map X in\n", "router bgp 1\n neighbor b route-map Y in\n", "router bgp 1|no neighbor a route-map X in|exit|router bgp 1|neighbor b route-map Y in|exit"},
		{"undone by another command", "router bgp 1\n neighbor a description long text\n", "router bgp 1\n", "router bgp 1|no neighbor a description|exit"},
		{"no and back", "no ip forwarding\n", "no ipv6 forwarding\n", "ip forwarding|no ipv6 forwarding"},
		{"numbers in order", "", "a seq 10 x\na seq 9 x\n", "a seq 9 x|a seq 10 x"},
		{"free text", "", "banner motd\n ! hello\nEOF\n", "banner motd| ! hello|EOF"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := strings.Join(Commands(parse(t, tc.have), parse(t, tc.want), router()), "|")
			if diff := cmp.Diff(tc.commands, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestApplyAndTouched(t *testing.T) {
	have := parse(t, "hostname a\nrouter bgp 1\n neighbor x remote-as 2\n neighbor x bfd\nvrf red\n vni 5\n")
	text := path.Elem{Name: "text"}
	edit := tree.Edit{
		Deletes:  []path.Path{Path("vrf red"), Path("router bgp 1", "neighbor x bfd")},
		Replaces: []tree.Subtree{{Path: Path("hostname a"), Leaves: []tree.Leaf{{Path: Path("hostname b").Append(text)}}}},
		Updates:  []tree.Leaf{{Path: Path("router bgp 1", "neighbor x remote-as 3").Append(text)}},
	}
	want, err := Apply(have, edit, router())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("router bgp 1\n neighbor x remote-as 3\nhostname b\n", form(want, "")); diff != "" {
		t.Error(diff)
	}
	if len(have[1].Lines) != 2 {
		t.Error("Apply changed what it was given")
	}
	before, after, err := Touched(edit, router())
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(Commands(before, after, router()), "|")
	if diff := cmp.Diff("router bgp 1|no neighbor x bfd|exit|no vrf red|no hostname a|hostname b|router bgp 1|neighbor x remote-as 3|exit", got); diff != "" {
		t.Error(diff)
	}
	for _, p := range []path.Path{{Origin: Origin}, {Origin: "openconfig"}, {Origin: Origin, Elems: []path.Elem{{Name: "row"}}}} {
		if _, err := Apply(have, tree.Edit{Deletes: []path.Path{p}}, router()); err == nil {
			t.Errorf("no error for %s", p)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, bad := range []string{"", "a ** b"} {
		if _, err := ParsePattern(bad); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
	var p Pattern
	if err := p.UnmarshalText([]byte("neighbor * remote-as **")); err != nil || p.String() != "neighbor * remote-as **" {
		t.Errorf("%v %v", p, err)
	}
}

// FuzzParse: whatever the text, its lines are leaves of the model, and the commands do not depend on the order in which
// they were read.
func FuzzParse(f *testing.F) {
	f.Add(sample, "hostname b\n")
	f.Add("router bgp 1\n neighbor a password x\n", "\tno no a\n b\n  c\n")
	f.Add("banner motd\nx", "banner motd\nEOF\n\x00\n")
	f.Add("a\n b\n  c\n   d\n    e\n     f", "interface \ninterface\u00a0x")
	f.Fuzz(func(t *testing.T, text, other string) {
		a, problems := Parse(text, router())
		for _, p := range problems {
			if _, err := path.Parse(p.Path); err != nil {
				t.Fatalf("problem at %q: %v", p.Path, err)
			}
		}
		b, _ := Parse(other, router())
		in := table(t)
		back := back(t, built(t, in, a))
		if c := Commands(a, back, router()); len(c) > 0 {
			t.Fatalf("%q comes back different: %q", text, c)
		}
		there := Commands(a, b, router())
		if diff := cmp.Diff(there, Commands(back, b, router())); diff != "" {
			t.Fatalf("commands depend on the order of lines: %s", diff)
		}
		if len(there) > 0 {
			return
		}
		for c := range tree.Diff(built(t, in, a), built(t, in, b)) {
			if !strings.Contains(c.Path.String(), "address-family") { // held: an empty one is as good as none
				t.Fatalf("no command for %s", c.Path)
			}
		}
	})
}

func TestHidden(t *testing.T) {
	s := router()
	s.Settings = append(s.Settings, patterns("interval **")...)
	s.Hidden = []Hidden{
		{In: patterns("bfd", "profile *"), Line: "interval 300"},
		{In: patterns("evpn *", "vni *"), Line: "target {1}:{2}", Unless: patterns("target *")},
		{When: patterns("defaults datacenter"), In: patterns("router bgp *"), Line: "log changes"},
	}
	for _, tc := range []struct{ name, text, want string }{
		{"by default", "bfd\n profile a\n", "bfd\n profile a\n  interval 300\n"},
		{"another value", "bfd\n profile a\n  interval 50\n", "bfd\n profile a\n  interval 50\n"},
		{"not there", "bfd\n", "bfd\n"},
		{"made of the words around it", "evpn 65000\n vni 40\n vni 41\n  target 1:1\n", "evpn 65000\n vni 40\n  target 65000:40\n vni 41\n  target 1:1\n"},
		{"when", "defaults datacenter\nrouter bgp 1\n", "defaults datacenter\nrouter bgp 1\n log changes\n"},
		{"when not", "defaults traditional\nrouter bgp 1\n", "defaults traditional\nrouter bgp 1\n"},
		{"no", "defaults datacenter\nrouter bgp 1\n no log changes\n", "defaults datacenter\nrouter bgp 1\n no log changes\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lines, _ := Parse(tc.text, s)
			if diff := cmp.Diff(tc.want, form(lines, "")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCommon(t *testing.T) {
	all := parse(t, "log x\nroute-map A 10\n match p\n set q\nroute-map B 10\nrouter bgp 1\n x\n")
	part := parse(t, "route-map A 10\n match p\nrouter bgp 1\n")
	if diff := cmp.Diff("route-map A 10\n match p\nrouter bgp 1\n x\n", form(Common(all, part, patterns("log **", "route-map **")), "")); diff != "" {
		t.Error(diff)
	}
}

func TestMissingAndUndone(t *testing.T) {
	before := parse(t, "a\nrouter bgp 1\n x\n y\n")
	want := parse(t, "router bgp 1\n x\n z\n address-family q\nb\n c\n")
	now := parse(t, "router bgp 1\n z\n stranger\nb\n")
	if diff := cmp.Diff([][]string{{"router bgp 1", "x"}, {"b", "c"}}, Missing(now, want, router())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("router bgp 1\n stranger\n x\n y\na\n", form(Undone(before, want, now, router()), "")); diff != "" {
		t.Error(diff)
	}
}

// What is not shut says so without being shown, for each neighbor too; what is shut does not, and nothing removes it but its opposite.
func TestHiddenForEach(t *testing.T) {
	s := router()
	s.Held = patterns("interface *")
	s.Settings = append(s.Settings, patterns("shutdown", "neighbor * shutdown **")...)
	s.Undo = append(s.Undo, Undo{Line: patterns("no shutdown")[0]}, Undo{Line: patterns("no neighbor * shutdown")[0]})
	s.Hidden = []Hidden{
		{In: patterns("interface *"), Line: "no shutdown"},
		{In: patterns("router bgp *"), Each: patterns("neighbor * remote-as *")[0], Line: "no neighbor {2} shutdown"},
	}
	lines, _ := Parse("interface eth1\n mtu 9000\ninterface eth2\n shutdown\nrouter bgp 7\n neighbor a remote-as 1\n neighbor b remote-as 2\n neighbor b shutdown message why\n", s)
	want := `interface eth1
 mtu 9000
 no shutdown
interface eth2
 shutdown
router bgp 7
 neighbor a remote-as 1
 neighbor b remote-as 2
 neighbor b shutdown message why
 no neighbor a shutdown
`
	if diff := cmp.Diff(want, form(lines, "")); diff != "" {
		t.Error(diff)
	}
	open, _ := Parse("interface eth1\n mtu 9000\ninterface eth2\nrouter bgp 7\n neighbor a remote-as 1\n no neighbor b shutdown\n", s)
	if diff := cmp.Diff([]string{
		"router bgp 7", "no neighbor b remote-as 2", "exit", "interface eth2", "no shutdown", "exit", "router bgp 7", "no neighbor b shutdown", "exit",
	}, Commands(lines, open, s)); diff != "" {
		t.Error(diff)
	}
	for _, c := range Commands(open, nil, s) {
		if c == "" || c == "shutdown" || c == "neighbor b shutdown" {
			t.Errorf("%q is sent", c)
		}
	}
	if left := Missing(nil, []Line{{Text: "interface eth3", Lines: []Line{{Text: "no shutdown"}}}}, s); left != nil {
		t.Errorf("a port of which nothing is shown is missing: %q", left)
	}
	if left := Missing(lines, open, s); len(left) != 2 {
		t.Errorf("missing %q, want both that are shut", left)
	}
}
