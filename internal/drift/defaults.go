package drift

import (
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// Defaults returns an Expected.Implied for devices that show the schema's default for leaves that nobody configured.
// Deleting such a leaf would change nothing, and a plan does not: so it is not unexpected either.
func Defaults(roots *schema.Roots) func(path.Path, schema.Value) bool {
	return func(p path.Path, v schema.Value) bool {
		n, ok := roots.Node(p)
		return ok && n.Default() == v
	}
}
