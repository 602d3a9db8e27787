package app

import (
	"context"
	"fmt"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
)

// drained returns what a device of a generation would have if traffic were steered away from it.
func (p planIntents) drained(ctx context.Context, generation string, name intent.DeviceName, prepend int) (*tree.Tree, error) {
	c, err := p.compiled(ctx, generation)
	if err != nil {
		return nil, err
	}
	t, err := c.target(name)
	if err != nil {
		return nil, err
	}
	results, diags := render.NewCompiler(p.compiler.options).Compile(&fabric.Fabric{Devices: []*fabric.Device{t.model.Drained(prepend)}})
	if diags.HasErrors() {
		return nil, fmt.Errorf("device %q: drained: %s", name, diags.Text())
	}
	return results[0].Desired, nil
}
