package sim

import (
	"cmp"
	"context"
	"crypto/subtle"
	"fmt"
	"slices"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// gnmiVersion is the version of the gNMI specification that the servers follow.
const gnmiVersion = "0.10.0"

// A server answers one node's gNMI RPCs.
type server struct {
	gpb.UnimplementedGNMIServer
	*node
}

// credentials are what every RPC must carry; an empty user name asks for none.
type credentials struct{ username, password string }

func (c credentials) check(ctx context.Context) error {
	if c.username == "" {
		return nil
	}
	md, _ := metadata.FromIncomingContext(ctx)
	have := func(key, want string) bool {
		values := md.Get(key)
		return len(values) == 1 && subtle.ConstantTimeCompare([]byte(values[0]), []byte(want)) == 1
	}
	user, password := have("username", c.username), have("password", c.password)
	if !user || !password {
		return status.Error(codes.Unauthenticated, "wrong username or password")
	}
	return nil
}

func (c credentials) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := c.check(ctx); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (c credentials) stream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := c.check(ss.Context()); err != nil {
		return err
	}
	return next(srv, ss)
}

// Capabilities tells the models, encodings and version.
func (s *server) Capabilities(context.Context, *gpb.CapabilityRequest) (*gpb.CapabilityResponse, error) {
	if s.faults.strikes(NoCapabilities) {
		return nil, status.Error(codes.Unimplemented, "Capabilities is not implemented")
	}
	return &gpb.CapabilityResponse{
		SupportedModels:    s.dialect.models(),
		SupportedEncodings: s.dialect.encodings,
		GNMIVersion:        gnmiVersion,
	}, nil
}

// encoding checks that a request's encoding is one of ours.
func (s *server) encoding(e gpb.Encoding) (conf.Encoding, error) {
	if slices.Contains(s.dialect.encodings, e) {
		return conf.Encoding{Kind: e, Strip: s.faults.on(StripPrefixes)}, nil
	}
	return conf.Encoding{}, status.Errorf(codes.Unimplemented, "encoding %v is not supported", e)
}

// useModels checks the models that a request is limited to.
func (s *server) useModels(asked []*gpb.ModelData) error {
	for _, m := range asked {
		known := false
		for _, have := range s.dialect.models() {
			known = known || have.GetName() == m.GetName()
		}
		if !known {
			return status.Errorf(codes.InvalidArgument, "model %q is not supported", m.GetName())
		}
	}
	return nil
}

// cliOrigin is the origin of commands.
const cliOrigin = "cli"

// origin returns the origin of a request's path, which prefix or path may carry; "" is the device's own.
func (s *server) origin(prefix, path *gpb.Path) string {
	return cmp.Or(path.GetOrigin(), prefix.GetOrigin(), s.dialect.origin)
}

// resolve joins prefix and path of a request for the device's tree.
func (s *server) resolve(prefix, path *gpb.Path) (conf.Path, error) {
	if o := s.origin(prefix, path); o != s.dialect.origin {
		return nil, fmt.Errorf("origin %q is not supported", o)
	}
	return conf.FromProto(prefix, path)
}

// target checks that a request that names a target means this device.
func (s *server) target(prefix *gpb.Path) error {
	if t := prefix.GetTarget(); t != "" && t != s.Name {
		return status.Errorf(codes.NotFound, "target %q is not here: this is %q", t, s.Name)
	}
	return nil
}
