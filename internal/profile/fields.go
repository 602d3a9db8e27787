package profile

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/blocks"
)

// A Field is one field of a profile, and why it has its value.
type Field struct {
	Name    string `json:"name"`    // "watch.syncTimeout"
	Value   string `json:"value"`   // as in the file, a list with commas; empty for none
	Meaning string `json:"meaning"` // of the field, for any device
	Why     string `json:"why"`     // it has this value for this family; empty for a default
	Source  string `json:"source"`  // title and address of where that is published
	Seen    bool   `json:"seen"`    // on a device, by whoever wrote the profile
	From    string `json:"from"`    // "default", or file and line
}

// Explain returns every field that means something for the profile's transport, in the order of the type. A field that
// no file sets has Tenter's default.
func (p *Profile) Explain() []Field {
	var out []Field
	walk(reflect.ValueOf(*p), "", func(name string, v reflect.Value) {
		r := p.reasons[name]
		if only, ok := onlyFor(name); ok && only != p.Transport && p.places[name] == "" {
			return
		}
		out = append(out, Field{
			Name: name, Value: text(v), Meaning: meanings[name], Why: r.Says, Source: r.Source, Seen: r.Seen,
			From: cmp.Or(p.places[name], "default"),
		})
	})
	return out
}

// onlyFor returns the one transport that the field is about, if there is one.
func onlyFor(field string) (Transport, bool) {
	group, _, _ := strings.Cut(field, ".")
	switch group {
	case "cli":
		return TransportCLI, true
	case "netconf":
		return TransportNETCONF, true
	case "encodings", "granularity", "target":
		return TransportGNMI, true
	}
	return "", false
}

// meanings says of every field what it does; a test keeps the list complete.
var meanings = map[string]string{
	"description":              "what the profile is for",
	"transport":                "how the device is talked to",
	"target":                   "target in the prefix of every request",
	"origins":                  "the origins that its paths have, what requests call them, and the compiled models that they are checked against",
	"encodings.get":            "encoding of Get, tried first",
	"encodings.set":            "encoding of the values of a Set",
	"encodings.subscribe":      "encoding of subscriptions, tried first",
	"granularity":              "what one update of a Set carries",
	"everything.get":           "the paths by which all configuration is read",
	"everything.subscribe":     "the paths by which all configuration is watched",
	"read":                     "RPC that reads configuration, tried first",
	"phasing":                  "what becomes of a change that is too big for one Set",
	"defaults.echoed":          "leaves at their default are reported as if somebody had set them",
	"secrets.types":            "types of leaves that hold secrets and are shown in another form than they were set",
	"secrets.shown":            "what that form looks like, as a regular expression: what is read back after a Set stands for what was set",
	"names.ethernet":           "name of a physical port",
	"names.firstPort":          "number in the name of physical port 1",
	"names.portStep":           "between the numbers of ports side by side",
	"names.lag":                "name of a link aggregation group",
	"names.loopback":           "name of a loopback",
	"names.vlan":               "name of the routed interface of a VLAN",
	"names.defaultInstance":    "name of the default network instance",
	"facts.softwareVersion":    "where a probe reads the software version",
	"facts.serial":             "where a probe reads the serial number",
	"facts.chassisMac":         "where a probe reads the MAC address of the chassis",
	"facts.bootTime":           "where a probe reads when the device started",
	"state.bgp":                "where gates read the state of each BGP session",
	"state.bgpUp":              "what that is of a session that is established",
	"state.interfaces":         "where gates read the operational state of each interface",
	"state.interfacesUp":       "what that is of an interface that is up",
	"state.lldp":               "where gates read the system name of each neighbour that LLDP sees",
	"watch.first":              "first rung of the ladder on_change, target_defined, sample, poll",
	"watch.onChange":           "subtrees that stream on change",
	"watch.syncTimeout":        "silence until sync_response after which the next rung is tried",
	"watch.sampleInterval":     "between samples, on the rung sample",
	"watch.pollInterval":       "between readings, on the rung poll and of command lines, which do not stream",
	"watch.auditInterval":      "between full readings, whatever the stream says",
	"watch.configSubscription": "streams ask for configuration only, by the gNMI extension ConfigSubscription",
	"limits.maxMessage":        "bytes of one message to the device; a change beyond it is split or refused when it is planned. What it sends may have up to 64 MiB all the same (gNMI)",
	"limits.maxOperations":     "paths of one Set; a change beyond it is split or refused when it is planned",
	"limits.maxCalls":          "RPCs under way at once, streams counted",
	"limits.timeout":           "longest that one RPC may take",
	"limits.keepaliveTime":     "silence after which the connection is asked whether it lives",
	"limits.keepaliveTimeout":  "silence after that which ends the connection",
	"netconf.validate":         "validate is sent before a commit, where the device has it",
	"save.method":              "how the running configuration survives a reboot",
	"save.command":             "command that saves it",
	"save.show":                "command that shows what was saved",
	"commitConfirmed":          "a Set is a commit that Tenter confirms once it has read it back; the device undoes what nobody confirms",
	"prove":                    "text that is set for a moment to see that the device undoes what nobody confirms; without it commitConfirmed has no effect",
	"arbitration":              "a Set carries the number of the device's lease as election id: of several Tenters the device obeys the newest",
	"cli.prompts.exec":         "the last line when the device waits for a command, as a regular expression",
	"cli.prompts.configure":    "the last line when the device waits for configuration",
	"cli.prepare":              "commands sent first",
	"cli.show":                 "command that shows the running configuration",
	"cli.parts":                "parts that share lines with others, and commands that show theirs: a line counts only if all of them have it",
	"cli.complete":             "regular expression of a configuration that is shown whole",
	"cli.configure":            "command that enters configuration",
	"cli.end":                  "command that leaves configuration from wherever",
	"cli.alive.command":        "command that shows which parts of the device run",
	"cli.alive.words":          "what its answer must name, or the shown configuration is short",
	"cli.version.command":      "command that tells the software version",
	"cli.version.pattern":      "regular expression whose parentheses match the version",
	"cli.harmless":             "what a configuration command may answer and have worked; any other answer is an error",
	"cli.saved":                "regular expression of what the answer to save.command holds when it worked",
	"cli.patience":             "longest that the device may take to show its prompt after a command; limits.timeout is for all commands of a change",
	"cli.columns":              "width of the terminal: longer lines would come back folded",
	"cli.state":                "commands that show what state.bgp and the like name, as JSON, and where in it",
	"cli.syntax.comment":       "what a comment begins with",
	"cli.syntax.ignore":        "lines shown that are no configuration",
	"cli.syntax.texts":         "lines that free text follows, and what ends it",
	"cli.syntax.exit":          "command that leaves a block",
	"cli.syntax.blocks":        "lines that open a block, also an empty one",
	"cli.syntax.order":         "in which order lines of a block are added; they are removed the other way round",
	"cli.syntax.settings":      "lines whose like takes their place without a no before",
	"cli.syntax.undo":          "commands that remove what no before the line does not remove; without a command nothing does, as it holds where nothing else is said",
	"cli.syntax.held":          "blocks that cannot be removed: all their lines are",
	"cli.syntax.secret":        "lines that hold a secret and are never handed on",
	"cli.syntax.hidden":        "lines that hold and are not shown, as the device leaves out what is its default",
	"management.interface":     "interface that the device is managed through",

	"management.networkInstance": "network instance that the device is managed through",

	"protected": "never deleted or replaced, whatever the policy",
	"together":  "groups of leaves of which the device takes none without the others in the same Set",
}

var (
	unmarshaler     = reflect.TypeFor[yaml.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// descends reports whether fields of this type have fields of their own.
func descends(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.Struct && !p.Implements(unmarshaler) && !p.Implements(textUnmarshaler)
}

// keyOf returns the name of a field in a file, false for a field that is in no file.
func keyOf(f reflect.StructField) (string, bool) {
	key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return key, f.IsExported() && key != "" && key != "-"
}

// walk calls do with each field that holds a value.
func walk(v reflect.Value, prefix string, do func(name string, v reflect.Value)) {
	for i := range v.NumField() {
		key, in := keyOf(v.Type().Field(i))
		switch {
		case !in:
		case descends(v.Field(i).Type()):
			walk(v.Field(i), prefix+key+".", do)
		default:
			do(prefix+key, v.Field(i))
		}
	}
}

// fieldNames returns the names of all fields, in the order of the type.
func fieldNames() []string {
	var names []string
	walk(reflect.ValueOf(Profile{}), "", func(name string, _ reflect.Value) { names = append(names, name) })
	return names
}

// under reports whether a field is the named one or one of its fields.
func under(field, name string) bool { return field == name || strings.HasPrefix(field, name+".") }

// text writes a value as a file has it.
func text(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return x.String()
	case Path:
		if len(x.Elems) == 0 {
			return ""
		}
		return x.Path.String()
	case Pattern:
		return x.Pattern.String()
	case blocks.Pattern:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = text(v.Index(i))
		}
		return strings.Join(parts, ", ")
	case reflect.Struct:
		var parts []string
		walk(v, "", func(name string, f reflect.Value) {
			if !f.IsZero() {
				parts = append(parts, name+": "+text(f))
			}
		})
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v.Interface())
}

// placesOf returns where a document sets which field, and which keys it has that no field has.
func placesOf(doc *yaml.Node, file string) (places map[string]string, unknown []error) {
	places = map[string]string{}
	known := fieldNames()
	var visit func(n *yaml.Node, prefix string)
	visit = func(n *yaml.Node, prefix string) {
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			name, at := prefix+key.Value, fmt.Sprintf("%s:%d", file, key.Line)
			switch {
			case prefix == "" && slices.Contains(around, name):
			case slices.Contains(known, name):
				places[name] = at
			case slices.ContainsFunc(known, func(k string) bool { return under(k, name) }):
				visit(n.Content[i+1], name+".")
			default:
				unknown = append(unknown, fmt.Errorf("%s: %s", at, unknownField(name, siblings(known, prefix))))
			}
		}
	}
	visit(doc, "")
	return places, unknown
}

// siblings returns the names that may stand at a level of a file.
func siblings(known []string, prefix string) []string {
	var out []string
	for _, k := range known {
		if rest, ok := strings.CutPrefix(k, prefix); ok {
			key, _, _ := strings.Cut(rest, ".")
			out = append(out, prefix+key)
		}
	}
	if prefix == "" {
		out = append(out, around...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
