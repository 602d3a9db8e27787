package api

import "time"

// Patience changes how long a request may take to arrive.
func (s *Server) Patience(d time.Duration) { s.bodyTimeout = d }

// Recheck changes how often the tokens of streams are looked at again.
func (s *Server) Recheck(d time.Duration) { s.recheck = d }
