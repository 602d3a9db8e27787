package schemas_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/schemas"
)

// compiled is the JSON Schema of one type's events.
func compiled(t *testing.T, typ event.Type) *jsonschema.Schema {
	t.Helper()
	raw, ok := schemas.EventSchema(string(typ))
	if !ok {
		t.Fatalf("no schema of %s", typ)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("event.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func check(t *testing.T, s *jsonschema.Schema, raw []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// Every type has a schema and an example; the schema takes the example and the least that the type may say, and the
// example is read without losing anything.
func TestEvents(t *testing.T) {
	shown := map[reflect.Type]map[string]bool{}
	for _, k := range event.Kinds() {
		t.Run(string(k.Type), func(t *testing.T) {
			s := compiled(t, k.Type)
			example, ok := schemas.EventExample(string(k.Type))
			if !ok {
				t.Fatal("no example")
			}
			if err := check(t, s, example); err != nil {
				t.Errorf("example: %v", err)
			}
			e, err := event.Parse(example)
			if err != nil {
				t.Fatal(err)
			}
			data := reflect.New(k.Data)
			dec := json.NewDecoder(bytes.NewReader(e.Data))
			dec.DisallowUnknownFields()
			if err := dec.Decode(data.Interface()); err != nil {
				t.Fatal(err)
			}
			if shown[k.Data] == nil {
				shown[k.Data] = map[string]bool{}
			}
			least := reflect.New(k.Data).Elem()
			for i := range k.Data.NumField() {
				f := k.Data.Field(i)
				shown[k.Data][f.Name] = shown[k.Data][f.Name] || !data.Elem().Field(i).IsZero()
				rules := f.Tag.Get("jsonschema")
				if strings.Contains(rules, "minLength=1") {
					least.Field(i).SetString("x")
				}
				if _, first, ok := strings.Cut(rules, "enum="); ok {
					first, _, _ = strings.Cut(first, ",")
					least.Field(i).SetString(first)
				}
			}
			sealed, err := event.Draft{ID: "1", Type: k.Type, Source: "w", Time: time.Unix(0, 0), Data: least.Interface()}.Seal()
			if err != nil {
				t.Fatal(err)
			}
			if err := check(t, s, sealed.Envelope); err != nil {
				t.Errorf("%s: %v", sealed.Envelope, err)
			}
			newer := bytes.Replace(sealed.Envelope, []byte(`"data":{`), []byte(`"added":{"later":1},"data":{"added":"later",`), 1)
			newer = bytes.Replace(bytes.Replace(newer, []byte(`"1.0","id"`), []byte(`"1.0","id"`), 1), []byte(`"schemaversion":"1.0"`), []byte(`"schemaversion":"1.9"`), 1)
			if newer = bytes.Replace(newer, []byte(`later",}`), []byte(`later"}`), 1); check(t, s, newer) != nil {
				t.Errorf("of a newer build: %v", check(t, s, newer))
			}
		})
	}
	for data, fields := range shown {
		for name, is := range fields {
			if !is {
				t.Errorf("%v.%s is in no example: internal/event/generate/examples.go", data, name)
			}
		}
	}
}

// What is no event of the type is refused by its schema.
func TestEventSchemasRefuse(t *testing.T) {
	s := compiled(t, event.TypeDriftDetected)
	good, _ := schemas.EventExample(string(event.TypeDriftDetected))
	for name, change := range map[string][2]string{
		"another type":    {`"drift.detected"`, `"drift.held"`},
		"no episode":      {`"episode":`, `"epsode":`},
		"text for number": {`"total": 1`, `"total": "1"`},
		"no time":         {`"first_seen": "2026`, `"first_seen": "on 2026`},
		"no severity":     {`"warning"`, `"grave"`},
		"major version 2": {`"schemaversion": "1.0"`, `"schemaversion": "2.0"`},
	} {
		t.Run(name, func(t *testing.T) {
			bad := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(bad, good) {
				t.Fatal("the case changes nothing")
			}
			if check(t, s, bad) == nil {
				t.Error("valid")
			}
		})
	}
}

// Nothing is left of types that are gone, and the AsyncAPI document has every type on its stream.
func TestEventFiles(t *testing.T) {
	want := map[string]bool{"asyncapi.json": true}
	streams := map[string][]string{}
	for _, k := range event.Kinds() {
		want[string(k.Type)+".json"], want["examples/"+string(k.Type)+".json"] = true, true
		streams[k.Stream] = append(streams[k.Stream], string(k.Type))
	}
	got := map[string]bool{}
	err := fs.WalkDir(os.DirFS("event"), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got[name] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files, -want +got:\n%s", diff)
	}
	var doc struct {
		Channels map[string]struct{ Messages map[string]any }
	}
	if err := json.Unmarshal(schemas.AsyncAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	for stream, types := range streams {
		for _, typ := range types {
			if _, ok := doc.Channels[stream].Messages[typ]; !ok {
				t.Errorf("asyncapi.json: %s is not on %s", typ, stream)
			}
		}
	}
}
