package api

import "time"

// Patience changes how long a request may take to arrive.
func (s *Server) Patience(d time.Duration) { s.bodyTimeout = d }
