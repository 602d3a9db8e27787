package policy

import (
	"fmt"
	"slices"
)

// A Role is what somebody may do at all. Each may what those before it may.
type Role string

// The roles, from least to most.
const (
	Viewer   Role = "viewer"   // looks
	Planner  Role = "planner"  // makes plans, and runs what is approved
	Approver Role = "approver" // approves and rejects plans, holds devices, commands runs
	Admin    Role = "admin"    // everything: enrols devices, gives access to others
)

// Roles are all roles, from least to most.
func Roles() []string {
	return []string{string(Viewer), string(Planner), string(Approver), string(Admin)}
}

// AtLeast reports whether r may what the other role may. What is no role may nothing.
func (r Role) AtLeast(other Role) bool {
	all := Roles()
	is, asked := slices.Index(all, string(r)), slices.Index(all, string(other))
	return is >= 0 && asked >= 0 && is >= asked
}

// The ways in which somebody proves who they are.
const (
	ViaSocket = "socket" // the uid that the kernel tells of the other end of a unix socket
	ViaToken  = "token"  // an API token
	ViaSelf   = "self"   // the uid of this process, which has the state directory
)

// Who is somebody who asks for something. It never comes from a flag or from what somebody says of themselves. Two with the
// same Name are the same person, however they came.
type Who struct {
	Name   string
	Role   Role
	Groups []string
	Via    string
}

// May says why somebody may not do what takes the role, empty if they may.
func (w Who) May(what string, role Role) string {
	if w.Role.AtLeast(role) {
		return ""
	}
	return fmt.Sprintf("%s is %s: %s takes the role %s", w.Name, w.Role.article(), what, role)
}

func (r Role) article() string {
	switch r {
	case Approver, Admin:
		return "an " + string(r)
	case Viewer, Planner:
		return "a " + string(r)
	}
	return "nobody here"
}

// In reports whether somebody is in one of the groups. No groups are everybody.
func (w Who) In(groups []string) bool {
	return len(groups) == 0 || slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(w.Groups, g) })
}
