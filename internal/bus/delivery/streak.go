package delivery

import (
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// TellEvery is how many failures in a row are told of together, after the first.
const TellEvery = 100

// A Streak tells of something that goes on failing, for many who depend on it, without flooding the log: of the first failure,
// of every hundredth of whoever fails most often, and when it is over for all. All fields must be set.
type Streak struct {
	Log     *zap.Logger
	Failing string // what is said while it fails
	Over    string // and when it does not any more

	open  atomic.Bool
	mu    sync.Mutex
	by    map[string]int
	round int // of TellEvery failures, the last that was told of; -1 before the first failure
	total int
	since time.Time
}

// Bad counts a failure of who.
func (s *Streak) Bad(who string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.by) == 0 {
		s.by, s.round, s.total, s.since = map[string]int{}, -1, 0, time.Now()
		s.open.Store(true)
	}
	s.by[who]++
	s.total++
	if round := s.by[who] / TellEvery; round > s.round {
		s.round = round
		s.Log.Warn(s.Failing, zap.String("part", who), zap.Int("failures", s.total), zap.Error(err))
	}
}

// Good says that who had success. Most of the time nothing fails, and it costs nothing.
func (s *Streak) Good(who string) {
	if !s.open.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, failing := s.by[who]; !failing {
		return
	}
	delete(s.by, who)
	if len(s.by) == 0 {
		s.open.Store(false)
		s.Log.Info(s.Over, zap.Int("failures", s.total), zap.Duration("after", time.Since(s.since).Round(time.Millisecond)))
	}
}

// Calm returns a logger that says the same, but of one message only the first lines in a while and then every hundredth:
// a thousand events that fail at once are no reason for a thousand lines.
func Calm(log *zap.Logger) *zap.Logger {
	const first, window = 10, 10 * time.Second
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, window, first, TellEvery)
	}))
}
