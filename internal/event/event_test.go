package event_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 123456789, time.UTC)

func draft() event.Draft {
	return event.Draft{
		ID: "0196", Type: event.TypeDriftDetected, Time: noon, Source: "w1/monitor", Subject: "leaf1",
		Data: event.Drift{
			Episode: "e1", Device: "leaf1", Total: 1, Mode: "propose", FirstSeen: noon,
			Findings: []event.Finding{{Path: "/interfaces/interface[name=Ethernet1]/config/mtu", Class: "changed", Before: "9000", After: "1500"}},
		},
		Correlation: "e1", Causation: "0195", Fabric: "dc1", Actor: "alice", ActorType: event.ActorUser,
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
}

func TestEnvelopeRoundTrip(t *testing.T) {
	sealed, err := draft().Seal()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"specversion":"1.0","id":"0196","type":"drift.detected","source":"w1/monitor","subject":"leaf1",` +
		`"time":"2026-05-04T12:00:00.123456789Z","datacontenttype":"application/json","schemaversion":"1.0","fabric":"dc1",` +
		`"correlationid":"e1","causationid":"0195","actor":"alice","actortype":"user","severity":"warning",` +
		`"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",` +
		`"data":{"episode":"e1","device":"leaf1","findings":[{"path":"/interfaces/interface[name=Ethernet1]/config/mtu","class":"changed","before":"9000","after":"1500"}],` +
		`"total":1,"mode":"propose","first_seen":"2026-05-04T12:00:00.123456789Z"}}`
	if diff := cmp.Diff(want, string(sealed.Envelope)); diff != "" {
		t.Errorf("envelope, -want +got:\n%s", diff)
	}
	parsed, err := event.Parse(sealed.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sealed, parsed); diff != "" {
		t.Errorf("-sealed +parsed:\n%s", diff)
	}
	data, err := event.Decode[event.Drift](parsed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(draft().Data, any(data)); diff != "" {
		t.Errorf("data, -want +got:\n%s", diff)
	}
}

func TestReadersTolerateWhatIsNewer(t *testing.T) {
	e, err := event.Parse([]byte(`{"specversion":"1.0","id":"1","type":"drift.adopted","source":"w9","time":"2026-05-04T12:00:00Z",
		"schemaversion":"1.7","severity":"info","newextension":"x","data":{"episode":"e1","new_field":[1,2]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if e.Type != "drift.adopted" || e.Stream != event.StreamDrift {
		t.Errorf("type %s, stream %s", e.Type, e.Stream)
	}
	data, err := event.Decode[event.Drift](e)
	if err != nil || data.Episode != "e1" {
		t.Errorf("Decode() = %+v, %v", data, err)
	}
}

func TestParseRefuses(t *testing.T) {
	good := `{"specversion":"1.0","id":"1","type":"drift.detected","source":"w","time":"2026-05-04T12:00:00Z","schemaversion":"1.0","data":{}}`
	if _, err := event.Parse([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"not JSON":         {`{"spec`, `{spec`},
		"CloudEvents 2":    {`"specversion":"1.0"`, `"specversion":"2.0"`},
		"no id":            {`"id":"1"`, `"id":""`},
		"no type":          {`"type":"drift.detected"`, `"kind":"x"`},
		"no source":        {`"source":"w"`, `"source":""`},
		"major version 2":  {`"schemaversion":"1.0"`, `"schemaversion":"2.0"`},
		"no version":       {`,"schemaversion":"1.0"`, ``},
		"time is no time":  {`2026-05-04T12:00:00Z`, `noon`},
		"id is no string":  {`"id":"1"`, `"id":1`},
		"two values":       {`"data":{}}`, `"data":{}} {}`},
		"cut off":          {`"data":{}}`, `"data":{`},
		"type is an array": {`"type":"drift.detected"`, `"type":["drift.detected"]`},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(good, change[0], change[1], 1)
			if bad == good {
				t.Fatal("the case changes nothing")
			}
			if e, err := event.Parse([]byte(bad)); err == nil {
				t.Errorf("Parse(%s) = %+v", bad, e)
			}
		})
	}
}

func TestSealRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*event.Draft)
		want   string
	}{
		"unknown type":   {func(d *event.Draft) { d.Type = "drift.detcted" }, "not in the catalogue"},
		"another's data": {func(d *event.Draft) { d.Data = event.Command{} }, "data is event.Command, want event.Drift"},
		"a pointer":      {func(d *event.Draft) { d.Data = &event.Drift{} }, "data is *event.Drift"},
		"no data":        {func(d *event.Draft) { d.Data = nil }, "data is <nil>"},
		"no episode":     {func(d *event.Draft) { d.Data = event.Drift{Device: "leaf1"} }, "data.episode is empty"},
		"NUL":            {func(d *event.Draft) { d.Subject = "leaf\x001" }, `subject: byte 4 of "leaf\x001"`},
		"not UTF-8":      {func(d *event.Draft) { d.Actor = "caf\xe9" }, "actor: byte 3"},
		"a C1 control":   {func(d *event.Draft) { d.Correlation = "e\u0085" }, "correlationid: byte 1"},
		"a noncharacter": {func(d *event.Draft) { d.Source = "w/\ufffe" }, "source: byte 2"},
		"no severity":    {func(d *event.Draft) { d.Severity = "grave" }, `severity "grave": want info`},
		"no id":          {func(d *event.Draft) { d.ID = "" }, "must be set"},
		"no source":      {func(d *event.Draft) { d.Source = "" }, "must be set"},
		"no time":        {func(d *event.Draft) { d.Time = time.Time{} }, "must be set"},
		"too large": {func(d *event.Draft) {
			d.Data = event.Drift{Episode: "e1", Device: "leaf1", Reason: strings.Repeat("x", event.MaxEnvelope)}
		}, "more than the"},
		"no JSON time": {func(d *event.Draft) {
			d.Data = event.Drift{Episode: "e1", Device: "leaf1", FirstSeen: time.Unix(math.MaxInt32*1000, 0)}
		}, "data:"},
	} {
		t.Run(name, func(t *testing.T) {
			d := draft()
			c.change(&d)
			if _, err := d.Seal(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Seal() = %v, want %q", err, c.want)
			}
		})
	}
}

// Bytes of a device that are no text, in data, are no reason to lose the event.
func TestSealTakesAnyText(t *testing.T) {
	d := draft()
	d.Actor = "Zoë \ufffd 🦊"
	d.Data = event.Drift{Episode: "e1", Device: "leaf1", Reason: "caf\xe9 \x00 \u2028 </script>"}
	e, err := d.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(e.Envelope) {
		t.Errorf("envelope %q", e.Envelope)
	}
	data, err := event.Decode[event.Drift](e)
	if want := "caf\ufffd \x00 \u2028 </script>"; err != nil || data.Reason != want {
		t.Errorf("reason %q, %v; want %q", data.Reason, err, want)
	}
}

func FuzzParse(f *testing.F) {
	sealed, err := draft().Seal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed.Envelope)
	f.Add([]byte(`{"specversion":"1.0","id":"1","type":"x","source":"w","schemaversion":"1","data":null}`))
	f.Add([]byte(`{"specversion":"1.0","id":"1","type":"drift.detected","source":"w","schemaversion":"1.0","data":{"findings":{}}}`))
	f.Add([]byte("\xff{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := event.Parse(raw)
		if err != nil {
			return
		}
		if e.ID == "" || e.Type == "" || e.Source == "" || e.Stream == "" || !bytes.Equal(e.Envelope, raw) {
			t.Errorf("Parse(%q) = %+v", raw, e)
		}
		if _, err := event.Decode[event.Drift](e); err == nil && !json.Valid(e.Data) {
			t.Errorf("data %q was decoded", e.Data)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	d := draft()
	for b.Loop() {
		if _, err := d.Seal(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	e, err := draft().Seal()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := event.Parse(e.Envelope); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleDraft_Seal() {
	e, err := event.Draft{
		ID: "1", Type: event.TypeDeviceSynced, Source: "w1", Subject: "leaf1", Time: time.Unix(0, 0),
		Data: event.Device{Device: "leaf1", Stage: "ON_CHANGE"},
	}.Seal()
	if err != nil {
		panic(err)
	}
	fmt.Println(e.Stream, string(e.Data))
	// Output: device {"device":"leaf1","stage":"ON_CHANGE"}
}
