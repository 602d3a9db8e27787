package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/audit"
	"github.com/tenter-net/tenter/internal/event"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))

func open(t testing.TB, file string) audit.Key {
	t.Helper()
	key, err := audit.OpenKey(file)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func head(seq event.Seq) audit.Head {
	return audit.Head{Fabric: "dc1", Seq: seq, Hash: strings.Repeat("ab", 32), Time: noon}
}

func read(file, fabric string, keys ...audit.PublicKey) (seqs []event.Seq, err error) {
	err = audit.Read(file, keys, fabric, func(_ int, h audit.Head) { seqs = append(seqs, h.Seq) })
	return seqs, err
}

func TestKeyIsMadeOnceForAllWhoAsk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "made", "audit.key")
	ids := make([]string, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			key, err := audit.OpenKey(file)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = key.Public().ID()
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || len(id) != 16 {
			t.Errorf("keys %q", ids)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(file + "?*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	public := filepath.Join(t.TempDir(), "audit.pub")
	if err := os.WriteFile(public, open(t, file).Public().PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{public, file} {
		if k, err := audit.ReadPublic(f); err != nil || k.ID() != ids[0] {
			t.Errorf("ReadPublic(%s) = %s, %v", f, k.ID(), err)
		}
	}
}

func TestBadKeysAreRefusedWithoutTheirContent(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	open(t, good)
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		want    string
	}{
		"readable by all": {"", 0o644, "chmod 600"},
		"no PEM":          {"s3cr3t", 0o600, "PEM"},
		"another kind":    {"-----BEGIN RSA PRIVATE KEY-----\nczNjcjN0\n-----END RSA PRIVATE KEY-----\n", 0o600, "no private key in PEM"},
		"rubbish":         {"-----BEGIN PRIVATE KEY-----\nczNjcjN0\n-----END PRIVATE KEY-----\n", 0o600, "not an Ed25519 key"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name)
			content := []byte(c.content)
			if c.content == "" {
				var err error
				if content, err = os.ReadFile(good); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(file, content, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := audit.OpenKey(file)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "czNj") {
				t.Errorf("OpenKey() = %v, want %q", err, c.want)
			}
			if _, err := audit.ReadPublic(file); err == nil {
				t.Error("ReadPublic took it")
			}
		})
	}
}

func TestHeadsAreReadAsTheyWereSigned(t *testing.T) {
	dir := t.TempDir()
	file, key := filepath.Join(dir, "made", "heads.jsonl"), open(t, filepath.Join(dir, "key"))
	last := event.Seq(0)
	for _, seq := range []event.Seq{3, 3, 7, 7, 9} {
		if added, err := audit.Append(file, key.Sign(head(seq))); err != nil || added != (seq != last) {
			t.Errorf("%d after %d: added %v, %v", seq, last, added, err)
		}
		last = seq
	}
	got, err := read(file, "dc1", key.Public())
	if diff := cmp.Diff([]event.Seq{3, 7, 9}, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	// A power cut in the middle of a line, and on goes the next process.
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"fabric":"dc1","seq":1`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err = read(file, "dc1", key.Public()); err != nil || len(got) != 3 {
		t.Errorf("%v, %v", got, err)
	}
	if added, err := audit.Append(file, key.Sign(head(11))); err != nil || !added {
		t.Errorf("%v, %v", added, err)
	}
	got, err = read(file, "dc1", key.Public())
	if diff := cmp.Diff([]event.Seq{3, 7, 9, 11}, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
}

func TestForgedHeadsAreNamed(t *testing.T) {
	dir := t.TempDir()
	key, other := open(t, filepath.Join(dir, "key")), open(t, filepath.Join(dir, "other"))
	good := filepath.Join(dir, "good")
	for _, seq := range []event.Seq{3, 7} {
		if _, err := audit.Append(good, key.Sign(head(seq))); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		from, to, want string
		keys           []audit.PublicKey
		fabric         string
	}{
		"another place":  {`"seq":7`, `"seq":8`, "heads:2: " + audit.ErrForged.Error(), nil, ""},
		"another hash":   {`"hash":"ab`, `"hash":"ac`, "heads:1: " + audit.ErrForged.Error(), nil, ""},
		"another time":   {`.123456789Z","key"`, `.123456780Z","key"`, "heads:1: " + audit.ErrForged.Error(), nil, ""},
		"no hash":        {`"hash":"ab`, `"hash":"`, "heads:1: hash: not 64", nil, ""},
		"no place":       {`"seq":7`, `"seq":0`, "heads:2: seq", nil, ""},
		"no JSON":        {`{"fabric"`, `("fabric"`, "heads:1: invalid character", nil, ""},
		"a stranger":     {"", "", "it was signed with key", []audit.PublicKey{other.Public()}, ""},
		"no keys":        {"", "", "it was signed with key", []audit.PublicKey{}, ""},
		"another fabric": {"", "", `it is of the fabric "dc1", and the log is of "dc2"`, nil, "dc2"},
		"a long line":    {"}\n", "}" + strings.Repeat(" ", 5000) + "\n", "longer than any with a head", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(good)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "heads")
			if err := os.WriteFile(file, bytes.Replace(data, []byte(c.from), []byte(c.to), 1), 0o600); err != nil {
				t.Fatal(err)
			}
			if c.keys == nil {
				c.keys = []audit.PublicKey{other.Public(), key.Public()}
			}
			if c.fabric == "" {
				c.fabric = "dc1"
			}
			if got, err := read(file, c.fabric, c.keys...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Read() = %v, %v; want %q", got, err, c.want)
			}
		})
	}
	if _, err := read(filepath.Join(dir, "none"), "dc1"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzParseHead(f *testing.F) {
	key := open(f, filepath.Join(f.TempDir(), "key"))
	h := key.Sign(head(7))
	f.Add(fmt.Appendf(nil, `{"fabric":%q,"seq":7,"hash":%q,"time":"2026-01-02T11:00:00.123456789Z","key":%q,"signature":"AAAA"}`, h.Fabric, h.Hash, h.Key))
	f.Add([]byte(`{"fabric":"a\nb","seq":1}`))
	f.Add([]byte(`{"seq":-1}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		h, err := audit.ParseHead(line)
		if err != nil {
			return
		}
		if n := bytes.Count(h.Signed(), []byte("\n")); n != 5 {
			t.Errorf("%q is signed as %d lines", line, n)
		}
		if h.Check([]audit.PublicKey{key.Public()}) == nil {
			t.Errorf("%q passes for signed", line)
		}
	})
}

func Example() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	key, err := audit.OpenKey(filepath.Join(dir, "audit.key"))
	if err != nil {
		panic(err)
	}
	h := key.Sign(audit.Head{Fabric: "dc1", Seq: 4711, Hash: strings.Repeat("0f", 32), Time: time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)})
	fmt.Printf("%s", h.Signed())
	h.Seq--
	fmt.Println(h.Check([]audit.PublicKey{key.Public()}))
	// Output:
	// tenter-head-v1
	// dc1
	// 4711
	// 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
	// 2026-11-21T14:00:00Z
	// the signature is not that of its key
}
