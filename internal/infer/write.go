package infer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tenter-net/tenter/internal/infer/edit"
)

// The files that documents are written to, in the order in which one would read a fabric.
const (
	fileFabric   = "01-fabric.yaml"
	fileDevices  = "02-devices.yaml"
	fileServices = "03-services.yaml"
	filePorts    = "04-ports.yaml"
	filePeering  = "05-peering.yaml"
	fileSystem   = "06-system.yaml"
	fileRest     = "07-rest.yaml"
)

// openings say what a file is for.
var openings = map[string]string{
	fileFabric:   "The fabric as a whole, as its devices add up to it. Everything that is numbered derives from this.",
	fileDevices:  "The devices. credentials, tls and ssh are names in Tenter's settings: no secret is ever part of an intent.",
	fileServices: "Routing instances and VLANs.",
	filePorts:    "Ports towards hosts.",
	filePeering:  "Sessions with routers outside the fabric, and the policies that they need.",
	fileSystem:   "Time, names, logs and banners.",
	fileRest: "What no other kind says of these devices: by path. Where it omits something, the other documents come to leaves that\n" +
		"the device does not have; where it has a priority, to other values.",
}

// files writes the documents that are not gone, and remembers at which lines each is.
func (g *guesser) files(from string) map[string][]byte {
	text := map[string]*strings.Builder{}
	for _, d := range g.docs {
		if d.gone {
			continue
		}
		b := text[d.file]
		if b == nil {
			b = &strings.Builder{}
			text[d.file] = b
			fmt.Fprintf(b, "# Written by tenter init --from-device, from %s.\n", from)
			for l := range strings.Lines(openings[d.file] + "\n") {
				b.WriteString("# " + l)
			}
		} else {
			b.WriteString("---\n")
		}
		d.first = strings.Count(b.String(), "\n") + 1
		for _, n := range d.notes {
			b.WriteString("# " + n + "\n")
		}
		labels := ""
		if d.labels != "" {
			labels = ", labels: {" + d.labels + "}"
		}
		fmt.Fprintf(b, "apiVersion: tenter/v1\nkind: %s\nmetadata: {name: %s%s}\nspec:", d.kind, scalar(d.name), labels)
		if strings.HasPrefix(d.spec, "{") {
			b.WriteString(" " + d.spec + "\n")
		} else {
			b.WriteString("\n" + d.spec)
		}
		d.last = strings.Count(b.String(), "\n")
	}
	out := map[string][]byte{}
	for name, b := range text {
		out[name] = []byte(b.String())
	}
	return out
}

// docAt returns the document at a line of a file, as last written.
func (g *guesser) docAt(file string, line int) *doc {
	at := slices.IndexFunc(g.docs, func(d *doc) bool { return !d.gone && d.file == file && d.first <= line && line <= d.last })
	if at < 0 {
		return nil
	}
	return g.docs[at]
}

// safe is text that needs no quotes in flow style.
var safe = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./ -]*[A-Za-z0-9]$`)

// numeric is an address or a prefix that YAML takes for nothing but text.
var numeric = regexp.MustCompile(`^[0-9]+(\.[0-9]+){3}(/[0-9]+)?$`)

// quoted writes a text as a YAML scalar, in quotes where it needs them.
func quoted(s string) string {
	if (safe.MatchString(s) || numeric.MatchString(s)) && !slices.Contains(words, strings.ToLower(s)) {
		return s
	}
	return edit.Quoted(s)
}

// block writes a text of several lines as a literal block, if it can be one.
func block(s, indent string) string {
	body, ok := strings.CutSuffix(s, "\n")
	if !ok || body == "" || strings.HasPrefix(body, " ") || strings.HasSuffix(body, "\n") || strings.ContainsFunc(body, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		return edit.Quoted(s)
	}
	var b strings.Builder
	b.WriteString("|")
	for l := range strings.SplitSeq(body, "\n") {
		if l == "" {
			b.WriteString("\n")
			continue
		}
		b.WriteString("\n" + indent + l)
	}
	return b.String()
}

// Grouped writes a number as people read it: "1,834".
func Grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
