package netconf

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"go.uber.org/zap"
	cryptossh "golang.org/x/crypto/ssh"

	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// TestIdle has a device that ends each session after one answer, as many do with one that was silent for a while: the next
// call has a session of its own, and fails for nothing.
func TestIdle(t *testing.T) {
	server := sshtest.Start(t, sshtest.Handlers{Subsystem: func(_ string, ch cryptossh.Channel) {
		f := newFramer(ch, maxHello)
		hello := `<hello xmlns="` + nsBase + `"><capabilities><capability>` + capBase11 + `</capability></capabilities><session-id>1</session-id></hello>`
		if _, err := io.WriteString(ch, hello+endOfMessage); err != nil {
			return
		}
		if _, err := f.read(); err != nil {
			return
		}
		f.chunked = true
		if _, err := f.read(); err != nil {
			return
		}
		if err := f.write(fmt.Appendf(nil, `<rpc-reply xmlns="%s" message-id="1"><data/></rpc-reply>`, nsBase)); err != nil {
			t.Error(err)
		}
	}})
	is := func(text string) func() (string, error) { return func() (string, error) { return text, nil } }
	s, err := Dial(t.Context(), Config{
		Name: "switch", Address: server.Address, Trust: ssh.Trust{Anyone: true}, Username: is(sshtest.User), Password: is(sshtest.Password),
		Profile: &profile.Profile{Limits: profile.Limits{Timeout: time.Minute, MaxMessage: 1 << 20}},
		Table:   tree.NewTable(exampleRoots(t)), Log: zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 3 {
		if _, _, err := s.Read(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		awaitEnd(t, s)
	}
}

// awaitEnd waits until the session's connection is known to have ended.
func awaitEnd(t *testing.T, s *Session) {
	t.Helper()
	s.mu.Lock()
	stream := s.link.stream
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !stream.Ended() {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatal("the session does not end")
		}
	}
}
