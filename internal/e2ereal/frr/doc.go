// Package frr runs the binary against FRRouting on real Linux hosts in namespaces: two spines and two leaves, with sshd and
// vtysh on each. Its tests have the build tag real and are run by "make e2e-real"; they need the packages frr,
// openssh-server, iproute2 and util-linux, and root.
//
// Each test takes itself into network, mount, process, UTS and IPC namespaces of its own, where it may do as it likes: whatever
// it starts ends with it, and no interface of the host is touched, which it checks.
package frr
