// Package netconfd proves Tenter against Debian's netconfd (yuma123) behind OpenSSH. Its tests have the build tag real and
// are run by "make e2e-real"; they need the packages netconfd, openssh-server, openssh-client, iproute2 and util-linux, and
// root.
//
// Everything runs in network, mount, UTS and process namespaces of its own: when the tests end the kernel ends all that
// they started, and no interface of the host can be touched. That is checked all the same.
package netconfd
