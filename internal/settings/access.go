package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// TokenVariable is the environment variable with the token of the command line as a client.
const TokenVariable = "TENTER_TOKEN"

// Access says who may do what. Without users, the user of the process that serves may do everything, and root, and nobody else
// anything.
type Access struct {
	Users []User `mapstructure:"users" doc:"who may use the socket, with which role; nobody else, once there is one"`
}

// A User is one person, or a program, that is known here. Two entries never have the same name, nor the same uid.
type User struct {
	Name   string   `mapstructure:"name"`
	UID    string   `mapstructure:"uid"`    // number of the system's user; empty for somebody who comes with tokens only
	Role   string   `mapstructure:"role"`   // viewer, planner, approver, admin
	Groups []string `mapstructure:"groups"` // as the ApprovalPolicy documents name them
	Emails []string `mapstructure:"emails"` // of the commits that the person writes
}

// Roles of a User, from least to most.
var userRoles = []string{"viewer", "planner", "approver", "admin"}

// validateWho checks the users, and that the API is never open without TLS.
func (s *Settings) validateWho(c validator) {
	var names []string
	uids, emails := map[string]bool{}, map[string]bool{}
	for i, u := range s.Access.Users {
		at := fmt.Sprintf("access.users[%d]", i)
		names = append(names, u.Name)
		c.oneOf(at+".role", u.Role, userRoles)
		if _, err := strconv.ParseUint(u.UID, 10, 32); u.UID != "" && err != nil {
			c.bad(at+".uid", "as id -u prints it", "%q is no number of a user", u.UID)
		}
		if uids[u.UID] && u.UID != "" {
			c.bad(at+".uid", "", "%s is there twice", u.UID)
		}
		uids[u.UID] = true
		for _, e := range u.Emails {
			if emails[strings.ToLower(e)] || !strings.Contains(e, "@") {
				c.bad(at+".emails", "", "%q is there twice, or is no address", e)
			}
			emails[strings.ToLower(e)] = true
		}
		if slices.Contains(u.Groups, "") {
			c.bad(at+".groups", "", "a group has no name")
		}
	}
	c.unique("access.users", names)
	a := s.API
	if a.Listen != "" && !listenable(a.Listen) {
		c.bad("api.listen", "as in 127.0.0.1:8443, or :8443 for every address", "%q is no host:port", a.Listen)
	}
	if a.Listen != "" && (a.CertFile == "" || a.KeyFile == "") {
		c.bad("api.listen", "a token that is sent without TLS is anybody's", "needs api.cert_file and api.key_file")
	}
	if a.Listen == "" && (a.CertFile != "" || a.KeyFile != "") {
		c.bad("api.cert_file", "api.listen: :8443", "is of no use without api.listen")
	}
	c.url("server", s.Server, "https", "unix")
}
