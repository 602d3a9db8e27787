package blocks

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// Origin is the origin of leaves that are lines.
const Origin = "cli"

const (
	listName = "line"
	keyName  = "text"
)

var root = path.Path{Origin: Origin}

func elem(text string) path.Elem {
	return path.Elem{Name: listName, Keys: []path.Key{{Name: keyName, Value: text}}}
}

// Path returns the path of the line with the last text, in the blocks of the texts before.
func Path(texts ...string) path.Path {
	p := root
	for _, t := range texts {
		p = p.Append(elem(t))
	}
	return p
}

// Texts returns the line that a path leads to and those of the blocks around it, outermost first: the opposite of
// Path, also for the leaf in the line. The error says what is no path of a line.
func Texts(p path.Path) ([]string, error) {
	if p.Origin != Origin {
		return nil, fmt.Errorf("path %s: not of origin %s", p, Origin)
	}
	var texts []string
	for i, e := range p.Elems {
		text, ok := e.Key(keyName)
		if e.Name == keyName && i == len(p.Elems)-1 && i > 0 {
			break
		}
		if e.Name != listName || !ok {
			return nil, fmt.Errorf("path %s: %s names no line", p, e.Name)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// Leaves returns the lines as leaves, a block before what stands in it.
func Leaves(lines []Line) []tree.Leaf { return leaves(nil, root, lines) }

func leaves(out []tree.Leaf, at path.Path, lines []Line) []tree.Leaf {
	for _, l := range lines {
		p := at.Append(elem(l.Text))
		out = append(out, tree.Leaf{Path: p.Append(path.Elem{Name: keyName}), Value: schema.StringValue(l.Text)})
		out = leaves(out, p, l.Lines)
	}
	return out
}
