package openconfig

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/render/dialect"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/openconfig/oc"
)

func renderPrefixSet(w *dialect.Writer, _ dialect.Namer, s fabric.PrefixSet) {
	out := &oc.RoutingPolicy_DefinedSets_PrefixSet{
		Mode:   oc.PrefixSet_Mode_IPV4,
		Prefix: map[oc.RoutingPolicy_DefinedSets_PrefixSet_Prefix_Key]*oc.RoutingPolicy_DefinedSets_PrefixSet_Prefix{},
	}
	if s.IPv6 {
		out.Mode = oc.PrefixSet_Mode_IPV6
	}
	for _, p := range s.Prefixes {
		key := oc.RoutingPolicy_DefinedSets_PrefixSet_Prefix_Key{IpPrefix: p.Prefix.String(), MasklengthRange: lengths(p)}
		out.Prefix[key] = &oc.RoutingPolicy_DefinedSets_PrefixSet_Prefix{IpPrefix: &key.IpPrefix, MasklengthRange: &key.MasklengthRange}
	}
	put(w, s.Source, root(dialect.Elem("routing-policy"), dialect.Elem("defined-sets"), dialect.Elem("prefix-sets"), dialect.Elem("prefix-set", "name", s.Name)), out)
}

func lengths(p fabric.PrefixRange) string {
	if p.Min == p.Prefix.Bits() && p.Max == p.Min {
		return "exact"
	}
	return fmt.Sprintf("%d..%d", p.Min, p.Max)
}

func renderPolicy(w *dialect.Writer, _ dialect.Namer, p fabric.Policy) {
	put(w, p.Source, policyPath(p.Name), &oc.RoutingPolicy_PolicyDefinition{})
	statements := dialect.Below(policyPath(p.Name), dialect.Elem("statements"))
	var order []path.Elem
	for _, s := range p.Statements {
		entry := dialect.Elem("statement", "name", s.Name)
		put(w, s.Source, dialect.Below(statements, entry), statement(w, s))
		order = append(order, entry)
	}
	w.Order(p.Source, dialect.Below(statements, dialect.Elem("statement")), order)
}

func statement(w *dialect.Writer, s fabric.Statement) *oc.RoutingPolicy_PolicyDefinition_Statement {
	out := &oc.RoutingPolicy_PolicyDefinition_Statement{
		Actions: &oc.RoutingPolicy_PolicyDefinition_Statement_Actions{
			PolicyResult: oc.RoutingPolicy_PolicyResultType_REJECT_ROUTE, BgpActions: bgpActions(w, s),
		},
		Conditions: &oc.RoutingPolicy_PolicyDefinition_Statement_Conditions{InstallProtocolEq: installProtocol(s.Protocol)},
	}
	if s.Accept {
		out.Actions.PolicyResult = oc.RoutingPolicy_PolicyResultType_ACCEPT_ROUTE
	}
	if s.PrefixSet != "" {
		out.Conditions.MatchPrefixSet = &oc.RoutingPolicy_PolicyDefinition_Statement_Conditions_MatchPrefixSet{
			PrefixSet: &s.PrefixSet, MatchSetOptions: oc.PolicyTypes_MatchSetOptionsRestrictedType_ANY,
		}
	}
	return out
}

func bgpActions(w *dialect.Writer, s fabric.Statement) *oc.RoutingPolicy_PolicyDefinition_Statement_Actions_BgpActions {
	out := &oc.RoutingPolicy_PolicyDefinition_Statement_Actions_BgpActions{}
	if s.LocalPref != 0 {
		out.SetLocalPref = &s.LocalPref
	}
	if s.MED != nil {
		out.SetMed, out.SetMedAction = oc.UnionUint32(*s.MED), oc.BgpPolicy_BgpSetMedAction_SET
	}
	if len(s.AddCommunities) > 0 {
		inline := &oc.RoutingPolicy_PolicyDefinition_Statement_Actions_BgpActions_SetCommunity_Inline{}
		for _, c := range s.AddCommunities {
			inline.Communities = append(inline.Communities, oc.UnionString(c))
		}
		out.SetCommunity = &oc.RoutingPolicy_PolicyDefinition_Statement_Actions_BgpActions_SetCommunity{
			Method: oc.SetCommunity_Method_INLINE, Options: oc.BgpPolicy_BgpSetCommunityOptionType_ADD, Inline: inline,
		}
	}
	if s.PrependTimes != 0 {
		out.SetAsPathPrepend = &oc.RoutingPolicy_PolicyDefinition_Statement_Actions_BgpActions_SetAsPathPrepend{
			Asn: &s.PrependASN, RepeatN: positive[uint8](w, s.Source, s.PrependTimes),
		}
	}
	return out
}

func installProtocol(p fabric.Protocol) oc.E_PolicyTypes_INSTALL_PROTOCOL_TYPE {
	switch p {
	case fabric.Connected:
		return oc.PolicyTypes_INSTALL_PROTOCOL_TYPE_DIRECTLY_CONNECTED
	case fabric.Static:
		return oc.PolicyTypes_INSTALL_PROTOCOL_TYPE_STATIC
	case fabric.BGPRoutes:
		return oc.PolicyTypes_INSTALL_PROTOCOL_TYPE_BGP
	}
	return oc.PolicyTypes_INSTALL_PROTOCOL_TYPE_UNSET
}
