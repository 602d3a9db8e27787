package tree

import "sync"

// Sources numbers the positions that leaves come from, without duplicates. The zero Sources is ready, and safe
// for concurrent use.
type Sources struct {
	mu    sync.RWMutex
	list  []Source
	index map[Source]SourceID
}

// Add returns the number of a position, a new one if it was not added before.
func (s *Sources) Add(src Source) SourceID {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := s.index[src]; ok {
		return id
	}
	if s.index == nil {
		s.index = map[Source]SourceID{}
	}
	s.list = append(s.list, src)
	id := SourceID(len(s.list))
	s.index[src] = id
	return id
}

// Get returns the position with that number, and the zero Source for 0.
func (s *Sources) Get(id SourceID) Source {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if id == 0 || int(id) > len(s.list) {
		return Source{}
	}
	return s.list[id-1]
}
