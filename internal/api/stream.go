package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// keepAlive is how often a stream on which nothing happens says that it is there.
const keepAlive = 15 * time.Second

// recheck is how often the token of a stream is looked at again: a stream has no end of its own, and one that was revoked or has
// expired is to see nothing more.
const recheck = 3 * time.Second

// Following is what a client wants of a stream. After is the id of the last message that it has, by the header
// Last-Event-ID or the parameter after; Resumed says that it named one.
type Following struct {
	After   uint64
	Resumed bool
	Query   url.Values
}

// A Told is one message of a stream. Data is one line. The zero Told begins the answer, without a message.
type Told struct {
	ID   uint64
	Type string
	Data []byte
}

// Stream adds GET name as Server-Sent Events (WHATWG HTML, §9.2); it must be called before Run. follow sends until its context
// ends, which it does with the client, with the server, and soon after the client's token is good no more; an error of it before the
// first message is a Problem.
func (s *Server) Stream(name string, follow func(ctx context.Context, f Following, out chan<- Told) error) {
	s.mux.HandleFunc("GET /api/v1/"+name, func(w http.ResponseWriter, r *http.Request) {
		if _, ok := s.admit(w, r, name); !ok {
			return
		}
		f := Following{Query: r.URL.Query()}
		last := r.Header.Get("Last-Event-ID")
		if last == "" {
			last = f.Query.Get("after")
		}
		if last != "" {
			var err error
			if f.After, err = strconv.ParseUint(last, 10, 64); err != nil {
				s.problem(w, http.StatusBadRequest, fmt.Sprintf("%s: %q is no id of an event", name, last), "error")
				return
			}
			f.Resumed = true
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		out, ended := make(chan Told), make(chan error, 1)
		go func() {
			defer cancel()
			s.watch(ctx, r, name)
		}()
		go func() {
			defer close(out)
			ended <- follow(ctx, f, out)
		}()
		told := s.send(w, out)
		cancel()
		err := <-ended
		switch {
		case err == nil:
		case !told:
			s.problem(w, http.StatusUnprocessableEntity, err.Error(), s.o.Code(err))
		default:
			s.log.Debug("stream ended", zap.String("stream", name), zap.Error(err))
		}
	})
}

// watch returns when the stream name has to end: with ctx, with the server, and when who follows it may not any more. Trouble in
// finding that out ends no stream.
func (s *Server) watch(ctx context.Context, r *http.Request, name string) {
	again := time.NewTicker(s.recheck)
	defer again.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ctx.Done():
			return
		case <-again.C:
		}
		token, ok := bearer(r)
		if !ok {
			continue // a process of this machine
		}
		who, err := s.o.Token(ctx, token)
		if err == nil {
			err = s.o.May(name, who)
		} else if !errors.As(err, new(*TokenError)) {
			s.log.Debug("token of a stream", zap.String("stream", name), zap.Error(err))
			continue
		}
		if err != nil {
			s.log.Info("a stream ends: who follows it may not any more", zap.String("stream", name), zap.String("from", r.RemoteAddr))
			return
		}
	}
}

// send writes messages until following ends or the client is gone. It reports whether the answer has begun.
func (s *Server) send(w http.ResponseWriter, out <-chan Told) (told bool) {
	flush := http.NewResponseController(w).Flush
	quiet := time.NewTicker(keepAlive)
	defer quiet.Stop()
	write := func(format string, args ...any) bool {
		if !told {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Cache-Control", "no-store")
			told = true
		}
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return false
		}
		return flush() == nil
	}
	for {
		select {
		case m, ok := <-out:
			if ok && m.Type == "" {
				if !write(": here\n\n") {
					return told
				}
				continue
			}
			if !ok || !write("id: %d\nevent: %s\ndata: %s\n\n", m.ID, m.Type, m.Data) {
				return told
			}
		case <-quiet.C:
			if !write(": here\n\n") {
				return told
			}
		}
	}
}
