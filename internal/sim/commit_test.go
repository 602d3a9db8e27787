package sim

import (
	"testing"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/gnmi/proto/gnmi_ext"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
)

func withCommit(req *gpb.SetRequest, c *gnmi_ext.Commit) *gpb.SetRequest {
	req.Extension = append(req.Extension, &gnmi_ext.Extension{Ext: &gnmi_ext.Extension_Commit{Commit: c}})
	return req
}

func commit(id string, wait time.Duration) *gnmi_ext.Commit {
	return &gnmi_ext.Commit{Id: id, Action: &gnmi_ext.Commit_Commit{Commit: &gnmi_ext.CommitRequest{RollbackDuration: durationpb.New(wait)}}}
}

func confirm(id string) *gnmi_ext.Commit {
	return &gnmi_ext.Commit{Id: id, Action: &gnmi_ext.Commit_Confirm{Confirm: &gnmi_ext.CommitConfirm{}}}
}

func cancelCommit(id string) *gnmi_ext.Commit {
	return &gnmi_ext.Commit{Id: id, Action: &gnmi_ext.Commit_Cancel{Cancel: &gnmi_ext.CommitCancel{}}}
}

func extend(id string, wait time.Duration) *gnmi_ext.Commit {
	return &gnmi_ext.Commit{Id: id, Action: &gnmi_ext.Commit_SetRollbackDuration{
		SetRollbackDuration: &gnmi_ext.CommitSetRollbackDuration{RollbackDuration: durationpb.New(wait)},
	}}
}

const banner = "/system/config/login-banner"

func TestCommitConfirmed(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	w := subscribe(t, c, ctx, onChange(banner))
	w.synced()
	none := &gpb.SetRequest{}

	mustSet(t, c, ctx, withCommit(updates(banner, `"one"`), commit("a", time.Minute)))
	_, err := c.Set(ctx, updates(banner, `"two"`))
	wantCode(t, err, codes.FailedPrecondition, `"a"`)
	_, err = c.Set(ctx, withCommit(updates(banner, `"two"`), commit("b", time.Minute)))
	wantCode(t, err, codes.FailedPrecondition, `"a"`)
	_, err = c.Set(ctx, withCommit(none, confirm("b")))
	wantCode(t, err, codes.InvalidArgument, `"a"`)
	mustSet(t, c, ctx, withCommit(&gpb.SetRequest{}, confirm("a")))
	_, err = c.Set(ctx, withCommit(&gpb.SetRequest{}, confirm("a")))
	wantCode(t, err, codes.FailedPrecondition, "no commit")

	mustSet(t, c, ctx, withCommit(updates(banner, `"three"`), commit("c", time.Minute)))
	mustSet(t, c, ctx, withCommit(&gpb.SetRequest{}, cancelCommit("c")))
	if got := get(t, c, ctx, banner); got != `"one"` {
		t.Errorf("cancelled, yet %s", got)
	}

	mustSet(t, c, ctx, withCommit(updates(banner, `"four"`), commit("d", 50*time.Millisecond)))
	for _, want := range []string{"one", "three", "one", "four", "one"} {
		if got := lines(w.next()); len(got) != 1 || got[0] != banner+" "+want {
			t.Errorf("got %v, want %q", got, want)
		}
	}
	_, err = c.Set(ctx, withCommit(&gpb.SetRequest{}, confirm("d")))
	wantCode(t, err, codes.FailedPrecondition, "no commit")
}

func TestCommitRefuses(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	_, err := c.Set(ctx, withCommit(updates(banner, `"x"`), commit("", time.Minute)))
	wantCode(t, err, codes.InvalidArgument, "without an id")
	mustSet(t, c, ctx, withCommit(updates(banner, `"x"`), commit("a", 3*time.Second)))
	_, err = c.Set(ctx, withCommit(&gpb.SetRequest{}, extend("a", 0)))
	wantCode(t, err, codes.InvalidArgument, "positive")
	_, err = c.Set(ctx, withCommit(updates(banner, `"y"`), confirm("a")))
	wantCode(t, err, codes.InvalidArgument, "only a new commit")
	mustSet(t, c, ctx, withCommit(&gpb.SetRequest{}, extend("a", time.Hour)))
	// leaf2's rollback is due after leaf1's first one, which must not have counted.
	other, _ := f.raw("leaf2")
	mustSet(t, other, ctx, withCommit(updates(banner, `"y"`), commit("b", 3*time.Second)))
	eventually(t, "leaf2 took it back", func() bool { return get(t, other, ctx, banner) == "" })
	if got := get(t, c, ctx, banner); got != `"x"` {
		t.Errorf("given more time, yet rolled back to %s", got)
	}
	mustSet(t, c, ctx, withCommit(&gpb.SetRequest{}, confirm("a")))
}

func TestMasterArbitration(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	as := func(role string, high, low uint64) error {
		req := updates(banner, `"x"`)
		req.Extension = []*gnmi_ext.Extension{{Ext: &gnmi_ext.Extension_MasterArbitration{MasterArbitration: &gnmi_ext.MasterArbitration{
			Role: &gnmi_ext.Role{Id: role}, ElectionId: &gnmi_ext.Uint128{High: high, Low: low},
		}}}}
		_, err := c.Set(ctx, req)
		return err
	}
	for _, tc := range []struct {
		role      string
		high, low uint64
		want      codes.Code
	}{
		{"tenter", 1, 5, codes.OK},
		{"tenter", 1, 5, codes.OK},
		{"tenter", 1, 4, codes.PermissionDenied},
		{"tenter", 0, 9, codes.PermissionDenied},
		{"other", 0, 1, codes.OK},
		{"tenter", 2, 0, codes.OK},
		{"tenter", 1, 9, codes.PermissionDenied},
	} {
		wantCode(t, as(tc.role, tc.high, tc.low), tc.want, "")
	}
	mustSet(t, c, ctx, updates(banner, `"without the extension"`))
	req := updates(banner, `"y"`)
	req.Extension = []*gnmi_ext.Extension{{Ext: &gnmi_ext.Extension_MasterArbitration{MasterArbitration: &gnmi_ext.MasterArbitration{}}}}
	_, err := c.Set(ctx, req)
	wantCode(t, err, codes.InvalidArgument, "election id")
}
