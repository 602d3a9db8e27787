package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

const planColumns = "id, content, status, reason, cause, episode, generation, correlation, votes, needs, given, requester, escalated, created, expires, devices, body"

func scanPlan(row scanner) (p view.Plan, err error) {
	var votes, needs, given, devices, body []byte
	if err := row.Scan(&p.ID, &p.Content, &p.Status, &p.Reason, &p.Cause, &p.Episode, &p.Generation, &p.Correlation, &votes,
		&needs, &given, &p.Requester, timeOf{&p.Escalated}, timeOf{&p.Created}, timeOf{&p.Expires}, &devices, &body); err != nil {
		return p, err
	}
	p.Body = body
	for _, list := range []struct {
		text []byte
		into any
	}{{votes, &p.Votes}, {needs, &p.Needs}, {given, &p.Given}} {
		if err := json.Unmarshal(list.text, list.into); err != nil {
			return p, fmt.Errorf("votes and approvals: %w", err)
		}
	}
	if len(p.Votes) == 0 {
		p.Votes = nil
	}
	if len(p.Needs) == 0 {
		p.Needs = nil
	}
	if len(p.Given) == 0 {
		p.Given = nil
	}
	return p, json.Unmarshal(devices, &p.Devices)
}

// SavePlan keeps a new plan. It reports false and changes nothing when the plan is there already, or, for an open
// one, when another open plan has the same content.
func (s *Store) SavePlan(tx event.Tx, p view.Plan) (bool, error) {
	t, err := s.own(tx)
	if err != nil {
		return false, err
	}
	devices, err := json.Marshal(p.Devices)
	if err != nil {
		return false, fmt.Errorf("plan %q: %w", p.ID, err)
	}
	n, err := t.exec("INSERT INTO plan ("+planColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		p.ID, p.Content, p.Status, p.Reason, p.Cause, p.Episode, p.Generation, p.Correlation, listText(p.Votes), listText(p.Needs), listText(p.Given),
		p.Requester, toDB(p.Escalated), toDB(p.Created), toDB(p.Expires), string(devices), nonNil(p.Body))
	for i := 0; err == nil && n > 0 && i < len(p.Devices); i++ {
		err = t.put("INSERT INTO plan_device (device, created, plan) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", string(p.Devices[i]), toDB(p.Created), p.ID)
	}
	if err != nil {
		return false, fmt.Errorf("plan %q: %w", p.ID, err)
	}
	return n > 0, nil
}

// listText is a list as it is kept.
func listText[T any](list []T) string {
	text, err := json.Marshal(list)
	if err != nil || len(list) == 0 { // strings, numbers and times always have JSON
		return "[]"
	}
	return string(text)
}

// SaveVotes keeps what validators said of the plan.
func (s *Store) SaveVotes(tx event.Tx, id string, votes []event.Vote) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if _, err := t.exec("UPDATE plan SET votes = ? WHERE id = ?", listText(votes), id); err != nil {
		return fmt.Errorf("plan %q: votes: %w", id, err)
	}
	return nil
}

// SaveApprovals keeps what the plan's approval needs, who has given it, and when others were told, as p has them.
func (s *Store) SaveApprovals(tx event.Tx, p view.Plan) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if _, err := t.exec("UPDATE plan SET needs = ?, given = ?, escalated = ? WHERE id = ?", listText(p.Needs), listText(p.Given), toDB(p.Escalated), p.ID); err != nil {
		return fmt.Errorf("plan %q: approvals: %w", p.ID, err)
	}
	return nil
}

// MovePlan changes the plan's status and reports whether it was in the status from: of two that move the
// same plan, one gets false.
func (s *Store) MovePlan(tx event.Tx, id string, from, to view.PlanStatus, reason string) (bool, error) {
	t, err := s.own(tx)
	if err != nil {
		return false, err
	}
	n, err := t.exec("UPDATE plan SET status = ?, reason = ? WHERE id = ? AND status = ?", to, reason, id, from)
	if err != nil {
		return false, fmt.Errorf("plan %q: %w", id, err)
	}
	return n > 0, nil
}

// Plan returns the plan or view.ErrNotFound.
func (s *Store) Plan(ctx context.Context, id string) (view.Plan, error) {
	return one(s.reader(ctx), "plan", id, scanPlan, "SELECT "+planColumns+" FROM plan WHERE id = ?")
}

// PlanIn is Plan within the transaction: nothing changes the plan before it commits.
func (s *Store) PlanIn(tx event.Tx, id string) (view.Plan, error) {
	t, err := s.own(tx)
	if err != nil {
		return view.Plan{}, err
	}
	return one(t, "plan", id, scanPlan, "SELECT "+planColumns+" FROM plan WHERE id = ?{lock}")
}

// Plans returns the plans that the query selects, the newest first.
func (s *Store) Plans(ctx context.Context, q view.PlanQuery) ([]view.Plan, error) {
	var w where
	from := "plan"
	if q.Device != "" {
		// CROSS JOIN keeps SQLite to the order of the loops: the device's plans, the newest first.
		from = "plan_device d CROSS JOIN plan"
		w.and("plan.id = d.plan AND d.device = ?", string(q.Device))
	}
	oneOf(&w, "status", q.Status)
	if q.Episode != "" {
		w.and("episode = ? AND episode <> ''", q.Episode)
	}
	order := "plan.created"
	if q.Device != "" {
		order = "d.created"
	}
	columns := strings.TrimSuffix(planColumns, "created, expires, devices, body") + "plan.created, expires, devices, "
	if q.Bodies {
		columns += "body"
	} else {
		columns += "''"
	}
	list, err := collect(s.reader(ctx), scanPlan, "SELECT "+columns+" FROM "+from+w.text()+" ORDER BY "+order+" DESC, plan.id LIMIT ?",
		append(w.args, limitOr100(q.Limit))...)
	if err != nil {
		return nil, fmt.Errorf("store: plans: %w", err)
	}
	return list, nil
}

// where is the condition of a query. Its text depends on which conditions there are, never on values: so it stays few
// texts to prepare, and each can use its indexes.
type where struct {
	conds []string
	args  []any
}

func (w *where) and(cond string, args ...any) {
	w.conds, w.args = append(w.conds, cond), append(w.args, args...)
}

// oneOf restricts a column to the values, of which there are few; none mean any.
func oneOf[T ~string](w *where, column string, values []T) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = string(v)
	}
	w.and(column+" IN ("+strings.Repeat("?, ", len(values)-1)+"?)", args...)
}

func (w *where) text() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// one reads a row by its id.
func one[T any](q querier, noun, id string, scan func(scanner) (T, error), query string) (T, error) {
	v, ok, err := first(q, scan, query, id)
	if err == nil && !ok {
		err = view.ErrNotFound
	}
	if err != nil {
		return v, fmt.Errorf("%s %q: %w", noun, id, err)
	}
	return v, nil
}

func limitOr100(n int) int {
	if n <= 0 {
		return 100
	}
	return n
}

const runColumns = "id, plan, status, reason, cause, episode, correlation, created, ended, body"

func scanRun(row scanner) (r view.Run, err error) {
	var body []byte
	err = row.Scan(&r.ID, &r.Plan, &r.Status, &r.Reason, &r.Cause, &r.Episode, &r.Correlation, timeOf{&r.Created}, timeOf{&r.Ended}, &body)
	r.Body = body
	return r, err
}

// SaveRun keeps the run as it now is.
func (s *Store) SaveRun(tx event.Tx, r view.Run) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if err := t.put("INSERT INTO run ("+runColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"+
		" ON CONFLICT (id) DO UPDATE SET status = excluded.status, reason = excluded.reason, ended = excluded.ended, body = excluded.body",
		r.ID, r.Plan, r.Status, r.Reason, r.Cause, r.Episode, r.Correlation, toDB(r.Created), toDB(r.Ended), nonNil(r.Body)); err != nil {
		return fmt.Errorf("run %q: %w", r.ID, err)
	}
	return nil
}

// Run returns the run or view.ErrNotFound.
func (s *Store) Run(ctx context.Context, id string) (view.Run, error) {
	return one(s.reader(ctx), "run", id, scanRun, "SELECT "+runColumns+" FROM run WHERE id = ?")
}

// Runs returns the runs that the query selects, the newest first.
func (s *Store) Runs(ctx context.Context, q view.RunQuery) ([]view.Run, error) {
	var w where
	oneOf(&w, "status", q.Status)
	if q.Plan != "" {
		w.and("plan = ?", q.Plan)
	}
	list, err := collect(s.reader(ctx), scanRun, "SELECT "+runColumns+" FROM run"+w.text()+" ORDER BY created DESC, id LIMIT ?",
		append(w.args, limitOr100(q.Limit))...)
	if err != nil {
		return nil, fmt.Errorf("store: runs: %w", err)
	}
	return list, nil
}

// SaveRunDevice keeps where the run stands on the device.
func (s *Store) SaveRunDevice(tx event.Tx, r view.RunDevice) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if err := t.put("INSERT INTO run_device (run, device, step, outcome, detail, state, updated) VALUES (?, ?, ?, ?, ?, ?, ?)"+
		" ON CONFLICT (run, device) DO UPDATE SET step = excluded.step, outcome = excluded.outcome, detail = excluded.detail,"+
		" state = excluded.state, updated = excluded.updated",
		r.Run, string(r.Device), r.Step, r.Outcome, r.Detail, nonNil(r.State), toDB(s.now())); err != nil {
		return fmt.Errorf("run %q: device %q: %w", r.Run, r.Device, err)
	}
	return nil
}

// RunDevices returns where the run stands, by device.
func (s *Store) RunDevices(ctx context.Context, run string) ([]view.RunDevice, error) {
	list, err := collect(s.reader(ctx), func(row scanner) (r view.RunDevice, err error) {
		var state []byte
		err = row.Scan(&r.Run, &r.Device, &r.Step, &r.Outcome, &r.Detail, &state, timeOf{&r.Updated})
		r.State = state
		return r, err
	}, "SELECT run, device, step, outcome, detail, state, updated FROM run_device WHERE run = ? ORDER BY device", run)
	if err != nil {
		return nil, fmt.Errorf("run %q: devices: %w", run, err)
	}
	return list, nil
}

const openStands = "SELECT run.id, run.status, run_device.device, run_device.step FROM run JOIN run_device ON run_device.run = run.id" +
	" WHERE run.status IN ('running', 'paused') ORDER BY run.id, run_device.device"

func scanStand(row scanner) (r view.RunStand, err error) {
	return r, row.Scan(&r.Run, &r.Status, &r.Device, &r.Step)
}

// OpenStands returns where each run that is not over stands on its devices.
func (s *Store) OpenStands(ctx context.Context) ([]view.RunStand, error) {
	list, err := collect(s.reader(ctx), scanStand, openStands)
	if err != nil {
		return nil, fmt.Errorf("store: open runs: %w", err)
	}
	return list, nil
}

// OpenStandsIn is OpenStands within the transaction. Of two transactions that ask it about the same device, the one that comes
// later waits, and sees what the other has written.
func (s *Store) OpenStandsIn(tx event.Tx, about []intent.DeviceName) ([]view.RunStand, error) {
	t, err := s.own(tx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(slices.Values(about)) { // in one order, so that two do not wait for each other
		if _, _, err := device(t, name, "{lock}"); err != nil {
			return nil, err
		}
	}
	list, err := collect(t, scanStand, openStands)
	if err != nil {
		return nil, fmt.Errorf("store: open runs: %w", err)
	}
	return list, nil
}

// SecretKey returns the store's own 32 random bytes, made on the first call: the key of the digests that
// stand for secrets.
func (s *Store) SecretKey(ctx context.Context) ([]byte, error) {
	scan := func(row scanner) (key []byte, err error) { return key, row.Scan(&key) }
	const query = "SELECT value FROM secret WHERE name = 'key'"
	key, ok, err := first(s.reader(ctx), scan, query)
	if err == nil && !ok {
		err = s.do(ctx, func(t *transaction) error {
			fresh := make([]byte, 32)
			if _, err := rand.Read(fresh); err != nil {
				return err
			}
			if err := t.put("INSERT INTO secret (name, value) VALUES ('key', ?) ON CONFLICT DO NOTHING", fresh); err != nil {
				return err
			}
			key, ok, err = first(t, scan, query)
			return err
		})
	}
	if err == nil && len(key) != 32 {
		err = errors.New("not 32 bytes")
	}
	if err != nil {
		return nil, fmt.Errorf("store: secret key: %w", err)
	}
	return key, nil
}
