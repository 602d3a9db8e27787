package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/ygot/ygot"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	tlscreds "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// raw returns a gNMI client made of nothing but the protos, and a context with the login.
func (f *testFabric) raw(name string) (gpb.GNMIClient, context.Context) {
	f.t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(f.ca)
	conn, err := grpc.NewClient(f.address(name), grpc.WithTransportCredentials(tlscreds.NewTLS(&tls.Config{RootCAs: pool, ServerName: name})))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { conn.Close() })
	return gpb.NewGNMIClient(conn), login(timeout(f.t))
}

func login(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "username", "admin", "password", "secret")
}

func gpath(text string) *gpb.Path {
	p, err := ygot.StringToStructuredPath(text)
	if err != nil {
		panic(err)
	}
	return p
}

func ietf(json string) *gpb.TypedValue {
	return &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: []byte(json)}}
}

func gupdate(path, json string) *gpb.Update { return &gpb.Update{Path: gpath(path), Val: ietf(json)} }

func updates(pairs ...string) *gpb.SetRequest {
	req := &gpb.SetRequest{}
	for i := 0; i < len(pairs); i += 2 {
		req.Update = append(req.Update, gupdate(pairs[i], pairs[i+1]))
	}
	return req
}

func mustSet(t testing.TB, c gpb.GNMIClient, ctx context.Context, req *gpb.SetRequest) {
	t.Helper()
	if _, err := c.Set(ctx, req); err != nil {
		t.Fatalf("set: %v", err)
	}
}

func wantCode(t *testing.T, err error, want codes.Code, text string) {
	t.Helper()
	if status.Code(err) != want || !strings.Contains(status.Convert(err).Message(), text) {
		t.Errorf("got %v, want %v with %q", err, want, text)
	}
}

// get returns the JSON_IETF text at a path, "" where there is nothing.
func get(t testing.TB, c gpb.GNMIClient, ctx context.Context, path string) string {
	t.Helper()
	resp, err := c.Get(ctx, &gpb.GetRequest{Path: []*gpb.Path{gpath(path)}, Encoding: gpb.Encoding_JSON_IETF})
	if err != nil {
		t.Fatalf("get %s: %v", path, err)
	}
	for _, n := range resp.GetNotification() {
		for _, u := range n.GetUpdate() {
			return string(u.GetVal().GetJsonIetfVal())
		}
	}
	return ""
}

// A watch is one Subscribe stream of a test.
type watch struct {
	t testing.TB
	s gpb.GNMI_SubscribeClient
}

func subscribe(t testing.TB, c gpb.GNMIClient, ctx context.Context, list *gpb.SubscriptionList) *watch {
	t.Helper()
	s, err := c.Subscribe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&gpb.SubscribeRequest{Request: &gpb.SubscribeRequest_Subscribe{Subscribe: list}}); err != nil && !errors.Is(err, io.EOF) { // EOF: Recv tells why
		t.Fatal(err)
	}
	return &watch{t, s}
}

func onChange(paths ...string) *gpb.SubscriptionList {
	list := &gpb.SubscriptionList{Mode: gpb.SubscriptionList_STREAM, Encoding: gpb.Encoding_PROTO}
	for _, p := range paths {
		list.Subscription = append(list.Subscription, &gpb.Subscription{Path: gpath(p), Mode: gpb.SubscriptionMode_ON_CHANGE})
	}
	return list
}

// next returns the next notification; nil for sync_response.
func (w *watch) next() *gpb.Notification {
	w.t.Helper()
	resp, err := w.s.Recv()
	if err != nil {
		w.t.Fatalf("stream: %v", err)
	}
	return resp.GetUpdate()
}

// synced reads up to sync_response and returns how many updates came before it.
func (w *watch) synced() int {
	w.t.Helper()
	n := 0
	for {
		notification := w.next()
		if notification == nil {
			return n
		}
		n += len(notification.GetUpdate())
	}
}

// lines writes a notification as text: "path value" and "- path".
func lines(n *gpb.Notification) []string {
	var out []string
	at := func(p *gpb.Path) string {
		full := &gpb.Path{Elem: append(append([]*gpb.PathElem{}, n.GetPrefix().GetElem()...), p.GetElem()...)}
		text, err := ygot.PathToString(full)
		if err != nil {
			panic(err)
		}
		return text
	}
	for _, p := range n.GetDelete() {
		out = append(out, "- "+at(p))
	}
	for _, u := range n.GetUpdate() {
		var value any
		switch v := u.GetVal().GetValue().(type) {
		case *gpb.TypedValue_StringVal:
			value = v.StringVal
		case *gpb.TypedValue_UintVal:
			value = v.UintVal
		case *gpb.TypedValue_BoolVal:
			value = v.BoolVal
		case *gpb.TypedValue_JsonIetfVal:
			value = string(v.JsonIetfVal)
		}
		out = append(out, fmt.Sprintf("%s %v", at(u.GetPath()), value))
	}
	return out
}
