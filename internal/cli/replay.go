package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
)

func newEventsReplay(s Streams) *cobra.Command {
	var req app.ReplayRequest
	var from, to string
	var types []string
	cmd := &cobra.Command{
		Use:   "replay --group GROUP --from MOMENT",
		Short: "Give a group of consumers events of the past once more",
		Long: "Give a group of consumers events of the past once more, from the archive as well. It handles them as it would new ones: messages\n" +
			"are sent again, and so on. What it has not handled yet, or gave up on, stays as it is.",
		Example: "  tenter events replay --group notify --from '2h ago' --type drift\n  tenter events replay --group notify --from 4711 --to 4720",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if req.Group == "" || from == "" {
				return hint(errors.New("a replay needs --group and --from"), "tenter events replay --group notify --from '2h ago'")
			}
			now := time.Now()
			begin, err := parseMoment(from, now)
			if err != nil {
				return hint(fmt.Errorf("--from %q: %s", from, noMoment), "tenter events replay --group %s --from '2h ago'", req.Group)
			}
			req.From, req.Since = begin.seq, begin.time
			if to != "" {
				end, err := parseMoment(to, now)
				if err != nil {
					return hint(fmt.Errorf("--to %q: %s", to, noMoment), "tenter events replay --group %s --from %s --to '1h ago'", req.Group, from)
				}
				req.To, req.Until = end.seq, end.time
			}
			if req.Types, err = eventTypes(types); err != nil {
				return err
			}
			return withOperator(cmd, func(ctx context.Context, o *operator) error {
				reply, err := call(ctx, o, app.OpReplay, (*app.App).Replay, req)
				if err != nil {
					return hint(err, "tenter events groups")
				}
				_, err = fmt.Fprintf(s.Err, "%s given to %s again; they are handled when tenter serve runs\n", counted(reply.Events, "event"), req.Group)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&req.Group, "group", "", "the group, as tenter events groups names it")
	cmd.Flags().StringVar(&from, "from", "", "from then on: the number of an event, or a time (2026-11-21T14:00:00Z, '2026-11-21 14:00', 2h ago)")
	cmd.Flags().StringVar(&to, "to", "", "up to then (an event is included, a time is not)")
	cmd.Flags().StringSliceVar(&types, "type", nil, "only these types or domains")
	cmd.Flags().StringVar(&req.Device, "device", "", "only events of this device")
	return cmd
}
