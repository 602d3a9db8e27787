package gnmi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"go.uber.org/zap"
	"google.golang.org/grpc/connectivity"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/wire"
)

// Probe asks the device what it is. What it does not tell, or does not implement, stays zero; the error is about the
// connection only.
func (s *Session) Probe(ctx context.Context) (profile.Facts, error) {
	s.mu.Lock()
	s.caps = nil // a device may have been upgraded since
	s.mu.Unlock()
	caps, err := s.capabilities(ctx)
	if err != nil {
		return profile.Facts{}, err
	}
	f := profile.Facts{GNMIVersion: caps.GetGNMIVersion()}
	for _, e := range caps.GetSupportedEncodings() {
		if name, known := encodingNames[e]; known {
			f.Encodings = append(f.Encodings, name)
		}
	}
	for _, m := range caps.GetSupportedModels() {
		f.Models = append(f.Models, profile.Model{Name: m.GetName(), Organization: m.GetOrganization(), Version: m.GetVersion()})
	}
	slices.SortFunc(f.Models, func(a, b profile.Model) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Organization, b.Organization), cmp.Compare(a.Version, b.Version))
	})
	at := s.cfg.Profile.Facts
	for _, fact := range []struct {
		path path.Path
		set  func(string)
	}{
		{at.SoftwareVersion.Path, func(v string) { f.SoftwareVersion = v }},
		{at.Serial.Path, func(v string) { f.Serial = v }},
		{at.ChassisMAC.Path, func(v string) { f.ChassisMAC = profile.MAC(v) }},
		{at.BootTime.Path, func(v string) {
			f.BootTime = moment(v)
		}},
	} {
		if len(fact.path.Elems) == 0 {
			continue
		}
		v, err := s.state(ctx, fact.path)
		if err != nil && s.conn.GetState() == connectivity.Ready && ctx.Err() == nil {
			s.log.Warn("what the device is could not be read", zap.Error(err))
			break // it answers nothing of the kind, and the next one would take as long
		}
		if err != nil {
			return profile.Facts{}, err
		}
		if v != "" {
			fact.set(v)
		}
	}
	s.mu.Lock()
	f.CertificateSHA256 = s.certificate
	s.mu.Unlock()
	return f, nil
}

// moment reads nanoseconds since 1970, as OpenConfig has them, or a date (RFC 3339), after which some devices say how long
// ago that was. What is neither is zero.
func moment(v string) time.Time {
	if ns, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.Unix(0, ns).UTC()
	}
	date, _, _ := strings.Cut(v, " ")
	t, err := time.Parse(time.RFC3339Nano, date)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// capabilities asks once for each session and probe.
func (s *Session) capabilities(ctx context.Context) (*gpb.CapabilityResponse, error) {
	s.mu.Lock()
	caps := s.caps
	s.mu.Unlock()
	if caps != nil {
		return caps, nil
	}
	ctx, cancel, err := s.unary(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	caps, err = s.client.Capabilities(ctx, &gpb.CapabilityRequest{})
	if err != nil {
		failed := s.fail("capabilities", err)
		var e *fault.Error
		if !errors.As(failed, &e) || e.Kind != fault.Unsupported {
			return nil, failed
		}
		s.setLack("capabilities")
		caps = &gpb.CapabilityResponse{}
	}
	s.mu.Lock()
	s.caps = caps
	s.mu.Unlock()
	return caps, nil
}

// state reads one state leaf as text, empty when the device does not have it.
func (s *Session) state(ctx context.Context, p path.Path) (string, error) {
	notes, err := s.fetch(ctx, gpb.GetRequest_STATE, []path.Path{p})
	var e *fault.Error
	if errors.As(err, &e) && !e.Lost() && !e.Unsent() {
		return "", nil // the device said no: it has no such leaf, or does not show it to us
	}
	if err != nil {
		return "", err
	}
	for _, n := range notes {
		for _, u := range n.GetUpdate() {
			if v := answered(n.GetPrefix(), u, p); v != "" {
				return v, nil
			}
		}
	}
	return "", nil
}

// answered returns what an update says of a leaf: at its very path, without any, or in the JSON of a container around it.
// A device that sends other leaves as well must not lend their values to what it is known by.
func answered(prefix *gpb.Path, u *gpb.Update, leaf path.Path) string {
	at, err := wire.FromPath(prefix, u.GetPath())
	if err != nil {
		return ""
	}
	at.Origin = leaf.Origin // whatever the device calls it
	switch {
	case len(at.Elems) == 0 || path.Equal(at, leaf):
		if v := scalarText(u.GetVal()); v != "" {
			return v
		}
		return within(u.GetVal(), leaf.Elems[len(at.Elems):])
	case leaf.HasPrefix(at):
		return within(u.GetVal(), leaf.Elems[len(at.Elems):])
	}
	return ""
}

// within returns the scalar at a path below a JSON object, empty for none.
func within(v *gpb.TypedValue, elems []path.Elem) string {
	text := cmp.Or(string(v.GetJsonIetfVal()), string(v.GetJsonVal()))
	for _, e := range elems {
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &members) != nil {
			return ""
		}
		text = ""
		for name, m := range members {
			if name[strings.LastIndexByte(name, ':')+1:] == e.Name {
				text = string(m)
			}
		}
	}
	if len(elems) == 0 {
		return ""
	}
	return jsonText([]byte(text))
}

// scalarText returns a scalar in any of its forms as text, empty for anything else.
func scalarText(v *gpb.TypedValue) string {
	switch v := v.GetValue().(type) {
	case *gpb.TypedValue_StringVal:
		return v.StringVal
	case *gpb.TypedValue_AsciiVal:
		return v.AsciiVal
	case *gpb.TypedValue_UintVal:
		return strconv.FormatUint(v.UintVal, 10)
	case *gpb.TypedValue_IntVal:
		return strconv.FormatInt(v.IntVal, 10)
	case *gpb.TypedValue_JsonIetfVal:
		return jsonText(v.JsonIetfVal)
	case *gpb.TypedValue_JsonVal:
		return jsonText(v.JsonVal)
	}
	return ""
}

// jsonText returns a JSON scalar as text. A device may answer with the leaf's value or with an object of one member.
func jsonText(data []byte) string {
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return ""
	}
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		for _, only := range m {
			v = only
		}
	}
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
