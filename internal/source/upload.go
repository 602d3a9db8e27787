package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/tenter-net/tenter/internal/device/ssh"
)

// An upload speaks the client's side of git-upload-pack (gitprotocol-pack) over an SSH channel whose host key we checked
// ourselves. The library's own SSH transport reads the user's ssh_config and hangs with a server that does.
type upload struct {
	stream *ssh.Stream
	stop   func() bool
	refs   *packp.AdvRefs
	asked  bool
}

// newUpload takes over the stream, which ends with ctx.
func newUpload(ctx context.Context, s *ssh.Stream) *upload {
	return &upload{stream: s, stop: context.AfterFunc(ctx, func() { _ = s.Close() })}
}

// AdvertisedReferences is AdvertisedReferencesContext.
func (u *upload) AdvertisedReferences() (*packp.AdvRefs, error) {
	return u.AdvertisedReferencesContext(context.Background())
}

// AdvertisedReferencesContext returns what the server has.
func (u *upload) AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error) {
	if u.refs != nil {
		return u.refs, nil
	}
	refs := packp.NewAdvRefs()
	if err := refs.Decode(u.stream); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, u.explain(err)
	}
	transport.FilterUnsupportedCapabilities(refs.Capabilities)
	if refs.IsEmpty() {
		return nil, transport.ErrEmptyRemoteRepository
	}
	u.refs = refs
	return refs, nil
}

// explain prefers what the server said for people.
func (u *upload) explain(err error) error {
	if errors.Is(err, packp.ErrEmptyAdvRefs) {
		return transport.ErrEmptyRemoteRepository
	}
	_ = u.Close() // so that all it said is there
	said := strings.Join(strings.Fields(u.stream.Complaint()), " ")
	lower := strings.ToLower(said)
	for _, sign := range []string{"not found", "does not exist", "not appear to be a git repository", "could not be found", "no such repository", "access denied"} {
		if strings.Contains(lower, sign) {
			return fmt.Errorf("%w: the server says %q", transport.ErrRepositoryNotFound, said)
		}
	}
	if said != "" {
		return fmt.Errorf("the server says %q", said)
	}
	return err
}

// UploadPack asks for a pack.
func (u *upload) UploadPack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	u.asked = true
	err := req.UploadRequest.Encode(u.stream)
	if err == nil {
		err = pktline.NewEncoder(u.stream).Encodef("done\n")
	}
	res := packp.NewUploadPackResponse(req)
	if err == nil {
		err = res.Decode(io.NopCloser(u.stream))
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, u.explain(err)
	}
	return res, nil
}

// Close ends the connection, politely if nothing was asked for.
func (u *upload) Close() error {
	if u.stop() && !u.asked && u.refs != nil {
		_, _ = u.stream.Write(pktline.FlushPkt) // the server ends well
	}
	u.asked = true
	return u.stream.Close()
}

// quoted makes text one word of a POSIX shell, which is what runs the command on many servers.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
