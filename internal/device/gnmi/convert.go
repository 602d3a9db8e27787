package gnmi

import (
	"cmp"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// prefix names the target of a request, where one was configured: a gateway serves many, and some devices have a name
// of their own for each database.
func (s *Session) prefix() *gpb.Path {
	if t := s.target(); t != "" {
		return &gpb.Path{Target: t}
	}
	return nil
}

func (s *Session) target() string { return cmp.Or(s.cfg.Target, s.cfg.Profile.Target) }

// wirePaths returns the paths with their origins as the device calls them.
func (s *Session) wirePaths(paths []path.Path) []*gpb.Path {
	out := make([]*gpb.Path, len(paths))
	for i, p := range paths {
		out[i] = wire.ToPath(p)
		s.localize(out[i])
	}
	return out
}

// localize writes a path as the device knows it: its name of the origin, and the module of the first element where it
// wants that.
func (s *Session) localize(p *gpb.Path) {
	origin := cmp.Or(p.Origin, path.OpenConfig)
	p.Origin = s.cfg.Profile.WireOrigin(origin)
	if len(p.Elem) == 0 || !s.cfg.Profile.Qualifies(origin) {
		return
	}
	if models, ok := s.cfg.Table.Roots().Schema(origin); ok {
		if n, ok := models.Root().Child(p.Elem[0].Name); ok {
			p.Elem[0].Name = n.Module() + ":" + p.Elem[0].Name
		}
	}
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
	if t := n.GetPrefix().GetTarget(); s.target() != "" && t != "" && t != s.target() {
		s.stranger(t)
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

// mostStrangers is of how many targets it is told that they are not the one that was asked for.
const mostStrangers = 8

// stranger tells of another target's notification, once for each target and session: a gateway may send many.
func (s *Session) stranger(target string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.strangers[target] || len(s.strangers) == mostStrangers {
		return
	}
	s.strangers[target] = true
	s.log.Warn("what the device sends of another target is left out; if that is its name for itself, set it as the target in the intents or the profile",
		zap.String("asked for", s.target()), zap.String("sent", target))
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
