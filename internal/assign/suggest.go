package assign

import (
	"cmp"
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
)

// Suggest returns whose each device should be: rendezvous hashing, by which every device prefers the workers in an order of its
// own, with a bound: no worker gets more than its even share and, where that is several devices, a quarter of it. Whoever is given the same names finds
// the same, in whatever order they come; a worker that joins or leaves moves little more than the devices that it gets
// or had.
func Suggest(devices []intent.DeviceName, workers []string) map[intent.DeviceName]string {
	out := make(map[intent.DeviceName]string, len(devices))
	if len(workers) == 0 {
		return out
	}
	room := max((len(devices)+len(workers)-1)/len(workers), 5*len(devices)/(4*len(workers)))
	// Devices ask their workers in turn; a full worker keeps those that score highest and sends another on to its next. What
	// comes of it does not depend on the order of asking (stable matching).
	kept := make([][]seat, len(workers))
	var waiting []*applicant
	for _, d := range devices {
		waiting = append(waiting, newApplicant(d, workers))
	}
	for len(waiting) > 0 {
		a := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		at := a.order[a.next]
		a.next++
		kept[at.worker] = append(kept[at.worker], seat{a, at.score})
		if len(kept[at.worker]) <= room {
			continue
		}
		least := 0
		for i, s := range kept[at.worker] {
			if l := kept[at.worker][least]; s.score < l.score || s.score == l.score && s.device > l.device {
				least = i
			}
		}
		waiting = append(waiting, kept[at.worker][least].applicant)
		kept[at.worker] = slices.Delete(kept[at.worker], least, least+1)
	}
	for i, seats := range kept {
		for _, s := range seats {
			out[s.device] = workers[i]
		}
	}
	return out
}

type seat struct {
	*applicant
	score uint64
}

type preference struct {
	worker int
	score  uint64
}

type applicant struct {
	device intent.DeviceName
	order  []preference // best first
	next   int
}

func newApplicant(d intent.DeviceName, workers []string) *applicant {
	a := &applicant{device: d, order: make([]preference, len(workers))}
	for i, w := range workers {
		a.order[i] = preference{i, score(w, string(d))}
	}
	slices.SortFunc(a.order, func(x, y preference) int {
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(workers[x.worker], workers[y.worker]))
	})
	return a
}

// score is the same in every process: FNV-1a over both names, then a finalizer, without which names that differ in their last
// letter would score alike.
func score(worker, device string) uint64 {
	h := uint64(14695981039346656037)
	for _, text := range []string{worker, "\x00", device} {
		for i := range len(text) {
			h = (h ^ uint64(text[i])) * 1099511628211
		}
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
