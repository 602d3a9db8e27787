package schema

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// magic names the format and its version. A reader of another version refuses.
const magic = "tenter-schema-2\n"

// maxImage bounds the decompressed size, so that a hostile file cannot fill the memory.
const maxImage = 64 << 20

// Marshal returns the image's bytes. The same image gives the same bytes.
func (im *Image) Marshal() []byte {
	c := &coder{index: map[string]uint64{}}
	c.image(im)
	var out bytes.Buffer
	out.WriteString(magic)
	// Neither call can fail: the level is valid and a bytes.Buffer takes everything.
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	_, _ = w.Write(c.buf)
	_ = w.Close()
	return out.Bytes()
}

func unmarshal(data []byte) (*Image, error) {
	body, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, errors.New("not a compiled schema of this version: compile it again with 'tenter schema compile'")
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body)), maxImage+1))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if len(raw) > maxImage {
		return nil, fmt.Errorf("larger than %d bytes", maxImage)
	}
	c := &coder{reading: true, buf: raw, text: string(raw)}
	im := &Image{}
	c.image(im)
	if c.err == nil && c.pos != len(raw) {
		c.err = errors.New("bytes after the end")
	}
	return im, c.err
}

// A coder reads or writes an image. One description of the format serves both directions, so they cannot differ.
type coder struct {
	reading bool
	buf     []byte
	text    string // buf as a string, which the image's strings share
	pos     int
	err     error
	index   map[string]uint64 // writing: strings seen
	strings []string          // reading: strings seen
}

func (c *coder) image(im *Image) {
	c.str(&im.Name)
	c.str(&im.Version)
	list(c, &im.Modules, func(m *Module) { c.str(&m.Name); c.str(&m.Revision); c.str(&m.Namespace) })
	list(c, &im.Identities, func(i *Identity) { c.str(&i.Module); c.str(&i.Name); list(c, &i.Ancestors, c.num) })
	list(c, &im.Types, c.typ)
	list(c, &im.Choices, func(h *Choice) {
		c.str(&h.Name)
		c.num(&h.Parent)
		c.flag(&h.Mandatory)
		c.num(&h.Outer)
		c.num(&h.OuterCase)
	})
	list(c, &im.Nodes, c.node)
}

func (c *coder) typ(t *Type) {
	c.byte((*byte)(&t.Base))
	c.str(&t.Name)
	span := func(r *Range) { c.signed(&r.Min); c.signed(&r.Max) }
	list(c, &t.Ranges, span)
	list(c, &t.Lengths, span)
	list(c, &t.Patterns, func(p *Pattern) { c.str(&p.Regexp); c.flag(&p.Invert) })
	c.num(&t.Fraction)
	list(c, &t.Names, c.str)
	list(c, &t.Bases, c.num)
	list(c, &t.Members, c.num)
	c.xpath(&t.Path)
	c.num(&t.Target)
	c.flag(&t.RequireInstance)
}

func (c *coder) node(n *NodeSpec) {
	c.str(&n.Name)
	c.num(&n.Module)
	c.num(&n.Parent)
	c.byte((*byte)(&n.Kind))
	c.byte(&n.Flags)
	c.num(&n.Type)
	c.num(&n.Choice)
	c.num(&n.Case)
	has := n.Attr != nil
	c.flag(&has)
	if !has || c.err != nil {
		return
	}
	if c.reading {
		n.Attr = &Attr{}
	}
	a := n.Attr
	list(c, &a.Keys, c.num)
	list(c, &a.State, c.str)
	list(c, &a.Defaults, c.str)
	c.unsigned(&a.Min)
	c.unsigned(&a.Max)
	list(c, &a.Unique, func(u *[]int) { list(c, u, c.num) })
	list(c, &a.Must, c.xpath)
	list(c, &a.When, c.xpath)
}

func (c *coder) xpath(x *XPath) { c.str(&x.Text); c.num(&x.Up) }

// list codes a slice. A length that the rest of the input cannot hold is refused before anything is allocated.
func list[T any](c *coder, s *[]T, each func(*T)) {
	n := uint64(len(*s))
	c.unsigned(&n)
	if c.reading {
		if c.err == nil && n > uint64(len(c.buf)-c.pos) {
			c.err = io.ErrUnexpectedEOF
		}
		if c.err != nil || n == 0 {
			return
		}
		*s = make([]T, n)
	}
	for i := range *s {
		if each(&(*s)[i]); c.err != nil {
			return
		}
	}
}

func (c *coder) unsigned(v *uint64) {
	if !c.reading {
		c.buf = binary.AppendUvarint(c.buf, *v)
		return
	}
	if c.err != nil {
		return
	}
	x, n := binary.Uvarint(c.buf[c.pos:])
	if n <= 0 {
		c.err = io.ErrUnexpectedEOF
		return
	}
	*v, c.pos = x, c.pos+n
}

func (c *coder) signed(v *int64) {
	u := uint64(*v)<<1 ^ uint64(*v>>63)
	c.unsigned(&u)
	*v = int64(u>>1) ^ -int64(u&1)
}

func (c *coder) num(v *int) {
	u := uint64(*v)
	c.unsigned(&u)
	if u > 1<<31 {
		c.err = errors.New("number out of bounds")
		return
	}
	*v = int(u)
}

func (c *coder) byte(v *byte) {
	u := uint64(*v)
	c.unsigned(&u)
	if u > 255 {
		c.err = errors.New("number out of bounds")
		return
	}
	*v = byte(u)
}

func (c *coder) flag(v *bool) {
	var b byte
	if *v {
		b = 1
	}
	c.byte(&b)
	*v = b != 0
}

// str codes a string once and then by its number.
func (c *coder) str(s *string) {
	if !c.reading {
		i, seen := c.index[*s]
		if seen {
			c.unsigned(&i)
			return
		}
		c.index[*s] = uint64(len(c.index) + 1)
		n := uint64(len(*s))
		var fresh uint64
		c.unsigned(&fresh)
		c.unsigned(&n)
		c.buf = append(c.buf, *s...)
		return
	}
	var i, n uint64
	c.unsigned(&i)
	if c.err != nil {
		return
	}
	if i > 0 {
		if i > uint64(len(c.strings)) {
			c.err = errors.New("string out of bounds")
			return
		}
		*s = c.strings[i-1]
		return
	}
	c.unsigned(&n)
	if c.err == nil && n > uint64(len(c.buf)-c.pos) {
		c.err = io.ErrUnexpectedEOF
	}
	if c.err != nil {
		return
	}
	*s = c.text[c.pos : c.pos+int(n)]
	c.pos += int(n)
	c.strings = append(c.strings, *s)
}
