package netconf

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth bounds how deep elements are nested. Models are less than thirty deep.
const maxDepth = 200

// An element is one XML element with everything in it.
type element struct {
	name     xml.Name
	attrs    []xml.Attr        // without declarations of namespaces
	prefixes map[string]string // that it declares, "" for the default namespace
	parent   *element
	kids     []*element
	text     string // character data, all of it
}

// parse reads one XML document. What RFC 6241, section 3.2, forbids is an error: a document type declaration.
func parse(data []byte) (*element, error) {
	dec := xml.NewDecoder(bytes.NewReader(data))
	var root, at *element
	var texts []*strings.Builder
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := newElement(token, at)
			switch {
			case at != nil:
				at.kids = append(at.kids, e)
			case root != nil:
				return nil, errors.New("a second element after the first")
			default:
				root = e
			}
			at, texts = e, append(texts, &strings.Builder{})
			if len(texts) > maxDepth {
				return nil, fmt.Errorf("nested more than %d deep", maxDepth)
			}
		case xml.EndElement:
			at.text = texts[len(texts)-1].String()
			at, texts = at.parent, texts[:len(texts)-1]
		case xml.CharData:
			switch {
			case at != nil:
				texts[len(texts)-1].Write(token)
			case len(bytes.TrimSpace(token)) > 0:
				return nil, errors.New("text outside of any element")
			}
		case xml.Directive:
			return nil, errors.New("a document type declaration")
		}
	}
	if root == nil {
		return nil, errors.New("no element")
	}
	return root, nil
}

func newElement(start xml.StartElement, parent *element) *element {
	e := &element{name: start.Name, parent: parent}
	for _, a := range start.Attr {
		prefix := ""
		switch {
		case a.Name.Space == "xmlns":
			prefix = a.Name.Local
		case a.Name.Space == "" && a.Name.Local == "xmlns":
		default:
			e.attrs = append(e.attrs, a)
			continue
		}
		if e.prefixes == nil {
			e.prefixes = map[string]string{}
		}
		e.prefixes[prefix] = a.Value
	}
	return e
}

// namespace returns what a prefix stands for at e, "" as the prefix for the default namespace.
func (e *element) namespace(prefix string) (string, bool) {
	for ; e != nil; e = e.parent {
		if uri, ok := e.prefixes[prefix]; ok {
			return uri, true
		}
	}
	return "", false
}

// is reports whether e has that name.
func (e *element) is(namespace, local string) bool {
	return e.name.Space == namespace && e.name.Local == local
}

// child returns the first child of a name, whatever its namespace; nil for none.
func (e *element) child(local string) *element {
	if e == nil {
		return nil
	}
	for _, k := range e.kids {
		if k.name.Local == local {
			return k
		}
	}
	return nil
}

// word returns the text of a child without white space around it, "" where there is none.
func (e *element) word(local string) string {
	if k := e.child(local); k != nil {
		return strings.TrimSpace(k.text)
	}
	return ""
}

// attr returns an attribute's value.
func (e *element) attr(namespace, local string) string {
	for _, a := range e.attrs {
		if a.Name.Local == local && a.Name.Space == namespace {
			return a.Value
		}
	}
	return ""
}
