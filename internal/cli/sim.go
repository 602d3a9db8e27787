package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/sim"
	"github.com/tenter-net/tenter/internal/sim/hand"
)

func newSim(s Streams) *cobra.Command {
	var dir, host string
	var port int
	var faults []string
	cmd := &cobra.Command{
		Use:   "sim TOPOLOGY",
		Short: "Serve a containerlab topology as simulated gNMI devices",
		Long: "Serve the network nodes of a containerlab topology as gNMI servers over TLS until Ctrl-C. DIR gets their authority\n" +
			"(ca.pem), a password, random secrets for those that the intents name, and tenter.yaml: settings that reach them.",
		Example: "  tenter sim lab/evpn.clab.yml --dir lab-run\n  tenter plan --config lab-run/tenter.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, log, err := load(cmd, false)
			if err != nil {
				return err
			}
			lab, err := app.NewLab(cmd.Context(), app.LabOptions{
				Topology: args[0], Dir: dir, Host: host, Port: port, Faults: faults, Intents: set.Intents, Log: log,
			})
			if err != nil {
				return hint(err, "tenter sim lab/evpn.clab.yml --dir lab-run")
			}
			t := newTable("DEVICE", "ROLE", "ADDRESS")
			for _, n := range lab.Nodes() {
				t.add(n.Name, n.Role, n.Address)
			}
			if err := t.print(s.Out); err != nil {
				return err
			}
			fmt.Fprintf(s.Err, "\nready; in another terminal: export TENTER_CONFIG=%s\nthen: tenter plan; tenter device enroll --all; tenter apply; tenter serve\n", lab.Settings())
			return lab.Run(cmd.Context())
		},
	}
	cmd.PersistentFlags().StringVar(&dir, "dir", "lab-run", "directory of the fabric's certificates, startup configurations and control socket")
	cmd.Flags().StringVar(&host, "listen", "127.0.0.1", "address to listen on")
	cmd.Flags().IntVar(&port, "port", 0, "port of the first device, the others follow (default: free ports)")
	cmd.Flags().StringArrayVar(&faults, "fault", nil, `control line to begin with, as "leaf1 refuse-set once" (see: tenter sim control help)`)
	cmd.AddCommand(newSimControl(s, &dir), newSimHand(s, &dir))
	return cmd
}

func newSimControl(s Streams, dir *string) *cobra.Command {
	return &cobra.Command{
		Use:     "control LINE...",
		Short:   "Make the simulated fabric misbehave, or ask it: control help",
		Example: "  tenter sim control leaf1 reboot\n  tenter sim control leaf2 routes",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := sim.Control(cmd.Context(), *dir, strings.Join(args, " "))
			switch {
			case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
				return hint(err, "start a fabric: tenter sim lab/evpn.clab.yml --dir %s", *dir)
			case err != nil:
				return hint(err, "tenter sim control help")
			}
			if out != "" {
				_, err = fmt.Fprintln(s.Out, out)
			}
			return err
		},
	}
}

func newSimHand(s Streams, dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "hand DEVICE get PATH | hand DEVICE {set PATH VALUE | delete PATH}...",
		Short: "Change or read a simulated device behind Tenter's back",
		Long: "VALUE is JSON; what is no JSON is taken as a string. All sets and deletes are one request. A path may begin with\n" +
			"its origin, as srl_nokia:/interface[name=mgmt0]; cli:COMMAND; COMMAND stands for commands, and delete puts \"no\" before the last.",
		Example: "  tenter sim hand leaf1 set '/interfaces/interface[name=Ethernet49]/config/description' oops\n" +
			"  tenter sim hand leaf1 get '/interfaces/interface[name=Ethernet49]/config'",
		Args: cobra.MinimumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			c, err := labHand(*dir, args[0])
			if err != nil {
				return hint(err, "start a fabric: tenter sim lab/evpn.clab.yml --dir %s", *dir)
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			return useHand(cmd.Context(), s, c, args[1:])
		},
	}
}

func useHand(ctx context.Context, s Streams, c *hand.Client, args []string) error {
	if args[0] == "get" && len(args) == 2 {
		out, err := c.Get(ctx, args[1])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.Out, out)
		return err
	}
	var edits []hand.Edit
	for rest := args; len(rest) > 0; {
		switch {
		case rest[0] == "delete" && len(rest) > 1:
			edits, rest = append(edits, hand.Edit{Path: rest[1], Delete: true}), rest[2:]
		case rest[0] == "set" && len(rest) > 2:
			var value any
			if err := json.Unmarshal([]byte(rest[2]), &value); err != nil {
				value = rest[2]
			}
			edits, rest = append(edits, hand.Edit{Path: rest[1], Value: value}), rest[3:]
		default:
			return hint(fmt.Errorf("hand %s: not a use of it", strings.Join(args, " ")), "tenter sim hand --help")
		}
	}
	return c.Set(ctx, edits...)
}

// labHand connects to a device of the fabric that runs in dir.
func labHand(dir, device string) (*hand.Client, error) {
	access, err := app.ReadLab(dir)
	if err != nil {
		return nil, err
	}
	address, ok := access.Addresses[device]
	if !ok {
		return nil, fmt.Errorf("device %q: not in the fabric of %s", device, filepath.Join(dir, app.LabFile))
	}
	ca, err := os.ReadFile(access.CA)
	if err != nil {
		return nil, err
	}
	return hand.Dial(hand.Options{Address: address, CA: ca, Username: access.Username, Password: access.Password})
}
