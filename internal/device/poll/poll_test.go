package poll_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/device/poll"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// readings returns a Watch that finds one line after the other, and then fails.
func readings(lines ...string) poll.Watch {
	table := tree.NewTable(schema.NewRoots(map[string]*schema.Schema{blocks.Origin: schemas.CLI()}))
	next := 0
	return poll.Watch{
		Every: time.Minute,
		Paths: []path.Path{{Origin: blocks.Origin}},
		Read: func(context.Context, []path.Path) (*tree.Tree, []tree.Problem, error) {
			if next == len(lines) {
				return nil, nil, errGone
			}
			b := tree.NewBuilder(table)
			for _, l := range blocks.Leaves([]blocks.Line{{Text: lines[next]}}) {
				if err := b.Set(l); err != nil {
					return nil, nil, err
				}
			}
			next++
			return b.Build(), nil, nil
		},
	}
}

var errGone = errors.New("gone")

func TestRun(t *testing.T) {
	errEnough := errors.New("enough")
	for _, tc := range []struct {
		name string
		emit func(cancel func(), n int) error
		want []string // what is told, and after how long
		err  error
	}{
		{
			"until a reading fails", func(func(), int) error { return nil },
			[]string{"0s -1 [a]", "0s sync", "1m0s -1 [b]"},
			errGone,
		},
		{
			"until its context ends", func(cancel func(), _ int) error { cancel(); return nil },
			[]string{"0s -1 [a]", "0s sync"},
			context.Canceled,
		},
		{
			"until emit fails", func(_ func(), n int) error {
				if n == 2 {
					return errEnough
				}
				return nil
			},
			[]string{"0s -1 [a]", "0s sync"},
			errEnough,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				start := time.Now()
				var got []string
				err := readings("a", "b").Run(ctx, func(u tree.Update) error {
					var texts []string
					for _, l := range u.Leaves {
						texts = append(texts, l.Value.Text())
					}
					what := fmt.Sprintf("-%d %v", len(u.Deletes), texts)
					if u.Sync {
						what = "sync"
					}
					got = append(got, fmt.Sprint(time.Since(start), " ", what))
					return tc.emit(cancel, len(got))
				})
				if !errors.Is(err, tc.err) || !slices.Equal(got, tc.want) {
					t.Errorf("%q, %v; want %q, %v", got, err, tc.want, tc.err)
				}
			})
		})
	}
}

func Example() {
	err := readings("hostname leaf1").Run(context.Background(), func(u tree.Update) error {
		if u.Sync {
			return errGone
		}
		fmt.Println(u.Leaves[0].Value.Text())
		return nil
	})
	fmt.Println(err)
	// Output:
	// hostname leaf1
	// gone
}
