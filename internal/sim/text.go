package sim

import (
	"context"

	"github.com/tenter-net/tenter/internal/sim/plane"
)

type resultText struct{ plane.Result }

func (resultText) routes(string) string   { return "" }
func (resultText) sessions(string) string { return "" }

func (f *Fabric) settledText(ctx context.Context, show func(resultText) string) (string, error) {
	r, err := f.settled.wait(ctx)
	if err != nil {
		return "", err
	}
	return show(resultText{r}), nil
}
