package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
)

// interfacePrefix is that of the host's end of a node's cable.
const interfacePrefix = "plimsoll-"

// subnet is the number N of 10.77.N.0/24, the cable between host and node, and of 10.78.N.0/24, the pods.
type subnet int

func (n subnet) name() string { return fmt.Sprint(interfacePrefix, int(n)) }
func (n subnet) host() string { return fmt.Sprintf("10.77.%d.1", int(n)) }
func (n subnet) node() string { return fmt.Sprintf("10.77.%d.2", int(n)) }
func (n subnet) pods() string { return fmt.Sprintf("10.78.%d.0/24", int(n)) }

// connect lays a cable from the host into the network namespace of a process, where its end is called eth0. The number is
// one that no other cluster of this machine has: the kernel makes an interface's name once.
//
// The cable goes with the namespace, so nobody has to take it away.
func connect(process int) (subnet, error) {
	var last error
	first := rand.IntN(254)
	for step := range 254 {
		n := subnet(1 + (first+step)%254)
		last = ip("link", "add", n.name(), "type", "veth", "peer", "name", "eth0", "netns", fmt.Sprint(process))
		if last == nil {
			return n, firstError(
				ip("address", "add", n.host()+"/24", "dev", n.name()),
				ip("link", "set", n.name(), "up"),
				ip("route", "add", n.pods(), "via", n.node()))
		}
		if !strings.Contains(last.Error(), "File exists") {
			break
		}
	}
	return 0, last
}

// connectInside is the other end of connect.
func (n subnet) connectInside() error {
	return firstError(
		ip("link", "set", "lo", "up"),
		ip("address", "add", n.node()+"/24", "dev", "eth0"),
		ip("link", "set", "eth0", "up"),
		ip("route", "add", "default", "via", n.host()))
}

func ip(args ...string) error {
	output, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
