package profile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/suggest"
)

// A Transport is how a device is talked to.
type Transport string

// The transports.
const (
	TransportGNMI    Transport = "gnmi"
	TransportNETCONF Transport = "netconf"
	TransportCLI     Transport = "cli"
)

// An Encoding is a gNMI encoding (specification §2.3), in lower case.
type Encoding string

// The encodings.
const (
	JSONIETF Encoding = "json_ietf"
	JSON     Encoding = "json"
	Proto    Encoding = "proto"
)

// A Granularity is what one update of a SetRequest carries.
type Granularity string

// The granularities, coarsest first.
const (
	GranularityRoot    Granularity = "root"    // everything as one JSON document at the root
	GranularitySubtree Granularity = "subtree" // a list entry or container as JSON
	GranularityLeaf    Granularity = "leaf"    // a leaf as JSON
	GranularityScalar  Granularity = "scalar"  // a leaf as a scalar TypedValue
)

// A Breadth is what one path of a request covers when everything is asked for.
type Breadth string

// The breadths.
const (
	BreadthRoot       Breadth = "root"       // the root of each origin
	BreadthContainers Breadth = "containers" // each top-level container of the origin's schema
)

// A Phasing is what becomes of a change that is too big for one Set.
type Phasing string

// The phasings.
const (
	PhasingNone  Phasing = "none"  // it is refused when it is planned
	PhasingSplit Phasing = "split" // it goes as several Sets, deletes first, each within the limits
)

// A ReadMethod is how configuration is read once.
type ReadMethod string

// The read methods.
const (
	ReadGet  ReadMethod = "get"
	ReadOnce ReadMethod = "once" // Subscribe in mode ONCE
)

// A SaveMethod is how the running configuration gets to survive a reboot.
type SaveMethod string

// The save methods.
const (
	SaveAlways SaveMethod = "always" // the device saves every commit by itself
	SaveCLI    SaveMethod = "cli"    // a CLI command through Set with origin "cli"
	SaveNone   SaveMethod = "none"   // nothing that Tenter can do: a reboot undoes what was not saved on the device
)

// A Stage is a rung of the ladder by which a device is watched.
type Stage string

// The rungs, best first.
const (
	StageOnChange      Stage = "on_change"
	StageTargetDefined Stage = "target_defined"
	StageSample        Stage = "sample"
	StagePoll          Stage = "poll"
)

// Next returns the rung below s; the last one has itself below it.
func (s Stage) Next() Stage {
	ladder := []Stage{StageOnChange, StageTargetDefined, StageSample, StagePoll}
	i := slices.Index(ladder, s)
	return ladder[min(i+1, len(ladder)-1)]
}

// A Pattern is a path.Pattern in a YAML file.
type Pattern struct{ path.Pattern }

// A Path is a path.Path in a YAML file. The zero Path is the empty text.
type Path struct{ path.Path }

// UnmarshalYAML checks the word.
func (t *Transport) UnmarshalYAML(n *yaml.Node) error {
	return word(n, t, TransportGNMI, TransportNETCONF, TransportCLI)
}

// UnmarshalYAML checks the word.
func (e *Encoding) UnmarshalYAML(n *yaml.Node) error { return word(n, e, JSONIETF, JSON, Proto) }

// UnmarshalYAML checks the word.
func (g *Granularity) UnmarshalYAML(n *yaml.Node) error {
	return word(n, g, GranularityRoot, GranularitySubtree, GranularityLeaf, GranularityScalar)
}

// UnmarshalYAML checks the word.
func (b *Breadth) UnmarshalYAML(n *yaml.Node) error {
	return word(n, b, BreadthRoot, BreadthContainers)
}

// UnmarshalYAML checks the word.
func (p *Phasing) UnmarshalYAML(n *yaml.Node) error { return word(n, p, PhasingNone, PhasingSplit) }

// UnmarshalYAML checks the word.
func (r *ReadMethod) UnmarshalYAML(n *yaml.Node) error { return word(n, r, ReadGet, ReadOnce) }

// UnmarshalYAML checks the word.
func (s *SaveMethod) UnmarshalYAML(n *yaml.Node) error {
	return word(n, s, SaveAlways, SaveCLI, SaveNone)
}

// UnmarshalYAML checks the word.
func (s *Stage) UnmarshalYAML(n *yaml.Node) error {
	return word(n, s, StageOnChange, StageTargetDefined, StageSample, StagePoll)
}

// UnmarshalYAML parses the pattern.
func (p *Pattern) UnmarshalYAML(n *yaml.Node) (err error) {
	p.Pattern, err = path.ParsePattern(n.Value)
	return err
}

// UnmarshalYAML parses the path.
func (p *Path) UnmarshalYAML(n *yaml.Node) (err error) {
	p.Path, err = path.Parse(n.Value)
	return err
}

func word[T ~string](n *yaml.Node, dst *T, known ...T) error {
	if !slices.Contains(known, T(n.Value)) {
		words := make([]string, len(known))
		for i, k := range known {
			words[i] = string(k)
		}
		return errors.New(strings.TrimSpace(fmt.Sprintf("%q is not one of %s; %s", n.Value, strings.Join(words, ", "), suggest.Hint(n.Value, words))))
	}
	*dst = T(n.Value)
	return nil
}
