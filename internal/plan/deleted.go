package plan

// Deleted counts the leaves that the device loses by its part of the plan.
func (d DevicePlan) Deleted() int {
	n := 0
	for _, ch := range d.Changes {
		if ch.Action == Delete {
			n++
		}
	}
	return n
}
