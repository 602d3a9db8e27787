package render

import (
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// configKey is the key of the part that all Config documents of a device make up.
const configKey = "config"

// renderConfig renders Config documents, which may speak of any path and origin that the device's schemas know.
func renderConfig(w *dialect.Writer, leaves []fabric.ConfigLeaf) []claim {
	var out []claim
	for _, l := range leaves {
		at, err := path.Parse(l.Path)
		if err != nil {
			w.Problems = append(w.Problems, dialect.Problem{Source: l.Source, Path: l.Path, Reason: err.Error()})
			continue
		}
		if l.Origin != "" {
			at.Origin = l.Origin
		}
		if l.Secret != "" {
			w.SetSecret(l.Source, at, l.Secret)
		} else {
			w.Set(l.Source, at, l.Value)
		}
		out = append(out, claims(w, l.Priority)...)
	}
	return out
}
