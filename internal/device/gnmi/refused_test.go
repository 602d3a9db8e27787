package gnmi_test

import (
	"context"
	"errors"
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// TestRefusedForGood tells what a device does not have from what it may have later.
func TestRefusedForGood(t *testing.T) {
	for code, want := range map[codes.Code]bool{
		codes.Unimplemented: true, codes.InvalidArgument: true, codes.FailedPrecondition: false, codes.ResourceExhausted: false, codes.Internal: false,
	} {
		o := &odd{
			get:       func(context.Context, *gpb.GetRequest) (*gpb.GetResponse, error) { return &gpb.GetResponse{}, nil },
			subscribe: func(*gpb.SubscriptionList, gpb.GNMI_SubscribeServer) error { return status.Error(code, "no") },
		}
		var rungs []profile.Rung
		ended := errors.New("seen")
		err := dial(t, o.serve(t)).Watch(t.Context(), "", profile.WatchOptions{OnStage: func(r profile.Rung) { rungs = append(rungs, r) }},
			func(tree.Update) error { return ended })
		if !errors.Is(err, ended) || len(rungs) != 4 || rungs[0].Refused {
			t.Fatalf("%s: %v, %v", code, rungs, err)
		}
		for _, r := range rungs[1:] {
			if r.Refused != want {
				t.Errorf("%s: %+v", code, r)
			}
		}
	}
}
