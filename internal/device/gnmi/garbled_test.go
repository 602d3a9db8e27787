package gnmi_test

import (
	"bytes"
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// A garbling codec puts a byte that is not UTF-8 into the texts that a server sends.
type garbling struct{ encoding.CodecV2 }

// Marshal replaces the mark.
func (g garbling) Marshal(v any) (mem.BufferSlice, error) {
	out, err := g.CodecV2.Marshal(v)
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(bytes.ReplaceAll(out.Materialize(), []byte("caf~"), []byte("caf\xe9")))}, nil
}

// TestNotUTF8 has a text in another character set: scalars make a message of it that no client can read, JSON does not.
func TestNotUTF8(t *testing.T) {
	say := func(enc gpb.Encoding) *gpb.Notification {
		n := notification(t, oneLeaf["leaf, scalar, origin"]+` update { path { elem { name: "system" } elem { name: "config" } elem { name: "motd-banner" } } val { string_val: "caf~" } }`)
		if enc == gpb.Encoding_JSON_IETF {
			for _, u := range n.Update {
				u.Val = &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: []byte(`"` + u.GetVal().GetStringVal() + `"`)}}
			}
		}
		return n
	}
	o := &odd{
		subscribe: func(list *gpb.SubscriptionList, stream gpb.GNMI_SubscribeServer) error {
			if err := stream.Send(&gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_Update{Update: say(list.GetEncoding())}}); err != nil {
				return err
			}
			if err := stream.Send(&gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_SyncResponse{SyncResponse: true}}); err != nil || list.GetMode() == gpb.SubscriptionList_ONCE {
				return err
			}
			<-stream.Context().Done()
			return nil
		},
		options: []grpc.ServerOption{grpc.ForceServerCodecV2(garbling{encoding.GetCodecV2("proto")})},
	}
	s := dial(t, o.serve(t))
	have, problems, err := s.Read(t.Context(), nil) // by ONCE
	if err != nil || !have.Has(at(t, oddDesc)) || len(problems) != 1 || problems[0].Path != "/system/config/motd-banner" {
		t.Errorf("read: %v, %v", problems, err)
	}
	w := watch(t, s, "/")
	u := w.until(t, isSync)
	if len(u) != 2 || !says(at(t, oddDesc), "x")(u[0]) || len(u[0].Problems) != 1 {
		t.Errorf("streamed %+v", u)
	}
	if got := w.stage(t); got != "on_change" || len(w.stages) != 0 {
		t.Errorf("stage %s and %d more", got, len(w.stages))
	}
}
