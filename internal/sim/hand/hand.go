// Package hand is a stranger's hand: a small gNMI client that changes devices behind Tenter's back and reads
// them with its own eyes. It shares no code with the product's session or with the simulator.
package hand

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
)

// Options say how to reach a device.
type Options struct {
	Address    string
	ServerName string // name in the device's certificate; the address's host if empty
	CA         []byte // PEM
	Username   string
	Password   string
}

// A Client is one connection to one device. It may be used by several goroutines.
type Client struct {
	conn *grpc.ClientConn
	gnmi gpb.GNMIClient
	opts Options
}

// Dial makes a client. It connects with the first call.
func Dial(opts Options) (*Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(opts.CA) {
		return nil, errors.New("hand: no certificate in the CA")
	}
	conn, err := grpc.NewClient(opts.Address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		RootCAs: pool, ServerName: opts.ServerName, MinVersion: tls.VersionTLS12,
	})))
	if err != nil {
		return nil, fmt.Errorf("hand: %w", err)
	}
	return &Client{conn: conn, gnmi: gpb.NewGNMIClient(conn), opts: opts}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// An Edit is one operation of a Set: an update of what is at the path, or its removal.
//
// A path may have an origin before it: "srl_nokia:/interface[name=mgmt0]". With the origin "cli" it is commands instead,
// separated by semicolons: "cli:interface Vlan40; description web". Those of Value follow them, and to delete is to put
// "no" before the last.
type Edit struct {
	Path   string // such as /interfaces/interface[name=Ethernet1]/config/description
	Value  any    // as encoding/json writes it, in the form of JSON_IETF
	Delete bool
}

// Set performs the edits as one transaction.
func (c *Client) Set(ctx context.Context, edits ...Edit) error {
	req := &gpb.SetRequest{}
	for _, e := range edits {
		if commands, ok := strings.CutPrefix(e.Path, cli); ok {
			req.Update = append(req.Update, enter(commands, e))
			continue
		}
		path, err := parse(e.Path)
		if err != nil {
			return err
		}
		if e.Delete {
			req.Delete = append(req.Delete, path)
			continue
		}
		val, err := json.Marshal(e.Value)
		if err != nil {
			return fmt.Errorf("hand: %s: %w", e.Path, err)
		}
		req.Update = append(req.Update, &gpb.Update{
			Path: path, Val: &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: val}},
		})
	}
	_, err := c.gnmi.Set(c.login(ctx), req)
	return err
}

// cli is how commands begin.
const cli = "cli:"

// enter is the update that enters commands.
func enter(commands string, e Edit) *gpb.Update {
	lines := strings.Split(commands, ";")
	if last := strings.TrimSpace(lines[len(lines)-1]); e.Delete {
		lines[len(lines)-1] = "no " + last
	}
	if e.Value != nil {
		lines = append(lines, fmt.Sprint(e.Value))
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	text := strings.TrimSpace(strings.Join(lines, "\n"))
	return &gpb.Update{Path: &gpb.Path{Origin: "cli"}, Val: &gpb.TypedValue{Value: &gpb.TypedValue_AsciiVal{AsciiVal: text}}}
}

// Get returns what is at a path as JSON text, or "" where there is nothing; of "cli:show running-config" and its like, what
// the command shows.
func (c *Client) Get(ctx context.Context, path string) (string, error) {
	req := &gpb.GetRequest{Encoding: gpb.Encoding_JSON_IETF}
	if command, ok := strings.CutPrefix(path, cli); ok {
		req.Path = []*gpb.Path{{Origin: "cli", Elem: []*gpb.PathElem{{Name: command}}}}
	} else {
		p, err := parse(path)
		if err != nil {
			return "", err
		}
		req.Path = []*gpb.Path{p}
	}
	resp, err := c.gnmi.Get(c.login(ctx), req)
	if err != nil {
		return "", err
	}
	for _, n := range resp.GetNotification() {
		if updates := n.GetUpdate(); len(updates) > 0 {
			v := updates[0].GetVal()
			return cmp.Or(v.GetAsciiVal(), string(v.GetJsonIetfVal())), nil
		}
	}
	return "", nil
}

func (c *Client) login(ctx context.Context) context.Context {
	if c.opts.Username == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "username", c.opts.Username, "password", c.opts.Password)
}

// parse reads a path in gNMI's textual form, with or without an origin; in key values "]" and "\" are escaped by a
// backslash.
func parse(text string) (*gpb.Path, error) {
	p := &gpb.Path{}
	if origin, path, ok := strings.Cut(text, ":"); ok && !strings.ContainsAny(origin, "/[") {
		p.Origin, text = origin, path
	}
	rest, ok := strings.CutPrefix(text, "/")
	for ok && rest != "" {
		end := strings.IndexAny(rest, "/[")
		if end < 0 {
			end = len(rest)
		}
		elem := &gpb.PathElem{Name: rest[:end]}
		for rest = rest[end:]; strings.HasPrefix(rest, "["); {
			name, value, after, found := key(rest)
			if !found {
				return nil, fmt.Errorf("hand: path %q: a key is not closed", text)
			}
			if elem.Key == nil {
				elem.Key = map[string]string{}
			}
			elem.Key[name], rest = value, after
		}
		if elem.Name == "" {
			return nil, fmt.Errorf("hand: path %q: an element has no name", text)
		}
		p.Elem = append(p.Elem, elem)
		if rest != "" {
			rest, ok = strings.CutPrefix(rest, "/")
		}
	}
	if !ok {
		return nil, fmt.Errorf("hand: path %q: a slash is missing", text)
	}
	return p, nil
}

// key reads one [name=value] from the start of text.
func key(text string) (name, value, rest string, ok bool) {
	name, after, ok := strings.Cut(text[1:], "=")
	if !ok {
		return "", "", "", false
	}
	var b strings.Builder
	for i := 0; i < len(after); i++ {
		switch after[i] {
		case '\\':
			if i++; i < len(after) {
				b.WriteByte(after[i])
			}
		case ']':
			return name, b.String(), after[i+1:], true
		default:
			b.WriteByte(after[i])
		}
	}
	return "", "", "", false
}
