package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/sim/hand"
	"github.com/tenter-net/tenter/internal/view"
	"github.com/tenter-net/tenter/lab"
)

// The demo gives up on anything that takes longer than this.
const demoPatience = 60 * time.Second

// demoWidth is how wide a line of the timeline may be.
const demoWidth = 100

func newDemo(s Streams) *cobra.Command {
	var once bool
	var redis string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole loop on simulated switches: plan, apply, break, repair",
		Long: "Start the six devices of lab/evpn.clab.yml as gNMI servers on loopback addresses, with the example intents and an\n" +
			"embedded store in a temporary directory; enroll, plan, apply, watch; change leaf1 with an independent gNMI client and print\n" +
			"how the drift is found and repaired. Then stay up until Ctrl-C, or end with --once: exit 0 means back in sync.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			outlive() // its directory goes when it ends
			dir, err := os.MkdirTemp("", "tenter-demo-")
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			d := &demo{Streams: s, dir: dir, began: time.Now(), log: zap.NewNop()}
			err = d.run(cmd.Context(), once, redis)
			if err != nil && cmd.Context().Err() != nil {
				err = hint(errors.New("interrupted; nothing of the demo is left"), "tenter demo")
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "end when the fabric is back in sync")
	cmd.Flags().StringVar(&redis, "redis", "", "distribute events over this Redis instead of the embedded bus")
	return cmd
}

// A demo is one run of the story.
type demo struct {
	Streams
	dir   string
	began time.Time
	log   *zap.Logger
	app   *app.App
	lab   *app.Lab
}

// say prints a line with the time since the start and what it is about.
func (d *demo) say(about, format string, args ...any) {
	fmt.Fprintf(d.Out, "%6.2f s  %-9s %s\n", time.Since(d.began).Seconds(), about, fmt.Sprintf(format, args...))
}

// detail prints a line that belongs to the one before.
func (d *demo) detail(format string, args ...any) {
	fmt.Fprintf(d.Out, "%12s%s\n", "", fmt.Sprintf(format, args...))
}

func (d *demo) run(ctx context.Context, once bool, redis string) (err error) {
	// Parts end in the order of the defers below: the servers stop last, so that leaving is clean.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	set, err := d.startFabric(ctx, redis)
	if err != nil {
		return err
	}
	fabricCtx, stopFabric := context.WithCancel(context.WithoutCancel(ctx))
	fabricEnded := make(chan error, 1)
	go func() { fabricEnded <- d.lab.Run(fabricCtx) }()
	defer func() { stopFabric(); <-fabricEnded }()

	if set.Bus.Redis != "" {
		if err := forget(ctx, set); err != nil { // nothing yet, but a Redis that is not there is said now
			return hint(err, "redis-server, or tenter demo without --redis")
		}
		defer func() { err = errors.Join(err, forget(ctx, set)) }()
	}
	if d.app, err = app.Open(ctx, set, d.log, view.OperationServe); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.app.Close()) }()
	if err := d.rollOut(ctx); err != nil {
		return err
	}
	serveCtx, stopServe := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- d.app.Serve(serveCtx, func() {}) }()
	defer func() { stopServe(); <-served }()
	story := make(chan error, 1)
	go func() { story <- d.breakAndRepair(ctx) }()
	select {
	case err := <-story:
		if err != nil || once {
			return err
		}
	case err := <-served:
		served <- nil
		return errors.Join(errors.New("serving ended"), err)
	}
	d.stayUp()
	<-ctx.Done()
	return nil
}

// forget leaves nothing on Redis, even after Ctrl-C.
func forget(ctx context.Context, set *settings.Settings) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	return app.ForgetBus(last, set)
}

// startFabric brings up the devices and loads the settings that reach them.
func (d *demo) startFabric(ctx context.Context, redis string) (*settings.Settings, error) {
	if err := os.CopyFS(filepath.Join(d.dir, "intents"), intents.Files); err != nil {
		return nil, err
	}
	var err error
	d.lab, err = app.NewLab(ctx, app.LabOptions{
		Data: lab.EVPN, Dir: filepath.Join(d.dir, "lab"), Intents: filepath.Join(d.dir, "intents"), Redis: redis,
		Fabric: filepath.Base(d.dir), Log: d.log, // a name of its own: other demos' logs are other logs
	})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, n := range d.lab.Nodes() {
		names = append(names, n.Name)
	}
	d.say("fabric", "%d gNMI servers over TLS: %s", len(names), strings.Join(names, " "))
	return settings.LoadFile(d.lab.Settings())
}

// rollOut plans and applies the example intents.
func (d *demo) rollOut(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	who, err := d.app.Self()
	if err != nil {
		return err
	}
	if err := d.enroll(ctx, who); err != nil {
		return err
	}
	reply, err := d.app.Plan(ctx, who, app.PlanRequest{Keep: true})
	if err != nil {
		return err
	}
	d.say("plan", "%s: %s on %s", reply.Plan.ID, reply.Plan.Counts(), counted(len(reply.Plan.Devices), "device"))
	o := &operator{app: d.app, store: d.app.Store()}
	s := d.Streams
	if !screenOf(s.Err).live() {
		s.Err = io.Discard // the table tells it
	}
	if err := applyAndFollow(ctx, s, o, app.ApplyRequest{ID: reply.Plan.ID}, showing{format: formatText}); err != nil {
		return err
	}
	if reply, err = d.app.Plan(ctx, who, app.PlanRequest{}); err != nil {
		return err
	}
	if !reply.Plan.Idle() {
		return fmt.Errorf("the plan after the apply is not empty:\n%s", reply.Plan.Text())
	}
	d.say("plan", "again: no changes")
	return nil
}

// enroll lets Tenter write to the devices, which it only reads before.
func (d *demo) enroll(ctx context.Context, who api.Caller) error {
	reply, err := d.app.Enroll(ctx, who, app.EnrollRequest{})
	if err != nil {
		return err
	}
	for _, e := range reply.Devices {
		if e.Outcome != reconcile.Enrolled {
			return fmt.Errorf("%s was not enrolled: %s", e.Device, e.Detail)
		}
	}
	d.say("enroll", "%s: certificate and serial number of each are pinned", counted(len(reply.Devices), "device"))
	return nil
}

// demoEdits are what the other client does to leaf1, all at once, and how each looks when it is repaired.
var demoEdits = []struct {
	what string
	read string // where to look for the proof
	edit hand.Edit
}{
	{
		"rewrites a description", "/interfaces/interface[name=Ethernet49]/config/description",
		hand.Edit{Path: "/interfaces/interface[name=Ethernet49]/config/description", Value: "do not touch, Bob"},
	},
	{
		"shuts an uplink", "/interfaces/interface[name=Ethernet50]/config/enabled",
		hand.Edit{Path: "/interfaces/interface[name=Ethernet50]/config/enabled", Value: false},
	},
	{
		"adds a rogue VLAN", "/network-instances/network-instance[name=default]/vlans/vlan[vlan-id=666]",
		hand.Edit{
			Path:  "/network-instances/network-instance[name=default]/vlans/vlan[vlan-id=666]/config",
			Value: map[string]any{"vlan-id": 666, "name": "rogue"},
		},
	},
}

// breakAndRepair changes leaf1 behind Tenter's back and shows what comes of it.
func (d *demo) breakAndRepair(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	if err := d.inSync(ctx); err != nil {
		return err
	}
	d.say("watch", "every device is in sync")
	c, err := labHand(filepath.Join(d.dir, "lab"), "leaf1")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	before := make([]string, len(demoEdits))
	edits := make([]hand.Edit, len(demoEdits))
	for i, e := range demoEdits {
		if before[i], err = c.Get(ctx, e.read); err != nil {
			return err
		}
		edits[i] = e.edit
	}
	d.say("stranger", "another gNMI client changes leaf1 behind Tenter's back:")
	for _, e := range demoEdits {
		d.detail("%s:", e.what)
		d.detail("  %s", e.read)
	}
	head, _, err := d.app.Store().Head(ctx)
	if err != nil {
		return err
	}
	changed := time.Now()
	if err := c.Set(ctx, edits...); err != nil {
		return err
	}
	if err := d.timeline(ctx, head, changed); err != nil {
		return err
	}
	d.say("proof", "what the other client reads on leaf1 is as before:")
	for i, e := range demoEdits {
		after, err := c.Get(ctx, e.read)
		if err != nil {
			return err
		}
		if after != before[i] {
			return fmt.Errorf("leaf1 %s: the other client reads %s, before the change it read %s", e.read, orNothing(after), orNothing(before[i]))
		}
		d.detail("%s", e.read)
		d.detail("  %s", orNothing(after))
	}
	if err := d.inSync(ctx); err != nil {
		return err
	}
	d.say("in sync", "all devices")
	return nil
}

func orNothing(v string) string {
	if v == "" {
		return "nothing"
	}
	return strings.Join(strings.Fields(v), " ")
}

// inSync waits until the monitor says so of every device.
func (d *demo) inSync(ctx context.Context) error {
	for {
		head, _, err := d.app.Store().Head(ctx)
		if err != nil {
			return err
		}
		list, err := d.app.Store().Devices(ctx)
		if err != nil {
			return err
		}
		var late []string
		for _, dev := range list {
			if dev.Sync != view.InSync || dev.Health != view.Healthy {
				late = append(late, fmt.Sprintf("%s is %s, %s %s", dev.Name, dash(dev.Sync), dash(dev.Health), dev.Reason))
			}
		}
		if len(late) == 0 && len(list) == len(d.lab.Nodes()) {
			return nil
		}
		waiting, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		err = d.app.Store().Wait(waiting, head)
		cancel()
		if ctx.Err() != nil {
			return fmt.Errorf("not in sync: %s", strings.Join(late, "; "))
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

// timeline prints the events of the episode, by its correlation, until the drift is remediated.
func (d *demo) timeline(ctx context.Context, after event.Seq, changed time.Time) error {
	correlation, done := "", false
	q := event.Query{After: after, Subject: "leaf1"}
	err := follow(ctx, d.app.Store(), q, func(e event.Event) (bool, error) {
		if correlation == "" && e.Type == event.TypeDriftDetected {
			correlation = e.Correlation
			d.say("timeline", "of correlation %s, since the change", correlation)
		}
		if correlation == "" || e.Correlation != correlation {
			return false, nil
		}
		text := summary(e)
		if e.Type == event.TypeDriftDetected {
			text = counted(data[event.Drift](e).Total, "difference")
		}
		d.detail("%s", screen{width: demoWidth - 12}.cut(fmt.Sprintf("+%4d ms  %-26s  %s", e.Time.Sub(changed).Milliseconds(), e.Type, text)))
		for _, f := range data[event.Drift](e).Findings {
			if e.Type == event.TypeDriftDetected {
				d.detail("%s", screen{width: demoWidth - 12}.cut(fmt.Sprintf("          %-10s %s", f.Class, f.Path)))
			}
		}
		done = e.Type == event.TypeDriftRemediated
		return done, nil
	})
	if err == nil && !done {
		err = errors.New("the drift was not remediated in time")
	}
	return err
}

// stayUp says what to try while the demo runs.
func (d *demo) stayUp() {
	fmt.Fprintf(d.Out, `
The fabric and Tenter stay up until Ctrl-C. In another terminal:

%[4]s  export TENTER_CONFIG=%[1]s
  tenter device ls
  tenter events tail --follow
  tenter sim hand --dir %[2]s leaf2 set '/interfaces/interface[name=Ethernet49]/config/mtu' 1500
  tenter drift ls --all
  tenter sim control --dir %[2]s leaf3 reboot
  $EDITOR %[3]s/03-services.yaml && tenter plan
`, d.lab.Settings(), filepath.Join(d.dir, "lab"), filepath.Join(d.dir, "intents"), searchPath())
}

// searchPath returns the line that lets a shell find this program, empty if it would find it anyway.
func searchPath() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	if found, err := exec.LookPath("tenter"); err == nil && found == self {
		return ""
	}
	return fmt.Sprintf("  export PATH=%s:$PATH\n", filepath.Dir(self))
}
