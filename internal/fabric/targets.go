package fabric

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// An instance is one MAC-VRF or IP-VRF of one device, as far as route targets go.
type instance struct {
	device  intent.DeviceName
	name    string
	vni     int
	layer2  bool
	imports []string
	exports []string
	source  tree.Source
}

// routeTargets proves that what each instance of a VNI exports, every other instance of that VNI imports; that no
// MAC-VRF takes in another's routes; and that nothing is imported that nobody exports.
func (p *prover) routeTargets() {
	byVNI := map[int][]instance{}          // but those that say the same as another
	exporters := map[string]map[int]bool{} // VNIs by route target
	add := func(i instance) {
		list := byVNI[i.vni]
		if slices.ContainsFunc(list, func(o instance) bool { return slices.Equal(o.imports, i.imports) && slices.Equal(o.exports, i.exports) }) {
			return
		}
		byVNI[i.vni] = append(list, i)
		for _, t := range i.exports {
			if exporters[t] == nil {
				exporters[t] = map[int]bool{}
			}
			exporters[t][i.vni] = true
		}
	}
	for _, d := range p.f.Devices {
		for _, m := range d.MacVRFs {
			add(instance{d.Name, m.Name, m.VNI, true, m.Import, m.Export, m.Source})
		}
		for _, v := range d.IPVRFs {
			if v.VNI != 0 {
				add(instance{d.Name, v.Name, v.VNI, false, v.Import, v.Export, v.Source})
			}
		}
	}
	for _, vni := range slices.Sorted(maps.Keys(byVNI)) {
		if why, at := mismatch(byVNI[vni]); why != "" {
			p.errorf(intent.CodeRouteTargets, at, "VNI %d: %s", vni, why)
		}
		i := byVNI[vni][0]
		for _, t := range i.imports {
			switch others := exporters[t]; {
			case len(others) == 0:
				p.errorf(intent.CodeRouteTargets, i.source, "%s imports route target %s, which nothing exports", i.name, t)
			case i.layer2 && (len(others) > 1 || !others[vni]):
				p.errorf(intent.CodeRouteTargets, i.source, "%s imports route target %s, which other instances than VNI %d export", i.name, t, vni)
			}
		}
	}
}

// mismatch finds two instances of a VNI that do not hear each other.
func mismatch(distinct []instance) (string, tree.Source) {
	for _, from := range distinct {
		for _, to := range distinct {
			if !slices.ContainsFunc(from.exports, func(t string) bool { return slices.Contains(to.imports, t) }) {
				return fmt.Sprintf("%s on %s exports %v, and on %s it imports %v", from.name, from.device, from.exports, to.device, to.imports), to.source
			}
		}
	}
	return "", tree.Source{}
}
