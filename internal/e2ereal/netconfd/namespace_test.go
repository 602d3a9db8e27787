//go:build real

package netconfd_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
)

// inside marks the process that is in the namespaces.
const inside = "TENTER_E2E_NAMESPACE"

func TestMain(m *testing.M) {
	if os.Getenv(inside) == "" {
		os.Exit(outside())
	}
	for _, c := range [][]string{
		{"mount", "-t", "tmpfs", "tmpfs", "/run"}, // sshd's own directory, and no sockets of the host's
		{"mkdir", "-p", "/run/sshd"},
		{"hostname", "netconfd"},
		{"ip", "link", "set", "lo", "up"},
	} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v: %v: %s\n", c, err, out)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// outside runs the tests in namespaces, and compares the host's interfaces before and after.
func outside() int {
	dir, err := os.MkdirTemp("", "netconfd")
	if err == nil {
		defer os.RemoveAll(dir)
		err = build(dir)
	}
	var before []string
	if err == nil {
		before, err = interfaces()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cmd := exec.Command("unshare", append([]string{
		"--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", os.Args[0],
	}, os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	failed := cmd.Run()
	after, err := interfaces()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
	case !slices.Equal(before, after):
		fmt.Fprintf(os.Stderr, "interfaces of the host were touched:\nbefore %s\nafter  %s\n", before, after)
	case failed != nil:
		fmt.Fprintln(os.Stderr, failed)
	default:
		return 0
	}
	return 1
}

// interfaces lists the host's interfaces with what is set on them, without counters.
func interfaces() ([]string, error) {
	var all []string
	for _, what := range []string{"link", "address"} {
		out, err := exec.Command("ip", "-oneline", what).Output()
		if err != nil {
			return nil, fmt.Errorf("ip %s: %w", what, err)
		}
		all = append(all, string(out))
	}
	return all, nil
}
