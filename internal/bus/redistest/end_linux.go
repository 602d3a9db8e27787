package redistest

import "syscall"

// endWithUs makes a process end when this one does, whatever ends this one.
func endWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
