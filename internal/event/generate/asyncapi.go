package main

import (
	"bytes"
	"encoding/json"

	"github.com/invopop/jsonschema"

	"github.com/tenter-net/tenter/internal/event"
)

// An asyncAPI is a document of AsyncAPI 3.0.0, as far as Tenter has something to say.
type asyncAPI struct {
	AsyncAPI           string                `json:"asyncapi"`
	Info               info                  `json:"info"`
	DefaultContentType string                `json:"defaultContentType"`
	Servers            map[string]server     `json:"servers"`
	Channels           map[string]*channel   `json:"channels"`
	Operations         map[string]*operation `json:"operations"`
	Components         components            `json:"components"`
}

type info struct {
	Title       string  `json:"title"`
	Version     string  `json:"version"`
	Description string  `json:"description"`
	License     license `json:"license"`
}

type license struct {
	Name string `json:"name"`
}

type server struct {
	Host        string `json:"host"`
	Protocol    string `json:"protocol"`
	Description string `json:"description"`
}

type channel struct {
	Address     string               `json:"address"`
	Description string               `json:"description"`
	Messages    map[string]ref       `json:"messages"`
	Parameters  map[string]parameter `json:"parameters"`
}

type parameter struct {
	Description string   `json:"description"`
	Examples    []string `json:"examples"`
}

type operation struct {
	Action  string `json:"action"`
	Channel ref    `json:"channel"`
	Summary string `json:"summary"`
}

type components struct {
	Messages map[string]message         `json:"messages"`
	Schemas  map[string]json.RawMessage `json:"schemas"`
}

type message struct {
	Name        string    `json:"name"`
	Title       string    `json:"title"`
	Summary     string    `json:"summary"`
	ContentType string    `json:"contentType"`
	Payload     payload   `json:"payload"`
	Examples    []example `json:"examples"`
}

type payload struct {
	AllOf []any `json:"allOf"`
}

type example struct {
	Name    string          `json:"name"`
	Payload json.RawMessage `json:"payload"`
}

type ref struct {
	Ref string `json:"$ref"`
}

const contentType = "application/cloudevents+json"

func newAsyncAPI() *asyncAPI {
	return &asyncAPI{
		AsyncAPI: "3.0.0",
		Info: info{
			Title: "Tenter", Version: event.SchemaVersion, License: license{Name: "Apache-2.0"},
			Description: "Tenter's events, as its relay copies them from the event log to Redis Streams. An entry's id is the event's place in the log (<seq>-0), its one field, data, " +
				"is the event. The log is the truth: an entry that it does not have is nobody's event. " + marked,
		},
		DefaultContentType: contentType,
		Servers:            map[string]server{"redis": {Host: "127.0.0.1:6379", Protocol: "redis", Description: "The Redis of bus.redis: one server, Sentinel or Cluster, 7.0 or later."}},
		Channels:           map[string]*channel{},
		Operations:         map[string]*operation{},
		Components:         components{Messages: map[string]message{}, Schemas: map[string]json.RawMessage{}},
	}
}

func (a *asyncAPI) add(k event.Kind, data *jsonschema.Schema, sample json.RawMessage) error {
	if len(a.Channels) == 0 {
		if err := a.schema("Envelope", envelope()); err != nil {
			return err
		}
	}
	for name, d := range data.Definitions {
		if err := a.schema(name, d); err != nil {
			return err
		}
	}
	c, ok := a.Channels[k.Stream]
	if !ok {
		c = &channel{
			Address: "tenter:{fabric}:" + k.Stream, Description: "A Redis Stream, trimmed by age and length.", Messages: map[string]ref{},
			Parameters: map[string]parameter{"fabric": {Description: "The fabric's name in braces, which are Redis' hash tag.", Examples: []string{"{dc1}"}}},
		}
		a.Channels[k.Stream] = c
		a.Operations[k.Stream] = &operation{Action: "send", Channel: ref{"#/channels/" + k.Stream}, Summary: "What happens, in the order in which it was committed."}
	}
	name := string(k.Type)
	c.Messages[name] = ref{"#/components/messages/" + name}
	a.Components.Messages[name] = message{
		Name: name, Title: name, Summary: k.Summary, ContentType: contentType,
		Payload: payload{AllOf: []any{
			ref{"#/components/schemas/Envelope"},
			map[string]any{"properties": map[string]any{"type": map[string]any{"const": name}, "data": ref{moved(data.Ref)}}},
		}},
		Examples: []example{{Name: name, Payload: sample}},
	}
	return nil
}

func (a *asyncAPI) schema(name string, s *jsonschema.Schema) error {
	raw, err := json.Marshal(s)
	a.Components.Schemas[name] = bytes.ReplaceAll(raw, []byte(`"#/$defs/`), []byte(`"`+schemas))
	return err
}

const schemas = "#/components/schemas/"

// moved is a reference to a definition, from within the document.
func moved(ref string) string { return schemas + ref[len("#/$defs/"):] }
