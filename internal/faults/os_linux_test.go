package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// dieWithUs makes a process end when the tests do, whatever ends them.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

const diskSize = 8 << 20

// apart runs the test's fault in a process with mounts of its own, for which one needs not be root.
func apart(t *testing.T, r *row) {
	t.Helper()
	var names []string
	for name := range strings.SplitSeq(t.Name(), "/") {
		names = append(names, "^"+regexp.QuoteMeta(name)+"$")
	}
	result := filepath.Join(tempDir(t), "cost.json")
	cmd := exec.Command(self(t), "-test.run", strings.Join(names, "/"), "-full="+strconv.FormatBool(*full))
	cmd.Env = append(os.Environ(), diskEnv+"="+result)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	var said bytes.Buffer
	cmd.Stdout = &said
	log := filepath.Join(filepath.Dir(result), "log")
	spawn(t, cmd, log)
	end := whatever(func() { _ = cmd.Process.Signal(syscall.SIGTERM) }) // it ends what it has started
	err := cmd.Wait()
	end()
	text, missing := os.ReadFile(result)
	if missing == nil {
		missing = json.Unmarshal(text, &r.cost)
	}
	if err != nil || missing != nil {
		more, _ := os.ReadFile(log)
		t.Errorf("%v, %v\n%s%s", err, missing, &said, more)
	}
}

// smallDisk returns a directory on a disk of diskSize, for this process and those it starts.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := tempDir(t)
	err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err == nil {
		err = syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize))
	}
	if err != nil {
		t.Fatalf("no small disk, for which one must be root or may have user namespaces: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) // else it goes with the process
	return dir
}

// fill fills the disk to its last byte. The function returned makes room again.
func fill(t *testing.T, dir string) (empty func() error) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 64<<10); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() error { return os.Remove(name) }
}
