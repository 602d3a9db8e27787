package drift

import (
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// Defaults returns an Expected.Implied for a device that shows the schema's default for leaves that nobody
// configured, wherever shows says so.
func Defaults(roots *schema.Roots, shows func(path.Path) bool) func(path.Path, schema.Value) bool {
	return func(p path.Path, v schema.Value) bool {
		n, ok := roots.Node(p)
		return ok && n.Default() == v && shows(p)
	}
}
