package drift

import "time"

// mostTimes bounds the memory of order. When it is full everything is forgotten, which only means that
// an update that overtook another may then be believed until the next audit.
const mostTimes = 4096

// order notices updates that arrive out of order. Devices stamp notifications in several agents, some of them in
// whole seconds, and a clock may be set back: so an update is called late only if its time is strictly before that of the
// last one for the same leaf, compared in whole seconds if either has only those. A late update is not applied, and not
// forgotten either: the caller is told, and reads the device.
//
// Only updates of the stream count. A snapshot's times say when a value came to be, and those of polls come from us.
type order struct {
	desired map[int]int64
	extra   map[string]int64
}

func late(last, t int64) bool {
	const second = int64(time.Second)
	if last%second == 0 || t%second == 0 {
		last, t = last/second, t/second
	}
	return t < last
}

// take reports whether an update of time t may be applied, and remembers it then.
func take[K comparable](times *map[K]int64, k K, t int64) bool {
	if t == 0 {
		return true
	}
	if last, ok := (*times)[k]; ok && late(last, t) {
		return false
	}
	if *times == nil || len(*times) >= mostTimes {
		*times = make(map[K]int64)
	}
	(*times)[k] = t
	return true
}
