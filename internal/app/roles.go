package app

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/settings"
)

// roles is the one table of which role an operation or a stream takes at least. What is not in it takes an admin. Some
// operations ask for more where that depends on what they are about: whether a plan needs an approval is for the engine.
var roles = map[string]policy.Role{
	StreamEvents:  policy.Viewer,
	OpEvents:      policy.Viewer,
	OpCorrelation: policy.Viewer,
	OpPlans:       policy.Viewer,
	OpPlanOf:      policy.Viewer,
	OpRuns:        policy.Viewer,
	OpRunOf:       policy.Viewer,
	OpRunDevices:  policy.Viewer,
	OpDevices:     policy.Viewer,
	OpEpisodes:    policy.Viewer,
	OpEpisodeOf:   policy.Viewer,
	OpSchedules:   policy.Viewer,
	OpRead:        policy.Viewer,
	OpOrder:       policy.Viewer,
	OpLocks:       policy.Viewer,
	OpWhyNot:      policy.Viewer,
	OpBackup:      policy.Viewer, // no more than can be read

	OpPlan:    policy.Planner,
	OpRestore: policy.Planner, // a plan like any other
	OpApply:   policy.Planner, // of what is approved
	// To reject one's own plan takes no more; the engine asks for an approver in all other cases.
	OpDecide: policy.Planner,

	OpHold:     policy.Approver,
	OpControl:  policy.Approver,
	OpSchedule: policy.Approver,
	OpFreeze:   policy.Approver,
	OpRelease:  policy.Approver,
}

// doing says what an operation is, where its name does not tell a person.
var doing = map[string]string{
	OpPlan: "making a plan", OpApply: "running a plan", OpDecide: "approving or rejecting a plan", OpControl: "commanding a run",
	OpSchedule: "changing a schedule", OpDead: "deciding about a dead letter", OpRelease: "releasing a loop", OpTokenCreate: "creating a token",
	OpTokenList: "listing tokens", OpTokenRevoke: "revoking a token",
}

// May says why the caller may not carry out an operation, nil if they may.
func (a *App) May(operation string, who api.Caller) error {
	role, ok := roles[operation]
	if !ok {
		role = policy.Admin
	}
	if who.Role.AtLeast(role) {
		return nil
	}
	if operation == OpDecide {
		role = policy.Approver // a planner may only take back a plan of their own
	}
	what, ok := doing[operation]
	if !ok {
		what = operation
	}
	return &CodedError{CodeDenied, fmt.Errorf("%s; next: ask somebody who has it", who.May(what, role))}
}

// Self is whoever runs this process, which has the state directory.
func (a *App) Self() (api.Caller, error) {
	who, err := a.peer(uint32(os.Getuid()))
	who.Via = policy.ViaSelf
	return who, err
}

// peer says who a user of this machine is: by access.users; where there are none, this process's own user and root may do
// everything, and nobody else anything.
func (a *App) peer(uid uint32) (api.Caller, error) {
	who := api.Caller{UID: uid, Who: policy.Who{Name: api.UserName(uid), Role: policy.Admin, Via: policy.ViaSocket}}
	if len(a.set.Access.Users) == 0 {
		if uid != 0 && uid != uint32(os.Getuid()) { // the socket's mode says so too, from a moment after it is there
			return api.Caller{}, &CodedError{CodeDenied, fmt.Errorf("%s (uid %d) is nobody here, only who runs tenter serve is; next: ask them for an entry in access.users", who.Name, uid)}
		}
		return who, nil
	}
	i := slices.IndexFunc(a.set.Access.Users, func(u settings.User) bool { return u.UID == fmt.Sprint(uid) })
	if i < 0 {
		return api.Caller{}, &CodedError{CodeDenied, fmt.Errorf("%s (uid %d) is nobody here; next: ask an admin for an entry in access.users", who.Name, uid)}
	}
	u := a.set.Access.Users[i]
	who.Name, who.Role, who.Groups = u.Name, policy.Role(u.Role), u.Groups
	return who, nil
}

// person returns the user who wrote a commit, by the address in its author: "Alice <alice@example.net>"; empty for nobody
// who is known here. The address is what comes last: a name may have anything in it.
func (a *App) person(author string) string {
	address, _ := strings.CutSuffix(author[strings.LastIndex(author, "<")+1:], ">")
	for _, u := range a.set.Access.Users {
		if slices.ContainsFunc(u.Emails, func(e string) bool { return address != "" && strings.EqualFold(e, address) }) {
			return u.Name
		}
	}
	return ""
}
