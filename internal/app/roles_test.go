package app

import (
	"os"
	"testing"

	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/settings"
)

// However the socket's file came to be open to others: without access.users they are nobody.
func TestPeers(t *testing.T) {
	a, _ := logKeeper(t)
	own, other := uint32(os.Getuid()), uint32(os.Getuid())+4242
	for _, uid := range []uint32{0, own} {
		if who, err := a.peer(uid); err != nil || who.Role != policy.Admin {
			t.Errorf("uid %d: %+v, %v", uid, who, err)
		}
	}
	if who, err := a.peer(other); err == nil || Code(err) != CodeDenied || who.Role != "" {
		t.Errorf("another user: %+v, %v", who, err)
	}
	a.set.Access.Users = []settings.User{{Name: "eve", UID: "77", Role: "viewer", Groups: []string{"g"}}, {Name: "ann", Role: "admin"}}
	if who, err := a.peer(77); err != nil || who.Name != "eve" || who.Role != policy.Viewer || !who.In([]string{"g"}) {
		t.Errorf("eve: %+v, %v", who, err)
	}
	for _, uid := range []uint32{0, own, other} {
		if who, err := a.peer(uid); err == nil || who.Role != "" {
			t.Errorf("uid %d: %+v, %v", uid, who, err)
		}
	}
}
