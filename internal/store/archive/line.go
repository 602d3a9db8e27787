package archive

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/tenter-net/tenter/internal/event"
)

// maxLine is the longest that a line may be.
const maxLine = event.MaxEnvelope + 512

// AppendLine adds the event's line: {"seq":N,"predecessor":N,"hash":"HEX","envelope":{…}}, the envelope byte by byte as it was
// sealed, for it is what the hash is of. Whoever reads lines back finds the same event.
func AppendLine(to []byte, e event.Event) ([]byte, error) {
	if bytes.ContainsAny(e.Envelope, "\r\n") || !json.Valid(e.Envelope) {
		return nil, fmt.Errorf("event %d: its envelope is not one line of JSON", e.Seq)
	}
	to = strconv.AppendUint(append(to, `{"seq":`...), uint64(e.Seq), 10)
	to = strconv.AppendUint(append(to, `,"predecessor":`...), uint64(e.Predecessor), 10)
	to = hex.AppendEncode(append(to, `,"hash":"`...), e.Hash)
	to = append(append(to, `","envelope":`...), e.Envelope...)
	return append(to, "}\n"...), nil
}

// ParseLine reads a line, with or without its end. It proves nothing about the event but that it is one.
func ParseLine(line []byte) (event.Event, error) {
	var l struct {
		Seq         event.Seq       `json:"seq"`
		Predecessor event.Seq       `json:"predecessor"`
		Hash        string          `json:"hash"`
		Envelope    json.RawMessage `json:"envelope"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return event.Event{}, err
	}
	hash, err := hex.DecodeString(l.Hash)
	if err != nil || len(hash) != len(event.NoEvents()) {
		return event.Event{}, errors.New("hash: not 64 hexadecimal digits")
	}
	e, err := event.Parse(l.Envelope)
	if err != nil {
		return event.Event{}, err
	}
	e.Seq, e.Predecessor, e.Hash = l.Seq, l.Predecessor, hash
	return e, nil
}
