package gnmi

import (
	"context"
	"slices"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/profile"
)

var encodingNames = map[gpb.Encoding]profile.Encoding{
	gpb.Encoding_JSON_IETF: profile.JSONIETF, gpb.Encoding_JSON: profile.JSON, gpb.Encoding_PROTO: profile.Proto,
}

var encodings = map[profile.Encoding]gpb.Encoding{
	profile.JSONIETF: gpb.Encoding_JSON_IETF, profile.JSON: gpb.Encoding_JSON, profile.Proto: gpb.Encoding_PROTO,
}

// preferred is the order in which encodings are taken when the profile's own is not offered.
var preferred = []profile.Encoding{profile.JSONIETF, profile.JSON, profile.Proto}

// choices returns the encodings to try for a call, the profile's first: of those that the device says it supports, or
// of all when it says nothing.
func (s *Session) choices(ctx context.Context, first profile.Encoding) ([]profile.Encoding, error) {
	caps, err := s.capabilities(ctx)
	if err != nil {
		return nil, err
	}
	offered := caps.GetSupportedEncodings()
	var list []profile.Encoding
	for _, e := range append([]profile.Encoding{first}, preferred...) {
		if !slices.Contains(list, e) && (len(offered) == 0 || slices.Contains(offered, encodings[e])) {
			list = append(list, e)
		}
	}
	if len(list) == 0 { // it offers nothing that we know of, which may be a mistake of its list
		list = []profile.Encoding{first}
	}
	return list, nil
}
