//go:build !linux

package redistest

import "syscall"

// endWithUs is what Linux alone has: elsewhere only a test that ends in order ends its servers.
func endWithUs() *syscall.SysProcAttr { return nil }
