package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Risk is how much a change can break.
type Risk int

// The risks, from least to most.
const (
	Low Risk = iota
	Medium
	High
)

var riskNames = []string{"low", "medium", "high"}

// The scores from which on a risk is medium or high. The most is 100.
const (
	mediumScore = 30
	highScore   = 60
	mostScore   = 100
)

// riskOf returns the level of a score.
func riskOf(score int) Risk {
	switch {
	case score >= highScore:
		return High
	case score >= mediumScore:
		return Medium
	}
	return Low
}

// String returns low, medium or high.
func (r Risk) String() string { return riskNames[r] }

// MarshalJSON writes the name.
func (r Risk) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }

// UnmarshalJSON reads the name.
func (r *Risk) UnmarshalJSON(b []byte) error {
	var name string
	if err := json.Unmarshal(b, &name); err != nil {
		return err
	}
	i := slices.Index(riskNames, name)
	if i < 0 {
		return fmt.Errorf("risk %q: not one of %s", name, strings.Join(riskNames, ", "))
	}
	*r = Risk(i)
	return nil
}

// A RiskCode names what can go wrong, the same in every version and for every dialect.
type RiskCode string

// What can go wrong.
const (
	ManagementTouched  RiskCode = "management-touched"
	DefaultRoute       RiskCode = "default-route"
	InstanceRemoved    RiskCode = "instance-removed"
	SessionRemoved     RiskCode = "session-removed"
	SessionShut        RiskCode = "session-shut"
	SessionReset       RiskCode = "session-reset"
	InterfaceRemoved   RiskCode = "interface-removed"
	InterfaceShut      RiskCode = "interface-shut"
	AddressRemoved     RiskCode = "address-removed"
	VLANRemoved        RiskCode = "vlan-removed"
	PortVLANs          RiskCode = "port-vlans"
	LAGChanged         RiskCode = "lag-changed"
	MultihomingChanged RiskCode = "multihoming-changed"
	RoutingPolicy      RiskCode = "routing-policy"
	MTUChanged         RiskCode = "mtu-changed"
	Deleted            RiskCode = "deleted"
	Unreadable         RiskCode = "unreadable"
	ShareOfFabric      RiskCode = "share-of-fabric"
	ManyDeletes        RiskCode = "many-deletes"
)

// A RiskReason is one thing that makes a plan, or its part for a device, risky.
type RiskReason struct {
	Code    RiskCode            `json:"code"`
	Text    string              `json:"text"`              // what happens: "shuts an interface"
	Score   int                 `json:"score"`             // of one of them, 1 to 100
	Count   int                 `json:"count"`             // of the changes that it is about
	Devices []intent.DeviceName `json:"devices,omitempty"` // of a plan: where, sorted; none for what is about the whole
	Path    string              `json:"path,omitempty"`    // the first, on the first of the devices
}

// weigh returns the score of everything that stands in reasons: the highest, and a point for each further change that
// is as risky as one to look at, ten at most. So a plan is never less risky than a part of it.
func weigh(reasons []RiskReason) int {
	most, more := 0, -1
	for _, r := range reasons {
		most = max(most, r.Score)
		if r.Score >= mediumScore {
			more += r.Count
		}
	}
	return min(most+max(0, min(more, 10)), mostScore)
}

// sortReasons puts the worst first.
func sortReasons(reasons []RiskReason) []RiskReason {
	slices.SortFunc(reasons, func(a, b RiskReason) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Text, b.Text))
	})
	return reasons
}

// addReason counts what another reason is about.
func addReason(reasons []RiskReason, r RiskReason) []RiskReason {
	i := slices.IndexFunc(reasons, func(have RiskReason) bool { return have.Code == r.Code && have.Text == r.Text })
	if i < 0 {
		return append(reasons, r)
	}
	reasons[i].Count += r.Count
	reasons[i].Devices = append(reasons[i].Devices, r.Devices...)
	return reasons
}

// manyDeletes is how many leaves that go from one device are a reason of their own.
const manyDeletes = 50

// assess sums up what the changes of a device come to. What changes in one list entry for one reason counts once.
func (d *DevicePlan) assess() {
	d.Reasons = nil
	told := map[string]bool{} // entries that go of which is said what that means
	for _, ch := range d.Changes {
		if ch.Action == Delete && ch.Score > 0 && ch.Code != Deleted {
			told[ch.Subtree] = true
		}
	}
	counted := map[RiskCode]string{} // the entry that was counted last
	for _, ch := range d.Changes {
		if ch.Score == 0 || ch.Code == Deleted && told[ch.Subtree] || counted[ch.Code] == ch.Subtree+ch.Reason {
			continue
		}
		counted[ch.Code] = ch.Subtree + ch.Reason
		d.Reasons = addReason(d.Reasons, RiskReason{Code: ch.Code, Text: ch.Reason, Score: ch.Score, Count: 1, Path: ch.Path})
	}
	if n := d.Counts().Delete; n >= manyDeletes {
		d.Reasons = addReason(d.Reasons, RiskReason{Code: ManyDeletes, Text: fmt.Sprintf("deletes %d leaves", n), Score: 45, Count: 1})
	}
	sortReasons(d.Reasons)
	d.Score = weigh(d.Reasons)
	d.Risk = riskOf(d.Score)
}

// fewDevices is how many devices are no fabric of which a share could be told.
const fewDevices = 3

// assess sums up what the devices' parts come to, and what share of the fabric they are.
func (p *Plan) assess() {
	p.Reasons = nil
	for _, d := range p.Devices {
		for _, r := range d.Reasons {
			r.Devices = []intent.DeviceName{d.Device}
			p.Reasons = addReason(p.Reasons, r)
		}
	}
	if n, of := p.devices(), p.FabricDevices; of >= fewDevices && 2*n > of {
		p.Reasons = addReason(p.Reasons, RiskReason{
			Code: ShareOfFabric, Text: fmt.Sprintf("changes %d of %d devices", n, of), Score: 15 + 20*n/of, Count: 1,
		})
	}
	sortReasons(p.Reasons)
	p.Score = weigh(p.Reasons)
	p.Risk = riskOf(p.Score)
}
