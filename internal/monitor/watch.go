package monitor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// queueSize is how many updates may wait for the device's goroutine. When it is full the device is held up.
const queueSize = 64

// session watches over one session until it breaks. The error is never nil.
func (d *device) session(ctx context.Context) error {
	if err := d.load(ctx); err != nil && !errors.Is(err, errAgain) {
		return err
	}
	sess, err := d.opts.Sessions.Session(ctx, d.name)
	if err != nil {
		return err
	}
	facts, err := sess.Probe(ctx)
	if err != nil {
		return err
	}
	if err := d.connected(ctx, facts); err != nil {
		return err
	}
	for {
		if err := d.watch(ctx, sess); !errors.Is(err, errAgain) {
			d.ladder.giveUp(d.top())
			return err
		}
	}
}

// connected says that the device is there, and what it is when that is news.
func (d *device) connected(ctx context.Context, facts profile.Facts) error {
	news := !d.introduced || !sameDevice(facts, d.facts)
	if news {
		d.ladder = ladder{} // another software may stream what the one before did not
	}
	if facts.CertificateSHA256 != "" && d.facts.CertificateSHA256 != "" && facts.CertificateSHA256 != d.facts.CertificateSHA256 {
		d.log.Warn("the device shows another certificate than before", zap.String("certificate", facts.CertificateSHA256))
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("device %q: event id: %w", d.name, err)
	}
	err = d.write(ctx, func(tx event.Tx) error {
		open, err := d.opts.Store.OpenEpisodeIn(tx, d.name)
		if err != nil && !errors.Is(err, view.ErrNotFound) {
			return err
		}
		d.episode, d.since = open, event.ID(id.String())
		if err := d.identify(ctx, tx, facts); err != nil || !news {
			return err
		}
		c := event.Device{
			Device: d.name, Address: d.address(), GNMI: facts.GNMIVersion, Software: facts.SoftwareVersion, Serial: facts.Serial,
		}
		for _, e := range facts.Encodings {
			c.Encodings = append(c.Encodings, string(e))
		}
		for _, m := range facts.Models {
			c.Models = append(c.Models, fmt.Sprintf("%s@%s", m.Name, m.Version))
		}
		return d.say(ctx, tx, event.TypeDeviceCapabilities, c)
	})
	if err != nil {
		return err
	}
	d.noteStart(facts.BootTime)
	d.facts, d.introduced, d.down = facts, true, false
	return nil
}

// noteStart keeps the boot time until the device has started again. It is compared with what was told last, so that a clock that
// is a little fast makes no restart in a year.
func (d *device) noteStart(told time.Time) {
	last := d.facts.BootTime
	if last.IsZero() { // as of the process before this one
		last = d.row.Known.Booted
	}
	switch {
	case told.IsZero():
	case last.IsZero() || !view.SameStart(last, told):
		d.booted = told
	case d.booted.IsZero():
		d.booted = last
	}
}

// identify says that the device is there, notes whether it is the one that intents and enrolment name, and tells of it when
// that is news.
func (d *device) identify(ctx context.Context, tx event.Tx, facts profile.Facts) error {
	row, err := d.opts.Store.DeviceIn(tx, d.name)
	if err != nil {
		return err
	}
	why := policy.Impostor(d.target.Model.Access.Identity, row, policy.IdentityOf(facts))
	_, err = d.save(tx, func(r *view.Device) {
		r.Mismatch, r.Sync, r.Health, r.Reason = why, view.Unknown, view.Healthy, ""
		if why != "" {
			r.Health, r.Reason = view.Held, policy.NotThatDevice(d.name, why)
		}
	})
	if err != nil {
		return err
	}
	if err := tx.Append(ctx, event.Draft{
		ID: d.since, Type: event.TypeDeviceConnected, Subject: string(d.name), Correlation: string(d.since),
		Data: event.Device{Device: d.name, Address: d.address()}, ActorType: event.ActorSystem, Actor: "monitor",
	}); err != nil || why == "" || why == row.Mismatch {
		return err
	}
	d.log.Warn("not the device that was enrolled", zap.String("why", why))
	return d.say(ctx, tx, event.TypeDeviceHeld, event.Device{Device: d.name, Address: d.address(), Reason: policy.NotThatDevice(d.name, why)})
}

func sameDevice(a, b profile.Facts) bool {
	if a.GNMIVersion != b.GNMIVersion || a.SoftwareVersion != b.SoftwareVersion || a.Serial != b.Serial || len(a.Models) != len(b.Models) {
		return false
	}
	for i := range a.Models {
		if a.Models[i] != b.Models[i] {
			return false
		}
	}
	return true
}

// heard is one thing that a watch said: an update, or that it enters a rung.
type heard struct {
	update  tree.Update
	stage   profile.Stage // empty for an update
	reason  string
	refused bool
}

// A watcher is one watch of a device: its inputs, all of which loop selects on.
type watcher struct {
	*device
	sess  Session
	heard chan heard
	ended chan error
	reads chan read

	settle *time.Timer // deviations have lasted long enough
	audit  *time.Timer // everything is to be read
	grace  *time.Timer // what an audit found must have been streamed by now
	climb  *time.Timer // a better rung is to be tried
	wg     sync.WaitGroup

	settling bool
	untold   bool // something may be otherwise than it was told
	unloaded int  // times in a row that what is expected could not be loaded
	refused  int  // times since something was told that the store did not take it
	told     struct {
		held, pending bool
		mismatch      string
	}
	reading  bool
	hinted   bool            // the stream said that something is otherwise, and only reading tells what
	heeded   time.Time       // when everything was read for such a hint last
	blind    bool            // the last reading beside the stream failed
	sure     map[string]bool // read since expectations changed last, by path; "" for everything
	suspects []path.Path     // found by an audit, and not streamed so far
	// proven holds, by path, the values of an episode's leaves that were read since it began: what only the stream has told
	// may be untrue. standing says that one of them deviated when it was read, corrected that the last news of the device
	// came from reading it.
	proven              map[string]schema.Value
	standing, corrected bool
}

// watch runs one watch. It returns errAgain when another one is to be started over the same session.
func (d *device) watch(ctx context.Context, sess Session) error {
	ctx, cancel := context.WithCancel(ctx)
	w := &watcher{
		device: d, sess: sess, heard: make(chan heard, queueSize), ended: make(chan error, 1), reads: make(chan read, 1),
		settle: stopped(), audit: stopped(), grace: stopped(), climb: stopped(),
		sure: map[string]bool{}, proven: map[string]schema.Value{},
	}
	defer w.wg.Wait()
	defer cancel()
	defer w.settle.Stop()
	defer w.audit.Stop()
	defer w.grace.Stop()
	defer w.climb.Stop()
	pass := func(h heard) error {
		select {
		case w.heard <- h:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	opts := profile.WatchOptions{
		Paths: d.paths,
		OnStage: func(r profile.Rung) {
			_ = pass(heard{stage: r.Stage, reason: r.Reason, refused: r.Refused}) // Watch sees ctx too
		},
	}
	first := d.ladder.first
	w.wg.Go(func() {
		w.ended <- sess.Watch(ctx, first, opts, func(u tree.Update) error { return pass(heard{update: u}) })
	})
	return w.loop(ctx)
}

func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

func (w *watcher) loop(ctx context.Context) error {
	every := time.NewTicker(tick)
	defer every.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-w.ended:
			return err
		case h := <-w.heard:
			err = w.hear(ctx, h)
		case r := <-w.reads:
			err = w.took(ctx, r)
		case <-w.settle.C:
			w.settling = false
			err = w.judge(ctx)
		case <-w.audit.C:
			w.read(ctx, nil)
		case <-w.grace.C:
			err = w.suspect()
		case <-w.climb.C:
			err = w.rise()
		case <-w.hint:
			err = w.refresh(ctx)
		case <-every.C:
			err = w.refresh(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// hear takes in what the device says.
func (w *watcher) hear(ctx context.Context, h heard) error {
	if h.stage != "" {
		return w.enter(h)
	}
	f := w.state.Fold(h.update)
	w.corrected = w.corrected && len(f.Changed) == 0
	if f.Late+f.Unclear > 0 && !w.hinted {
		w.log.Info("updates out of order, or deletes by a pattern: reading what is true", zap.Int("leaves", f.Late), zap.Int("deletes", f.Unclear))
		w.hinted = true
		w.plan()
	}
	if h.update.Sync {
		return w.synced(ctx)
	}
	if len(f.Changed) > 0 {
		w.stir()
	}
	return nil
}

// stir starts the settle time, unless it runs: what flaps on must not put off what stays.
func (w *watcher) stir() {
	if w.settling || !w.state.Synced() {
		return
	}
	if w.firstSeen.IsZero() {
		w.firstSeen = time.Now()
	}
	w.settling = true
	w.settle.Reset(w.opts.Settle)
}

// synced says that the snapshot is complete.
func (w *watcher) synced(ctx context.Context) error {
	w.ladder.carried(w.top())
	w.await()
	w.plan() // whether the store takes the news or not
	err := w.write(ctx, func(tx event.Tx) error {
		return w.say(ctx, tx, event.TypeDeviceSynced, event.Device{
			Device: w.name, Address: w.address(), Stage: string(w.ladder.stage), Reason: w.ladder.why,
		})
	})
	if err != nil {
		return w.unwritten(err)
	}
	w.log.Info("watching", zap.String("stage", string(w.ladder.stage)))
	if len(w.state.Findings()) > 0 {
		w.stir()
		return nil
	}
	return w.judge(ctx)
}

// auditEvery is shorter on the rungs where a device need not tell deletes, and on those that have to prove themselves.
func (w *watcher) auditEvery() time.Duration {
	every := w.target.Profile.Watch.AuditInterval
	if w.ladder.stage != profile.StageOnChange || w.ladder.onProbation() {
		every = min(every, time.Minute)
	}
	return every
}

// refresh loads what is expected, and judges if anything came of it that is not told.
func (w *watcher) refresh(ctx context.Context) error {
	if err := w.reload(ctx); err != nil {
		return err
	}
	held := w.row.HeldUntil.After(time.Now())
	if w.settling || !w.turned() && !w.untold && w.episode.ID == "" && held == w.told.held && w.row.Mismatch == w.told.mismatch && (w.state.Pending() > 0) == w.told.pending {
		return nil
	}
	if paths := w.unproven(); len(paths) > 0 && len(paths) <= mostPaths {
		w.read(ctx, paths)
		return nil
	}
	return w.judge(ctx)
}

// reload is load, with errors that pass reported here.
func (w *watcher) reload(ctx context.Context) error {
	target, swapped := w.target, w.swapped
	err := w.load(ctx)
	if w.swapped != swapped {
		clear(w.sure)
	}
	if w.target != target || w.swapped != swapped {
		w.untold = true
	}
	if err != nil && !errors.Is(err, errAgain) {
		if w.unloaded++; w.unloaded%100 == 1 { // the store may be away for long
			w.log.Warn("what is expected could not be loaded", zap.Error(err), zap.Int("times", w.unloaded))
		}
		return nil
	}
	if w.unloaded > 0 && err == nil {
		w.log.Info("what is expected is loaded again", zap.Int("after failures", w.unloaded))
		w.unloaded = 0
	}
	return err
}

// unwritten decides about an error of the store: without the lease the watch is over, else it goes on, and all that
// could not be told is judged again with the next tick.
func (w *watcher) unwritten(err error) error {
	if errors.Is(err, view.ErrLeaseLost) {
		return view.ErrLeaseLost
	}
	if w.refused++; w.refused%100 == 1 {
		w.log.Warn("not told, as the store does not take it", zap.Error(err), zap.Int("times", w.refused))
	}
	w.untold = true
	return nil
}
