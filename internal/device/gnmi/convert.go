package gnmi

import (
	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// prefix names the target of a request, where one was configured: a gateway serves many.
func (s *Session) prefix() *gpb.Path {
	if s.cfg.Target == "" {
		return nil
	}
	return &gpb.Path{Target: s.cfg.Target}
}

// wirePaths returns the paths with their origins as the device calls them.
func (s *Session) wirePaths(paths []path.Path) []*gpb.Path {
	out := make([]*gpb.Path, len(paths))
	for i, p := range paths {
		out[i] = wire.ToPath(p)
		out[i].Origin = s.cfg.Profile.WireOrigin(p.Origin)
	}
	return out
}

// decode makes a notification canonical. It is not wanted if it is about another target.
func (s *Session) decode(n *gpb.Notification) (u tree.Update, wanted bool) {
	if !s.adopt(n) {
		return tree.Update{}, false
	}
	return s.decoder.Notification(n), true
}

// adopt puts our names of origins into a notification, and reports whether it is wanted.
func (s *Session) adopt(n *gpb.Notification) bool {
	if t := n.GetPrefix().GetTarget(); s.cfg.Target != "" && t != "" && t != s.cfg.Target {
		return false
	}
	s.ownOrigin(n.GetPrefix())
	for _, d := range n.GetDelete() {
		s.ownOrigin(d)
	}
	for _, u := range n.GetUpdate() {
		s.ownOrigin(u.GetPath())
	}
	return true
}

// ownOrigin puts our name of an origin in the place of the device's.
func (s *Session) ownOrigin(p *gpb.Path) {
	if p == nil {
		return
	}
	for _, o := range s.cfg.Profile.Origins {
		if o.Wire == p.Origin {
			p.Origin = o.Schema
			return
		}
	}
}
