package delivery

import (
	"math/rand/v2"
	"time"
)

// A Policy says how often and how fast failed handlers are tried again. Its zero value means the defaults.
type Policy struct {
	MaxAttempts int           // then the delivery is dead; 8 when 0
	First       time.Duration // wait after the first failure; 500 ms when 0
	Max         time.Duration // longest wait; 1 minute when 0
}

// Retry returns how long to wait after so many attempts, doubling each time, and false when there is no other attempt.
func (p Policy) Retry(attempts int) (time.Duration, bool) {
	if attempts >= orElse(p.MaxAttempts, 8) {
		return 0, false
	}
	return Backoff(attempts, orElse(p.First, 500*time.Millisecond), orElse(p.Max, time.Minute)), true
}

// Backoff returns first doubled for every failure after the first one, at most limit, less up to half of it by chance, so
// that what failed together does not come back together.
func Backoff(failures int, first, limit time.Duration) time.Duration {
	wait := limit
	if shift := failures - 1; shift < 30 {
		wait = min(limit, first<<max(shift, 0))
	}
	return wait - rand.N(wait/2+1)
}

func orElse[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}
