//go:build !linux

package faults

import (
	"syscall"
	"testing"
)

func dieWithUs(*syscall.SysProcAttr) {}

func apart(t *testing.T, _ *row) { t.Fatal("mounts of one's own are to be had on Linux only") }

func smallDisk(t *testing.T) string {
	t.Fatal("a small disk is to be had on Linux only")
	return ""
}

func fill(*testing.T, string) func() error { return func() error { return nil } }
