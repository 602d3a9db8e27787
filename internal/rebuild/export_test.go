package rebuild

import "context"

// Turn is what Run does again and again.
func (k *Keeper) Turn(ctx context.Context) error { return k.turn(ctx) }
