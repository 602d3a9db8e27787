package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const value = "hunter2"

func write(t *testing.T, dir, name, content string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil { // whatever the umask says
		t.Fatal(err)
	}
	return file
}

func TestTextIsNeverShown(t *testing.T) {
	secret := Text{value}
	type holder struct {
		Password Text
		Pointer  *Text
		List     []Text
	}
	h := holder{secret, &secret, []Text{secret}}
	shown := map[string]string{}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s"} {
		shown[format] = fmt.Sprintf(format, secret) + fmt.Sprintf(format, h)
	}
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	shown["json"] = string(text)
	var log bytes.Buffer
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&log), zap.DebugLevel)
	l := zap.New(core)
	l.Info("m", zap.Any("any", secret), zap.Stringer("stringer", secret), zap.Reflect("reflect", h), zap.Any("holder", h))
	l.Sugar().Infow("m", "k", secret, "h", h)
	shown["zap"] = log.String()
	for how, s := range shown {
		for _, bad := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value)} {
			if strings.Contains(s, bad) {
				t.Errorf("%s shows it: %s", how, s)
			}
		}
		if !strings.Contains(s, set) {
			t.Errorf("%s does not say that it is set: %s", how, s)
		}
	}
	if secret.Reveal() != value {
		t.Error("Reveal lost the value")
	}
}

func TestNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bgp-peer", value+"\n", 0o600)
	write(t, dir, "empty", "\n", 0o600)
	write(t, dir, "huge", strings.Repeat("x", maxSize+1), 0o600)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("T_SECRET_FROM_ENV_1", "from env")
	t.Setenv("T_SECRET_BGP_PEER", "the file wins")
	r := NewReader(dir, "T_SECRET_", func(text string) { t.Errorf("warned: %s", text) })
	tests := []struct{ name, want, err string }{
		{"bgp-peer", value, ""},
		{"from-env.1", "from env", ""},
		{"absent", "", "looked for file " + dir + "/absent and environment T_SECRET_ABSENT"},
		{"empty", "", "is empty"},
		{"huge", "", "larger than"},
		{"folder", "", "no regular file"},
		{"../bgp-peer", "", "not a name"},
		{".hidden", "", "not a name"},
		{"", "", "not a name"},
	}
	for _, tt := range tests {
		got, err := r.Named(tt.name)
		if got.Reveal() != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: %q, %v; want %q, error with %q", tt.name, got.Reveal(), err, tt.want, tt.err)
		}
	}
	if _, err := r.Named("absent"); !errors.Is(err, ErrNotFound) {
		t.Errorf("absent: %v", err)
	}
	if _, err := NewReader("", "", nil).Named("x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("nowhere to look: %v", err)
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	r := NewReader(dir, "", nil)
	for _, want := range []string{"one", "two"} {
		write(t, dir, "p", want+"\r\n", 0o600)
		if got, err := r.Named("p"); err != nil || got.Reveal() != want {
			t.Errorf("%q, %v; want %q", got.Reveal(), err, want)
		}
	}
}

func TestFrom(t *testing.T) {
	file := write(t, t.TempDir(), "p", value, 0o600)
	t.Setenv("T_PASSWORD", "from env")
	r := NewReader("", "", nil)
	tests := []struct{ file, variable, want, err string }{
		{file, "", value, ""},
		{"", "T_PASSWORD", "from env", ""},
		{"", "T_ABSENT", "", "environment T_ABSENT is not set"},
		{file + "x", "", "", "no such file"},
		{"", "", "", "neither"},
	}
	for _, tt := range tests {
		got, err := r.From(tt.file, tt.variable)
		if got.Reveal() != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q, %q: %q, %v; want %q, error with %q", tt.file, tt.variable, got.Reveal(), err, tt.want, tt.err)
		}
	}
}

func TestWorldReadableIsToldOnce(t *testing.T) {
	file := write(t, t.TempDir(), "p", value, 0o644)
	var warnings []string
	r := NewReader("", "", func(text string) { warnings = append(warnings, text) })
	for range 3 {
		if _, err := r.From(file, ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "chmod 600 "+file) || strings.Contains(warnings[0], value) {
		t.Errorf("warnings: %q", warnings)
	}
}

func ExampleReader_Named() {
	_ = os.Setenv("EXAMPLE_SECRET_BGP_PEER", "s3cret")
	password, err := NewReader("", "EXAMPLE_SECRET_", nil).Named("bgp-peer")
	fmt.Println(password, len(password.Reveal()), err)
	// Output: (set) 6 <nil>
}
