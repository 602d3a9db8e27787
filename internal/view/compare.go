package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Difference is one field of one row that is not as the log tells.
type Difference struct {
	Kind  string `json:"kind"` // device, plan, run, episode, intent
	Row   string `json:"row"`
	Field string `json:"field,omitempty"` // empty for a row that only one of them has
	Live  string `json:"live"`
	Log   string `json:"log"`
}

// String is the difference on one line.
func (d Difference) String() string {
	at := d.Kind + " " + d.Row
	if d.Field != "" {
		at += ": " + d.Field
	}
	return fmt.Sprintf("%s: live %s, by the log %s", at, d.Live, d.Log)
}

// none stands for a row that there is not.
const none = "none"

// Compare returns how what is live differs from what the log tells, by kind, row and field.
func Compare(live, log *State) ([]Difference, error) {
	c := comparison{}
	c.row("intent", "current", map[string]string{"generation": live.Generation}, map[string]string{"generation": log.Generation})
	compareRows(&c, "device", live.Devices, log.Devices, func(d Device) any { d.Updated = time.Time{}; return d })
	compareRows(&c, "plan", live.Plans, log.Plans, func(p Plan) any { return p })
	compareRows(&c, "run", live.Runs, log.Runs, func(r RunState) any { return r.Run })
	compareRows(&c, "episode", live.Episodes, log.Episodes, func(e Episode) any { return e })
	compareRows(&c, "token", live.Tokens, log.Tokens, func(a Access) any { return a })
	c.row("freeze", "fabric", live.Freeze, log.Freeze)
	for _, id := range slices.Sorted(maps.Keys(live.Runs)) {
		if r, ok := log.Runs[id]; ok {
			compareRows(&c, "run "+id+" on", live.Runs[id].On, r.On, func(d RunDevice) any { return d })
		}
	}
	return c.found, c.err
}

type comparison struct {
	found []Difference
	err   error
}

func compareRows[K ~string, T any](c *comparison, kind string, live, log map[K]T, shown func(T) any) {
	keys := maps.Clone(live)
	maps.Copy(keys, log)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		a, inLive := live[k]
		b, inLog := log[k]
		switch {
		case !inLog:
			c.found = append(c.found, Difference{Kind: kind, Row: string(k), Live: c.text(shown(a)), Log: none})
		case !inLive:
			c.found = append(c.found, Difference{Kind: kind, Row: string(k), Live: none, Log: c.text(shown(b))})
		default:
			c.row(kind, string(k), shown(a), shown(b))
		}
	}
}

// row compares two rows field by field, by their names and texts in JSON.
func (c *comparison) row(kind, name string, live, log any) {
	a, b := c.fields(live), c.fields(log)
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, f := range slices.Sorted(maps.Keys(names)) {
		if string(a[f]) != string(b[f]) {
			c.found = append(c.found, Difference{Kind: kind, Row: name, Field: f, Live: orNothing(a[f]), Log: orNothing(b[f])})
		}
	}
}

func orNothing(text json.RawMessage) string {
	if len(text) == 0 {
		return "nothing"
	}
	return string(text)
}

func (c *comparison) fields(row any) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(c.text(row)), &fields); err != nil && c.err == nil {
		c.err = err
	}
	return fields
}

// text is the row in JSON. PostgreSQL keeps no NUL in texts, and a replacement character instead.
func (c *comparison) text(row any) string {
	data, err := json.Marshal(row)
	if err != nil && c.err == nil {
		c.err = err
	}
	return strings.ReplaceAll(string(data), `\u0000`, "\ufffd")
}
